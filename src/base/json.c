/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json-position.h"
#include "base/json-syntax.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

static const char *type_words(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_boolean:
		return "a boolean";
	case json_type_double:
	case json_type_int:
		return "a number";
	case json_type_object:
		return "an object";
	case json_type_array:
		return "an array";
	case json_type_string:
		return "a string";
	default:
		return "null";
	}
}

/* --- parsing --- */

static int parse_failed(const struct json_document *document, size_t offset, const char *why, struct error *err)
{
	struct json_position at = json_position_of_offset(document->text, offset);
	return err_set(err, document->code, "%s:%zu:%zu: %s", document->name, at.line, at.column, why);
}

static int parse_text(struct json_document *document, struct error *err)
{
	struct json_fault fault;
	if (document->len > INT32_MAX)
		return err_set(err, document->code, "%s is too large", document->name);
	if (!json_is_well_formed(document->text, document->len, JSON_DEPTH_MAX, &fault))
		return parse_failed(document, fault.offset, fault.why, err);

	struct json_tokener *tokener =
		json_tokener_new_ex(JSON_DEPTH_MAX + 2); /* it counts itself and what is inside */
	/* With its terminator, so that a number at the very end is complete. */
	document->root = json_tokener_parse_ex(tokener, document->text, (int)document->len + 1);
	enum json_tokener_error error = json_tokener_get_error(tokener);
	size_t end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (error != json_tokener_success)
		return parse_failed(document, end, json_tokener_error_desc(error), err);
	return 0;
}

/* Takes @text over, which is terminated. */
static int parse_taken(char *text, size_t len, const char *name, enum error_code code, struct json_document *ret,
		       struct error *err)
{
	struct json_document document = { .text = text, .len = len, .name = mem_strdup(name), .code = code };
	int r = parse_text(&document, err);
	if (r < 0) {
		json_document_done(&document);
		return r;
	}
	*ret = document;
	return 0;
}

int json_parse(const char *text, size_t len, const char *name, enum error_code code, struct json_document *ret,
	       struct error *err)
{
	char *copy = mem_alloc(len + 1);
	if (len)
		memcpy(copy, text, len);
	return parse_taken(copy, len, name, code, ret, err);
}

int json_load(int dir, const char *path, size_t max, enum error_code code, struct json_document *ret, struct error *err)
{
	char *text = NULL;
	size_t len;
	int r = file_read(dir, path, max, &text, &len, err);
	return r < 0 ? r : parse_taken(text, len, path, code, ret, err);
}

void json_document_done(struct json_document *document)
{
	json_object_put(document->root);
	free(document->text);
	free(document->name);
	*document = (struct json_document){ 0 };
}

void json_document_wrap(struct json_object *root, const char *name, enum error_code code, struct json_document *ret)
{
	*ret = (struct json_document){ .root = root, .name = mem_strdup(name), .code = code };
}

struct json_node json_root(const struct json_document *document)
{
	return (struct json_node){ .value = document->root, .document = document };
}

/* --- complaints --- */

/* RFC 6901: "~" is written ~0 and "/" ~1. */
static void append_key(struct str *pointer, const char *key)
{
	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			str_append(pointer, *key == '~' ? "~0" : "~1");
		else
			str_append_char(pointer, *key);
	}
}

static void append_pointer(struct str *pointer, const struct json_node *node)
{
	if (!node->parent)
		return;
	append_pointer(pointer, node->parent);
	str_append_char(pointer, '/');
	if (node->key)
		append_key(pointer, node->key);
	else
		str_appendf(pointer, "%zu", node->index);
}

int json_error(const struct json_node *node, struct error *err, const char *fmt, ...)
{
	_cleanup_str_ struct str pointer = { 0 }, text = { 0 }, place = { 0 };
	const struct json_document *document = node->document;
	append_pointer(&pointer, node);
	va_list args;
	va_start(args, fmt);
	str_vappendf(&text, fmt, args);
	va_end(args);
	struct json_position at;
	if (document->text && json_position_of_pointer(document->text, str_text(&pointer), &at))
		str_appendf(&place, ":%zu:%zu", at.line, at.column);
	return err_set(err, document->code, "%s%s: %s: %s", document->name, str_text(&place),
		       pointer.len ? pointer.data : "/", str_text(&text));
}

static int wrong_type(const struct json_node *node, const char *wanted, struct error *err)
{
	return json_error(node, err, "expected %s, found %s", wanted, type_words(node->value));
}

/* --- reading --- */

int json_get(const struct json_node *node, const char *key, struct json_node *ret)
{
	struct json_object *value;
	if (!json_object_is_type(node->value, json_type_object) ||
	    !json_object_object_get_ex(node->value, key, &value) || !value)
		return 0;
	*ret = (struct json_node){ .value = value, .parent = node, .key = key, .document = node->document };
	return 1;
}

static int get_typed(const struct json_node *node, const char *key, enum json_type type, const char *words,
		     struct json_node *ret, struct error *err)
{
	struct json_node member;
	if (!json_get(node, key, &member))
		return 0;
	if (!json_object_is_type(member.value, type))
		return wrong_type(&member, words, err);
	*ret = member;
	return 1;
}

int json_get_object(const struct json_node *node, const char *key, struct json_node *ret, struct error *err)
{
	return get_typed(node, key, json_type_object, "an object", ret, err);
}

int json_get_array(const struct json_node *node, const char *key, struct json_node *ret, struct error *err)
{
	return get_typed(node, key, json_type_array, "an array", ret, err);
}

int json_as_object(const struct json_node *node, struct error *err)
{
	return json_object_is_type(node->value, json_type_object) ? 0 : wrong_type(node, "an object", err);
}

int json_as_string(const struct json_node *node, const char **ret, struct error *err)
{
	if (!json_object_is_type(node->value, json_type_string))
		return wrong_type(node, "a string", err);
	const char *text = json_object_get_string(node->value);
	/* "\u0000" would cut every later use of the string short. */
	if (strlen(text) != (size_t)json_object_get_string_len(node->value))
		return json_error(node, err, "holds a NUL character");
	*ret = text;
	return 1;
}

/*
 * json-c makes the nearest number that it can hold of an integer that it cannot: what is at one of its two ends is
 * compared with what was written.
 */
static bool is_truncated(const struct json_node *node, const char *limit)
{
	_cleanup_str_ struct str pointer = { 0 };
	append_pointer(&pointer, node);
	const char *text = node->document->text, *written = text ? json_find(text, str_text(&pointer)) : NULL;
	return written && (!str_starts_with(written, limit) || isdigit((unsigned char)written[strlen(limit)]));
}

int json_as_i64(const struct json_node *node, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
	if (!json_object_is_type(node->value, json_type_int))
		return wrong_type(node, "an integer", err);
	int64_t value = json_object_get_int64(node->value);
	bool wrapped = value == INT64_MAX && json_object_get_uint64(node->value) > INT64_MAX;
	if (wrapped || value < min || value > max || (value == INT64_MIN && is_truncated(node, "-9223372036854775808")))
		return json_error(node, err, "%s is out of range, %" PRId64 " to %" PRId64,
				  json_object_to_json_string(node->value), min, max);
	*ret = value;
	return 1;
}

int json_as_u64(const struct json_node *node, uint64_t max, uint64_t *ret, struct error *err)
{
	if (!json_object_is_type(node->value, json_type_int))
		return wrong_type(node, "an integer", err);
	uint64_t value = json_object_get_uint64(node->value);
	if (json_object_get_int64(node->value) < 0 || value > max ||
	    (value == UINT64_MAX && is_truncated(node, "18446744073709551615")))
		return json_error(node, err, "%s is out of range, 0 to %" PRIu64,
				  json_object_to_json_string(node->value), max);
	*ret = value;
	return 1;
}

int json_get_string(const struct json_node *node, const char *key, const char **ret, struct error *err)
{
	struct json_node member;
	return json_get(node, key, &member) ? json_as_string(&member, ret, err) : 0;
}

int json_get_text(const struct json_node *node, const char *key, char **ret, struct error *err)
{
	const char *text;
	int r = json_get_string(node, key, &text, err);
	if (r <= 0 || !*text)
		return MIN(r, 0);
	*ret = mem_strdup(text);
	return 1;
}

int json_get_bool(const struct json_node *node, const char *key, bool *ret, struct error *err)
{
	struct json_node member = { 0 };
	int r = get_typed(node, key, json_type_boolean, "a boolean", &member, err);
	if (r > 0)
		*ret = json_object_get_boolean(member.value);
	return r;
}

int json_get_i64(const struct json_node *node, const char *key, int64_t min, int64_t max, int64_t *ret,
		 struct error *err)
{
	struct json_node member;
	return json_get(node, key, &member) ? json_as_i64(&member, min, max, ret, err) : 0;
}

int json_get_u64(const struct json_node *node, const char *key, uint64_t max, uint64_t *ret, struct error *err)
{
	struct json_node member;
	return json_get(node, key, &member) ? json_as_u64(&member, max, ret, err) : 0;
}

int json_get_strv(const struct json_node *node, const char *key, char ***ret, struct error *err)
{
	struct json_node array;
	int r = json_get_array(node, key, &array, err);
	if (r <= 0)
		return r;
	size_t count = json_array_length(&array);
	_cleanup_strv_ char **v = mem_alloc((count + 1) * sizeof *v);
	for (size_t i = 0; i < count; i++) {
		struct json_node element = json_array_at(&array, i);
		const char *text;
		r = json_as_string(&element, &text, err);
		if (r < 0)
			return r;
		v[i] = mem_strdup(text);
	}
	*ret = TAKE_PTR(v);
	return 1;
}

static int need(int r, const struct json_node *node, const char *key, struct error *err)
{
	return r == 0 ? json_error(node, err, "\"%s\" is required, but missing", key) : r;
}

int json_need_object(const struct json_node *node, const char *key, struct json_node *ret, struct error *err)
{
	return need(json_get_object(node, key, ret, err), node, key, err);
}

int json_need_array(const struct json_node *node, const char *key, struct json_node *ret, struct error *err)
{
	return need(json_get_array(node, key, ret, err), node, key, err);
}

int json_need_string(const struct json_node *node, const char *key, const char **ret, struct error *err)
{
	return need(json_get_string(node, key, ret, err), node, key, err);
}

int json_need_u64(const struct json_node *node, const char *key, uint64_t max, uint64_t *ret, struct error *err)
{
	return need(json_get_u64(node, key, max, ret, err), node, key, err);
}

size_t json_array_length(const struct json_node *array)
{
	return json_object_array_length(array->value);
}

struct json_node json_array_at(const struct json_node *array, size_t index)
{
	return (struct json_node){ .value = json_object_array_get_idx(array->value, index),
				   .parent = array,
				   .index = index,
				   .document = array->document };
}

bool json_next(const struct json_node *object, struct json_iterator *iterator, struct json_node *ret)
{
	if (!iterator->started) {
		iterator->at = json_object_iter_begin(object->value);
		iterator->end = json_object_iter_end(object->value);
		iterator->started = true;
	} else {
		json_object_iter_next(&iterator->at);
	}
	if (json_object_iter_equal(&iterator->at, &iterator->end))
		return false;
	*ret = (struct json_node){ .value = json_object_iter_peek_value(&iterator->at),
				   .parent = object,
				   .key = json_object_iter_peek_name(&iterator->at),
				   .document = object->document };
	return true;
}

/* --- building --- */

void json_add_string(struct json_object *object, const char *key, const char *value)
{
	if (value)
		json_object_object_add(object, key, json_object_new_string(value));
}

void json_add_i64(struct json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

void json_add_u64(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

void json_add_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

void json_add_strv(struct json_object *object, const char *key, char *const *v)
{
	if (!v)
		return;
	struct json_object *array = json_add_array(object, key);
	for (; *v; v++)
		json_append_string(array, *v);
}

struct json_object *json_add_object(struct json_object *object, const char *key)
{
	struct json_object *member = json_object_new_object();
	json_object_object_add(object, key, member);
	return member;
}

void json_add_pairs(struct json_object *object, const char *key, char *const *pairs)
{
	struct json_object *map = json_add_object(object, key);
	for (; pairs && *pairs; pairs++) {
		size_t len = strcspn(*pairs, "=");
		_cleanup_free_ char *name = mem_strndup(*pairs, len);
		json_add_string(map, name, (*pairs)[len] ? *pairs + len + 1 : "");
	}
}

struct json_object *json_add_array(struct json_object *object, const char *key)
{
	struct json_object *member = json_object_new_array();
	json_object_object_add(object, key, member);
	return member;
}

void json_append_string(struct json_object *array, const char *value)
{
	json_object_array_add(array, json_object_new_string(value));
}

const char *json_text(struct json_object *object)
{
	return json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

const char *json_text_pretty(struct json_object *object)
{
	return json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
}

struct json_object *json_from_error(const struct error *err)
{
	struct json_object *object = json_object_new_object();
	json_add_string(object, "code", err_info(err->code)->id);
	if (err->sys_errno)
		json_add_i64(object, "errno", err->sys_errno);
	if (err->stage != STAGE_NONE)
		json_add_string(object, "stage", err_stage_name(err->stage));
	json_add_string(object, "message", err->message);
	json_add_string(object, "cause", err->cause[0] ? err->cause : NULL);
	json_add_string(object, "hint", err->hint[0] ? err->hint : NULL);
	return object;
}

void json_to_error(const struct json_node *node, struct error *ret)
{
	const char *code = "", *stage = "", *message = "an unknown error", *cause = "", *hint = "";
	int64_t sys_errno = 0;
	(void)json_get_string(node, "code", &code, NULL);
	(void)json_get_string(node, "stage", &stage, NULL);
	(void)json_get_string(node, "message", &message, NULL);
	(void)json_get_string(node, "cause", &cause, NULL);
	(void)json_get_string(node, "hint", &hint, NULL);
	(void)json_get_i64(node, "errno", 0, INT32_MAX, &sys_errno, NULL);
	*ret = (struct error){ .code = err_code_from_id(code),
			       .sys_errno = (int)sys_errno,
			       .stage = err_stage_from_name(stage) };
	str_escape_control(message, ret->message, sizeof ret->message);
	str_escape_control(cause, ret->cause, sizeof ret->cause);
	str_escape_control(hint, ret->hint, sizeof ret->hint);
	(void)err_check_received(ret);
}
