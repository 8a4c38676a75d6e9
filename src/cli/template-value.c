/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/template-value.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

/* --- The pool --- */

static struct json_object *keep(struct value_pool *pool, struct json_object *object, size_t bytes)
{
	*ARRAY_APPEND(pool->objects, pool->n_objects) = object;
	pool->bytes += bytes;
	return object;
}

void value_pool_done(struct value_pool *pool)
{
	for (size_t i = 0; i < pool->n_objects; i++)
		json_object_put(pool->objects[i]);
	free(pool->objects);
	*pool = (struct value_pool){ 0 };
}

struct template_value value_of_text(struct value_pool *pool, struct str *text)
{
	struct json_object *object = keep(pool, json_object_new_string_len(str_text(text), (int)text->len), text->len);
	struct template_value value = {
		.kind = VALUE_STRING,
		.text = json_object_get_string(object),
		.len = text->len,
	};
	str_done(text);
	return value;
}

struct template_value value_of_list(struct value_pool *pool, struct json_object *list)
{
	keep(pool, list, json_object_array_length(list) * sizeof(void *));
	return (struct template_value){ .kind = VALUE_LIST, .json = list, .key = "" };
}

/* --- JSON --- */

static const struct template_member NOT_IN_TABLE = { .type = TYPE_LIST };

/* What the table says of @name (in templates, or with @as_json in JSON) in structs below @in, or NULL. */
static const struct template_member *find_member(const struct template_data *data, const char *in, const char *name,
						 bool as_json)
{
	const struct template_member *member = data->members;
	for (; member && member->name; member++) {
		const char *candidate = as_json && member->json ? member->json : member->name;
		if ((!member->in || streq(member->in, in)) && streq(candidate, name))
			return member;
	}
	return NULL;
}

static struct template_value value_of_nothing(const struct template_data *data, enum template_type type)
{
	if (!data->members)
		return (struct template_value){ 0 };
	switch (type) {
	case TYPE_STRUCT:
	case TYPE_MAP:
		return (struct template_value){ .kind = type == TYPE_MAP ? VALUE_MAP : VALUE_STRUCT, .key = "" };
	case TYPE_LIST:
		return (struct template_value){ .kind = VALUE_LIST, .key = "" };
	case TYPE_STRING:
		return (struct template_value){ .kind = VALUE_STRING, .text = "" };
	case TYPE_INT:
		return value_of_int(0);
	case TYPE_BOOL:
		return value_of_bool(false);
	case TYPE_POINTER:
		break;
	}
	return (struct template_value){ .kind = VALUE_NIL };
}

static struct template_value value_of_type(const struct template_data *data, struct json_object *json, const char *key,
					   enum template_type type)
{
	switch (json_object_get_type(json)) {
	case json_type_boolean:
		return value_of_bool(json_object_get_boolean(json));
	case json_type_int:
		return value_of_int(json_object_get_int64(json));
	case json_type_double:
		return (struct template_value){ .kind = VALUE_FLOAT, .real = json_object_get_double(json) };
	case json_type_string:
		return (struct template_value){ .kind = VALUE_STRING,
						.text = json_object_get_string(json),
						.len = (size_t)json_object_get_string_len(json) };
	case json_type_array:
		return (struct template_value){ .kind = VALUE_LIST, .json = json, .key = key };
	case json_type_object:
		return (struct template_value){ .kind = data->members && type != TYPE_MAP ? VALUE_STRUCT : VALUE_MAP,
						.json = json,
						.key = key };
	case json_type_null:
		break;
	}
	return value_of_nothing(data, type);
}

struct template_value value_of_json(const struct template_data *data, struct json_object *json, const char *key)
{
	return value_of_type(data, json, key, NOT_IN_TABLE.type);
}

struct template_value value_of_data(const struct template_data *data)
{
	return value_of_json(data, data->root, "");
}

static bool map_member(const struct template_data *data, const struct template_value *map, const char *name,
		       struct template_value *ret)
{
	struct json_object *json;
	if (!map->json || !json_object_object_get_ex(map->json, name, &json))
		return false;
	*ret = value_of_json(data, json, map->key);
	return true;
}

bool value_member(const struct template_data *data, const struct template_value *value, const char *name,
		  struct template_value *ret)
{
	struct json_object *json = NULL;
	if (value->kind == VALUE_MAP)
		return map_member(data, value, name, ret);
	const struct template_member *member = find_member(data, value->key, name, false);
	const struct template_member *other = find_member(data, value->key, name, true);
	if (!member && other)
		return false; /* only JSON calls it that */
	const char *key = member && member->json ? member->json : name;
	bool found = value->json && json_object_object_get_ex(value->json, key, &json);
	if (!found && !member)
		return false;
	*ret = value_of_type(data, json, key, member ? member->type : NOT_IN_TABLE.type);
	if (ret->kind >= VALUE_LIST)
		ret->key = member ? member->name : name;
	return true;
}

struct template_value value_of_key(const struct template_data *data, const struct template_value *value,
				   const char *key)
{
	const struct template_member *member = value->kind == VALUE_STRUCT ? find_member(data, value->key, key, true)
									   : NULL;
	struct json_object *json = json_object_object_get(value->json, key);
	struct template_value found = value_of_type(data, json, key, member ? member->type : NOT_IN_TABLE.type);
	if (value->kind == VALUE_MAP && found.kind >= VALUE_LIST)
		found.key = value->key;
	return found;
}

struct template_value value_zero_element(const struct template_data *data, const struct template_value *map)
{
	if (!data->members)
		return (struct template_value){ 0 };
	if (map->json) {
		json_object_object_foreach(map->json, key, json)
		{
			(void)key;
			enum json_type type = json_object_get_type(json);
			return value_of_nothing(data, type == json_type_string	  ? TYPE_STRING
						      : type == json_type_object  ? TYPE_STRUCT
						      : type == json_type_int	  ? TYPE_INT
						      : type == json_type_boolean ? TYPE_BOOL
										  : TYPE_LIST);
		}
	}
	return value_of_nothing(data, TYPE_STRING);
}

/* --- Lists and maps --- */

size_t value_count(const struct template_value *value)
{
	if (!value->json)
		return 0;
	return value->kind == VALUE_LIST ? json_object_array_length(value->json)
					 : (size_t)json_object_object_length(value->json);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **value_keys(const struct template_value *value)
{
	const char **keys = mem_alloc((value_count(value) + 1) * sizeof *keys);
	size_t count = 0;
	if (!value->json)
		return keys;
	json_object_object_foreach(value->json, key, json)
	{
		(void)json;
		keys[count++] = key;
	}
	if (value->kind == VALUE_MAP)
		qsort(keys, count, sizeof *keys, compare_texts);
	return keys;
}

const char **value_members(const struct template_data *data, const struct template_value *value)
{
	_cleanup_free_ const char **keys = value_keys(value), **members = NULL;
	size_t count = 0;
	bool whole = value->kind == VALUE_STRUCT && strv_contains((char *const *)data->whole, value->key);
	for (const struct template_member *member = data->members; whole && member->name; member++)
		if (member->in && streq(member->in, value->key))
			*ARRAY_APPEND(members, count) = member->json ? member->json : member->name;
	if (count == 0)
		return TAKE_PTR(keys);
	*ARRAY_APPEND(members, count) = NULL;
	return TAKE_PTR(members);
}

/* --- What it is --- */

bool value_is_true(const struct template_value *value)
{
	switch (value->kind) {
	case VALUE_BOOL:
		return value->boolean;
	case VALUE_INT:
		return value->integer != 0;
	case VALUE_FLOAT:
		return fpclassify(value->real) != FP_ZERO;
	case VALUE_STRING:
		return value->len > 0;
	case VALUE_LIST:
	case VALUE_MAP:
		return value_count(value) > 0;
	case VALUE_STRUCT:
		return true;
	case VALUE_NONE:
	case VALUE_NIL:
		break;
	}
	return false;
}

static const char *list_type_name(const struct template_value *list)
{
	for (size_t i = 0; i < value_count(list); i++)
		if (!json_object_is_type(json_object_array_get_idx(list->json, i), json_type_string))
			return "[]interface {}";
	return "[]string";
}

const char *value_type_name(const struct template_value *value)
{
	static const char *const names[] = {
		[VALUE_NONE] = "<nil>", [VALUE_NIL] = "<nil>",	   [VALUE_BOOL] = "bool",
		[VALUE_INT] = "int",	[VALUE_FLOAT] = "float64", [VALUE_STRING] = "string",
		[VALUE_LIST] = NULL,	[VALUE_MAP] = "map",	   [VALUE_STRUCT] = "struct",
	};
	return value->kind == VALUE_LIST ? list_type_name(value) : names[value->kind];
}

/* --- Printing --- */

void value_print_real(double real, int plain_min, int plain_max, struct str *out)
{
	enum { DIGITS_MAX = 17 };
	char text[40];
	int digits = 0, exponent;
	if (!isfinite(real)) {
		str_append(out, isnan(real) ? "NaN" : real > 0 ? "+Inf" : "-Inf");
		return;
	}
	do
		snprintf(text, sizeof text, "%.*e", digits, real);
	while (strtod(text, NULL) != real && digits++ < DIGITS_MAX);
	exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	if (exponent < plain_min || exponent > plain_max)
		str_append(out, text);
	else
		str_appendf(out, "%.*f", digits > exponent ? digits - exponent : 0, real);
}

static void print_list(const struct template_data *data, const struct template_value *list, bool names, struct str *out)
{
	str_append_char(out, '[');
	for (size_t i = 0; i < value_count(list); i++) {
		struct template_value element =
			value_of_json(data, json_object_array_get_idx(list->json, i), list->key);
		if (i > 0)
			str_append_char(out, ' ');
		value_print(data, &element, names, out);
	}
	str_append_char(out, ']');
}

static void print_members(const struct template_data *data, const struct template_value *value, bool names,
			  struct str *out)
{
	_cleanup_free_ const char **keys = value_members(data, value);
	bool map = value->kind == VALUE_MAP;
	str_append(out, map ? "map[" : "{");
	for (size_t i = 0; keys[i]; i++) {
		struct template_value member = value_of_key(data, value, keys[i]);
		str_appendf(out, "%s%s%s", i > 0 ? " " : "", map || names ? keys[i] : "", map || names ? ":" : "");
		value_print(data, &member, names, out);
	}
	str_append_char(out, map ? ']' : '}');
}

void value_print(const struct template_data *data, const struct template_value *value, bool names, struct str *out)
{
	switch (value->kind) {
	case VALUE_NONE:
	case VALUE_NIL:
		str_append(out, "<nil>");
		break;
	case VALUE_BOOL:
		str_append(out, value->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		str_appendf(out, "%" PRId64, value->integer);
		break;
	case VALUE_FLOAT:
		value_print_real(value->real, REAL_PLAIN_MIN, REAL_PLAIN_MAX, out);
		break;
	case VALUE_STRING:
		str_append_len(out, value->text, value->len);
		break;
	case VALUE_LIST:
		print_list(data, value, names, out);
		break;
	case VALUE_MAP:
	case VALUE_STRUCT:
		print_members(data, value, names, out);
		break;
	}
}
