/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journald-export.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/time.h"

struct field {
	const char *name; /* neither is terminated */
	size_t name_len;
	const char *value;
	size_t value_len;
};

static bool field_is(const struct field *field, const char *name)
{
	return strlen(name) == field->name_len && memcmp(field->name, name, field->name_len) == 0;
}

/* --- Fields --- */

/* @rest is what follows the line with the name. */
static int read_binary(const char **at, const char *rest, const char *end, struct field *ret)
{
	uint64_t len;
	if ((size_t)(end - rest) < sizeof len)
		return -EAGAIN;
	memcpy(&len, rest, sizeof len);
	len = le64toh(len);
	rest += sizeof len;
	if (len >= (uint64_t)(end - rest))
		return -EAGAIN;
	if (rest[len] != '\n')
		return -EBADMSG;
	ret->value = rest;
	ret->value_len = (size_t)len;
	*at = rest + len + 1;
	return 1;
}

/*
 * The field at *at, of which more may be there up to @end. 1: *ret, and *at is behind it. 0: the entry's end, and *at is
 * behind that. -EAGAIN: there is not enough of it yet. -EBADMSG: it is none.
 */
static int next_field(const char **at, const char *end, struct field *ret)
{
	const char *line = *at;
	const char *newline = memchr(line, '\n', (size_t)(end - line));
	if (!newline)
		return -EAGAIN;
	if (newline == line) {
		*at = newline + 1;
		return 0;
	}
	const char *equals = memchr(line, '=', (size_t)(newline - line));
	struct field field = { .name = line, .name_len = (size_t)((equals ? equals : newline) - line) };
	if (field.name_len == 0)
		return -EBADMSG;
	if (equals) {
		field.value = equals + 1;
		field.value_len = (size_t)(newline - field.value);
		*at = newline + 1;
	} else {
		int r = read_binary(at, newline + 1, end, &field);
		if (r < 0)
			return r;
	}
	*ret = field;
	return 1;
}

/* --- Entries --- */

void journald_entry_done(struct journald_entry *entry)
{
	str_done(&entry->text);
	str_done(&entry->attributes);
	str_done(&entry->cursor);
}

/* Those that journald and whoever writes to it have agreed on; the others are what --log-opt has chosen. */
static bool is_attribute(const struct field *field)
{
	static const char *const known[] = { "MESSAGE", "MESSAGE_ID", "PRIORITY", "ERRNO", "IMAGE_NAME", NULL };
	static const char *const families[] = { "_", "CONTAINER_", "SYSLOG_", "CODE_", NULL };
	for (size_t i = 0; known[i]; i++)
		if (field_is(field, known[i]))
			return false;
	for (size_t i = 0; families[i]; i++)
		if (field->name_len >= strlen(families[i]) &&
		    memcmp(field->name, families[i], strlen(families[i])) == 0)
			return false;
	return true;
}

struct state {
	struct json_object *attributes;
	bool partial, last;
};

static char *copy_value(const struct field *field)
{
	return mem_strndup(field->value, field->value_len);
}

static void take_time(const struct field *field, struct log_record *record)
{
	_cleanup_free_ char *text = copy_value(field);
	int64_t us, ns;
	if (field_is(field, "SYSLOG_TIMESTAMP")) {
		/* Others write their own clock's words into it: those say nothing here. */
		if (time_parse_rfc3339(text, &ns, NULL) < 0)
			return;
		record->time = field->value;
		record->time_len = field->value_len;
	} else if (parse_i64(text, 0, INT64_MAX / 1000, &us, NULL) >= 0) {
		record->time_ns = us * 1000;
	}
}

static void take_attribute(const struct field *field, struct json_object **attributes)
{
	if (!str_is_utf8(field->name, field->name_len) || !str_is_utf8(field->value, field->value_len))
		return;
	_cleanup_free_ char *name = mem_strndup(field->name, field->name_len), *value = copy_value(field);
	if (!*attributes)
		*attributes = json_object_new_object();
	json_add_string(*attributes, name, value);
}

static void take_field(const struct field *field, struct journald_entry *entry, struct state *state)
{
	static const char error_priority[] = "3";
	bool is_true = field->value_len == 4 && memcmp(field->value, "true", 4) == 0;
	if (field_is(field, "MESSAGE")) {
		str_append_len(&entry->text, field->value, field->value_len);
		entry->has_message = true;
	} else if (field_is(field, "PRIORITY")) {
		bool error = field->value_len == 1 && *field->value == *error_priority;
		entry->record.stream = error ? LOG_STDERR : LOG_STDOUT;
	} else if (field_is(field, "CONTAINER_PARTIAL_MESSAGE")) {
		state->partial = is_true;
	} else if (field_is(field, "CONTAINER_PARTIAL_LAST")) {
		state->last = is_true;
	} else if (field_is(field, "__CURSOR")) {
		str_append_len(&entry->cursor, field->value, field->value_len);
	} else if (field_is(field, "SYSLOG_TIMESTAMP") || field_is(field, "__REALTIME_TIMESTAMP")) {
		take_time(field, &entry->record);
	} else if (is_attribute(field)) {
		take_attribute(field, &state->attributes);
	}
}

ssize_t journald_entry_length(const char *data, size_t len)
{
	const char *at = data;
	struct field field;
	int r;
	while ((r = next_field(&at, data + len, &field)) > 0)
		;
	return r == 0 ? at - data : r == -EAGAIN ? 0 : r;
}

ssize_t journald_entry_parse(const char *data, size_t len, struct journald_entry *entry)
{
	ssize_t size = journald_entry_length(data, len);
	if (size <= 0)
		return size;
	struct state state = { 0 };
	struct field field;
	str_truncate(&entry->text, 0);
	str_truncate(&entry->attributes, 0);
	str_truncate(&entry->cursor, 0);
	entry->record = (struct log_record){ .stream = LOG_STDOUT };
	entry->has_message = false;
	for (const char *at = data; next_field(&at, data + size, &field) > 0;)
		take_field(&field, entry, &state);
	if (!state.partial || state.last)
		str_append_char(&entry->text, '\n');
	_cleanup_json_ struct json_object *attributes = state.attributes;
	if (attributes) {
		str_append(&entry->attributes, json_text(attributes));
		entry->record.attributes = str_text(&entry->attributes);
		entry->record.attributes_len = entry->attributes.len;
	}
	entry->record.text = str_text(&entry->text);
	entry->record.len = entry->text.len;
	return size;
}
