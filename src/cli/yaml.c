/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

enum { DEPTH_MAX = JSON_DEPTH_MAX };

struct reader {
	yaml_parser_t parser;
	const char *name;
	int depth;
};

static int complain(const struct reader *reader, const yaml_mark_t *mark, const char *what, struct error *err)
{
	return err_set(err, ERR_INVALID, "%s:%zu:%zu: %s", reader->name, mark->line + 1, mark->column + 1, what);
}

static void event_done(yaml_event_t *event)
{
	if (event->type != YAML_NO_EVENT)
		yaml_event_delete(event);
}

static int next(struct reader *reader, yaml_event_t *ret, struct error *err)
{
	*ret = (yaml_event_t){ 0 };
	if (yaml_parser_parse(&reader->parser, ret))
		return 0;
	return complain(reader, &reader->parser.problem_mark,
			reader->parser.problem ? reader->parser.problem : "not YAML", err);
}

/* --- scalars --- */

static bool is_one_of(const char *text, const char *const *words)
{
	return strv_contains((char *const *)words, text);
}

static struct json_object *number(const char *text)
{
	char *end;
	errno = 0;
	long long whole = strtoll(text, &end, 10);
	if (end != text && !*end && errno == 0 && !strchr(" \t+", *text))
		return json_object_new_int64(whole);
	if (strspn(text, "+-.0123456789eE") != strlen(text) || !strpbrk(text, "0123456789"))
		return NULL;
	double value = strtod(text, &end);
	return *end ? NULL : json_object_new_double_s(value, text);
}

/* A plain one is what it looks like; in quotes, or with a tag, it is text. NULL is null. */
static struct json_object *scalar(const yaml_event_t *event)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const yes[] = { "true", "True", "TRUE", NULL };
	static const char *const no[] = { "false", "False", "FALSE", NULL };
	const char *text = (const char *)event->data.scalar.value;
	struct json_object *value = NULL;
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && event->data.scalar.plain_implicit) {
		if (is_one_of(text, nulls))
			return NULL;
		if (is_one_of(text, yes) || is_one_of(text, no))
			return json_object_new_boolean(is_one_of(text, yes));
		value = number(text);
	}
	return value ? value : json_object_new_string_len(text, (int)event->data.scalar.length);
}

/* --- nodes --- */

static int read_node(struct reader *reader, const yaml_event_t *event, struct json_object **ret, struct error *err);

static int read_sequence(struct reader *reader, struct json_object *array, struct error *err)
{
	for (;;) {
		_cleanup_(event_done) yaml_event_t event;
		struct json_object *item = NULL;
		int r = next(reader, &event, err);
		if (r < 0 || event.type == YAML_SEQUENCE_END_EVENT)
			return r;
		r = read_node(reader, &event, &item, err);
		if (r < 0)
			return r;
		json_object_array_add(array, item);
	}
}

static int read_member(struct reader *reader, const yaml_event_t *key, struct json_object *object, struct error *err)
{
	_cleanup_(event_done) yaml_event_t event = { 0 };
	struct json_object *value = NULL;
	if (key->type != YAML_SCALAR_EVENT)
		return complain(reader, &key->start_mark, "a key that is not a text", err);
	const char *name = (const char *)key->data.scalar.value;
	if (strlen(name) != key->data.scalar.length)
		return complain(reader, &key->start_mark, "a key with a NUL in it", err);
	if (json_object_object_get_ex(object, name, NULL))
		return complain(reader, &key->start_mark, "the same key twice", err);
	int r = next(reader, &event, err);
	if (r >= 0)
		r = read_node(reader, &event, &value, err);
	if (r >= 0)
		json_object_object_add(object, name, value);
	return r;
}

static int read_mapping(struct reader *reader, struct json_object *object, struct error *err)
{
	for (;;) {
		_cleanup_(event_done) yaml_event_t key;
		int r = next(reader, &key, err);
		if (r < 0 || key.type == YAML_MAPPING_END_EVENT)
			return r;
		r = read_member(reader, &key, object, err);
		if (r < 0)
			return r;
	}
}

static int read_node(struct reader *reader, const yaml_event_t *event, struct json_object **ret, struct error *err)
{
	_cleanup_json_ struct json_object *value = NULL;
	int r = 0;
	if (event->type == YAML_ALIAS_EVENT)
		return complain(reader, &event->start_mark, "aliases are not read", err);
	if (event->type == YAML_SCALAR_EVENT) {
		*ret = scalar(event);
		return 0;
	}
	if (++reader->depth > DEPTH_MAX)
		return complain(reader, &event->start_mark, "nested too deeply", err);
	if (event->type == YAML_SEQUENCE_START_EVENT) {
		value = json_object_new_array();
		r = read_sequence(reader, value, err);
	} else {
		value = json_object_new_object();
		r = read_mapping(reader, value, err);
	}
	reader->depth--;
	if (r >= 0)
		*ret = TAKE_PTR(value);
	return r;
}

static int read_stream(struct reader *reader, struct json_object *documents, struct error *err)
{
	for (;;) {
		_cleanup_(event_done) yaml_event_t event;
		struct json_object *document = NULL;
		int r = next(reader, &event, err);
		if (r < 0 || event.type == YAML_STREAM_END_EVENT)
			return r;
		if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT ||
		    event.type == YAML_DOCUMENT_END_EVENT)
			continue;
		r = read_node(reader, &event, &document, err);
		if (r < 0)
			return r;
		if (document)
			json_object_array_add(documents, document);
	}
}

int yaml_parse(const char *text, size_t len, const char *name, struct json_object **ret, struct error *err)
{
	struct reader reader = { .name = name };
	_cleanup_json_ struct json_object *documents = json_object_new_array();
	if (!yaml_parser_initialize(&reader.parser))
		return err_set(err, ERR_INTERNAL, "libyaml has no memory");
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, len);
	int r = read_stream(&reader, documents, err);
	yaml_parser_delete(&reader.parser);
	if (r >= 0)
		*ret = TAKE_PTR(documents);
	return r;
}
