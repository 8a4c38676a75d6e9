/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations "org.systemd.property.NAME": properties of the container's unit, with values in a part of GVariant's text
 * format: true, 'text', ['a', 'b'], 5 (an int32), uint64 5.
 *
 * Sources: runc's docs/systemd.md; GLib, "GVariant Text Format".
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/util.h"
#include "runtime/systemd-properties.h"

enum { NAME_LEN_MIN = 3 };

static const uint64_t USEC_PER_SEC = 1000000;

/* Words for types of numbers; one without a word is an int32. */
static const struct number_type {
	const char *word, *signature;
	int64_t min;
	uint64_t max;
} NUMBER_TYPES[] = {
	{ "byte", "y", 0, UINT8_MAX },	  { "int16", "n", INT16_MIN, INT16_MAX },
	{ "uint16", "q", 0, UINT16_MAX }, { "int32", "i", INT32_MIN, INT32_MAX },
	{ "uint32", "u", 0, UINT32_MAX }, { "int64", "x", INT64_MIN, INT64_MAX },
	{ "uint64", "t", 0, UINT64_MAX },
};

static int malformed(const char *value, struct error *err)
{
	err_set(err, ERR_SPEC, "\"%s\" is no value of a systemd property", value);
	return err_hint(err, "true, 'text', ['one', 'two'], 5, or with the type: uint64 5");
}

static const char *skip_spaces(const char *at)
{
	return at + strspn(at, " \t\n");
}

/* A text in either kind of quotes; a backslash takes the next character as it is. */
static bool take_text(const char **at, struct str *ret)
{
	char quote = **at;
	if (quote != '\'' && quote != '"')
		return false;
	for (const char *c = *at + 1; *c; c++) {
		if (*c == quote) {
			*at = skip_spaces(c + 1);
			return true;
		}
		if (*c == '\\' && !*++c)
			return false;
		str_append_char(ret, *c);
	}
	return false;
}

static bool put_text(struct str *data, const char *name, const char *value)
{
	_cleanup_str_ struct str text = { 0 };
	if (!take_text(&value, &text) || *value)
		return false;
	systemd_put_string(data, name, str_text(&text));
	return true;
}

static bool put_texts(struct str *data, const char *name, const char *value)
{
	const char *at = skip_spaces(value + 1);
	_cleanup_strv_ char **texts = mem_alloc(sizeof *texts);
	while (*at != ']') {
		_cleanup_str_ struct str text = { 0 };
		if (!take_text(&at, &text))
			return false;
		strv_append(&texts, str_text(&text));
		if (*at == ',')
			at = skip_spaces(at + 1);
		else if (*at != ']')
			return false;
	}
	if (*skip_spaces(at + 1))
		return false;
	systemd_put_strings(data, name, texts);
	return true;
}

static void put_number(struct str *data, const char *name, const struct number_type *type, uint64_t number)
{
	systemd_put_name(data, name, type->signature);
	if (*type->signature == 'y')
		dbus_put_byte(data, (uint8_t)number);
	else if (strchr("nq", *type->signature))
		dbus_put_u16(data, (uint16_t)number);
	else if (strchr("iu", *type->signature))
		dbus_put_u32(data, (uint32_t)number);
	else
		dbus_put_u64(data, number);
}

/* systemd takes times as microseconds in a property of that name; people write seconds, as in unit files. */
static bool put_seconds(struct str *data, const char *name, uint64_t seconds)
{
	_cleanup_free_ char *official = mem_printf("%.*sUSec", (int)(strlen(name) - strlen("Sec")), name);
	uint64_t usec;
	if (__builtin_mul_overflow(seconds, USEC_PER_SEC, &usec))
		return false;
	systemd_put_u64(data, official, usec);
	return true;
}

static const struct number_type *number_type(const char **value)
{
	const struct number_type *fallback = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(NUMBER_TYPES); i++) {
		const char *rest = str_after(*value, NUMBER_TYPES[i].word);
		if (streq(NUMBER_TYPES[i].word, "int32"))
			fallback = &NUMBER_TYPES[i];
		if (rest && *rest == ' ') {
			*value = skip_spaces(rest);
			return &NUMBER_TYPES[i];
		}
	}
	return fallback;
}

static bool put_any_number(struct str *data, const char *name, const char *value)
{
	const struct number_type *type = number_type(&value);
	bool seconds = str_ends_with(name, "Sec") && !str_ends_with(name, "USec");
	int64_t negative = 0;
	uint64_t number;
	if (*value == '-') {
		if (seconds || parse_i64(value, type->min, 0, &negative, NULL) < 0)
			return false;
		number = (uint64_t)negative;
	} else if (parse_u64(value, type->max, &number, NULL) < 0) {
		return false;
	}
	if (seconds)
		return put_seconds(data, name, number);
	put_number(data, name, type, number);
	return true;
}

static bool put_value(struct str *data, const char *name, const char *value)
{
	if (streq(value, "true") || streq(value, "false")) {
		systemd_put_bool(data, name, *value == 't');
		return true;
	}
	if (*value == '\'' || *value == '"')
		return put_text(data, name, value);
	return *value == '[' ? put_texts(data, name, value) : put_any_number(data, name, value);
}

static int check_name(const char *name, struct error *err)
{
	if (strlen(name) < NAME_LEN_MIN || name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return err_set(err, ERR_SPEC, "\"%s\" is no name of a systemd property", name);
	return 0;
}

int systemd_put_annotations(struct str *data, char *const *annotations, struct error *err)
{
	for (char *const *pair = annotations; pair && pair[0] && pair[1]; pair += 2) {
		const char *name = str_after(pair[0], "org.systemd.property.");
		if (!name)
			continue;
		int r = check_name(name, err);
		if (r == 0 && !put_value(data, name, skip_spaces(pair[1])))
			r = malformed(pair[1], err);
		if (r < 0)
			return err_wrap(err, "annotation \"%s\"", pair[0]);
	}
	return 0;
}
