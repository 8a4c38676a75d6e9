/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/template-function.h"

#include "base/util.h"

/* --- len, index, slice --- */

static int function_len(const struct template_call *call, struct template_value *ret, struct error *err)
{
	const struct template_value *value = &call->args[0];
	if (value_is_nothing(value))
		return err_set(err, ERR_INVALID, "len of nil pointer");
	if (value->kind != VALUE_STRING && value->kind != VALUE_LIST && value->kind != VALUE_MAP)
		return err_set(err, ERR_INVALID, "len of type %s", value_type_name(value));
	*ret = value_of_int((int64_t)(value->kind == VALUE_STRING ? value->len : value_count(value)));
	return 0;
}

static int check_index(const struct template_value *index, size_t limit, struct error *err)
{
	if (index->kind == VALUE_NONE || index->kind == VALUE_NIL)
		return err_set(err, ERR_INVALID, "cannot index slice/array with nil");
	if (index->kind != VALUE_INT)
		return err_set(err, ERR_INVALID, "cannot index slice/array with type %s", value_type_name(index));
	if (index->integer < 0 || (uint64_t)index->integer > limit)
		return err_set(err, ERR_INVALID, "index out of range: %" PRId64, index->integer);
	return 0;
}

static int index_list(const struct template_data *data, const struct template_value *list,
		      const struct template_value *index, struct template_value *ret, struct error *err)
{
	size_t count = value_count(list);
	int r = check_index(index, count, err);
	if (r < 0)
		return r;
	if ((size_t)index->integer == count)
		return err_set(err, ERR_INVALID, "index out of range: %" PRId64, index->integer);
	*ret = value_of_json(data, json_object_array_get_idx(list->json, (size_t)index->integer), list->key);
	return 0;
}

static int index_text(const struct template_value *text, const struct template_value *index, struct template_value *ret,
		      struct error *err)
{
	int r = check_index(index, text->len, err);
	if (r < 0)
		return r;
	if ((size_t)index->integer == text->len)
		return err_set(err, ERR_INVALID, "index out of range: %" PRId64, index->integer);
	*ret = value_of_int((unsigned char)text->text[index->integer]);
	return 0;
}

static int index_map(const struct template_data *data, const struct template_value *map,
		     const struct template_value *index, struct template_value *ret, struct error *err)
{
	if (index->kind != VALUE_STRING)
		return err_set(err, ERR_INVALID, "value has type %s; should be string", value_type_name(index));
	struct template_value found;
	*ret = value_member(data, map, index->text, &found) ? found : value_zero_element(data, map);
	return 0;
}

static int index_once(const struct template_data *data, const struct template_value *value,
		      const struct template_value *index, struct template_value *ret, struct error *err)
{
	switch (value->kind) {
	case VALUE_LIST:
		return index_list(data, value, index, ret, err);
	case VALUE_MAP:
		return index_map(data, value, index, ret, err);
	case VALUE_STRING:
		return index_text(value, index, ret, err);
	case VALUE_NONE:
	case VALUE_NIL:
		return err_set(err, ERR_INVALID, "index of untyped nil");
	default:
		return err_set(err, ERR_INVALID, "can't index item of type %s", value_type_name(value));
	}
}

static int function_index(const struct template_call *call, struct template_value *ret, struct error *err)
{
	struct template_value value = call->args[0];
	for (size_t i = 1; i < call->n_args; i++) {
		int r = index_once(call->data, &value, &call->args[i], &value, err);
		if (r < 0)
			return r;
	}
	*ret = value;
	return 0;
}

static struct template_value slice_list(const struct template_call *call, size_t from, size_t to)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = from; i < to; i++)
		json_object_array_add(list, json_object_get(json_object_array_get_idx(call->args[0].json, i)));
	struct template_value value = value_of_list(call->pool, list);
	value.key = call->args[0].key;
	return value;
}

/* slice x 1 3: of a text its bytes. */
static int function_slice(const struct template_call *call, struct template_value *ret, struct error *err)
{
	const struct template_value *value = &call->args[0];
	if (value_is_nothing(value))
		return err_set(err, ERR_INVALID, "slice of untyped nil");
	if (value->kind != VALUE_STRING && value->kind != VALUE_LIST)
		return err_set(err, ERR_INVALID, "can't slice item of type %s", value_type_name(value));
	size_t length = value->kind == VALUE_STRING ? value->len : value_count(value), ends[2] = { 0, length };
	if (call->n_args > 1 + ARRAY_SIZE(ends))
		return err_set(err, ERR_INVALID, "too many slice indexes: %zu", call->n_args - 1);
	for (size_t i = 1; i < call->n_args; i++) {
		int r = check_index(&call->args[i], length, err);
		if (r < 0)
			return r;
		ends[i - 1] = (size_t)call->args[i].integer;
	}
	if (ends[0] > ends[1])
		return err_set(err, ERR_INVALID, "invalid slice index: %zu > %zu", ends[0], ends[1]);
	if (value->kind == VALUE_LIST)
		*ret = slice_list(call, ends[0], ends[1]);
	else
		*ret = (struct template_value){ .kind = VALUE_STRING,
						.text = value->text + ends[0],
						.len = ends[1] - ends[0] };
	return 0;
}

/* --- Truth --- */

static int function_not(const struct template_call *call, struct template_value *ret, struct error *err)
{
	*ret = value_of_bool(!value_is_true(&call->args[0]));
	return 0;
}

/* Of `and` and `or`: the last one that was evaluated decides. */
static int function_last(const struct template_call *call, struct template_value *ret, struct error *err)
{
	*ret = call->args[call->n_args - 1];
	return 0;
}

static int function_call(const struct template_call *call, struct template_value *ret, struct error *err)
{
	return err_set(err, ERR_INVALID, "non-function of type %s", value_type_name(&call->args[0]));
}

/* --- Printing --- */

void template_sprint(const struct template_call *call, struct str *out)
{
	for (size_t i = 0; i < call->n_args; i++) {
		if (i > 0 && call->args[i].kind != VALUE_STRING && call->args[i - 1].kind != VALUE_STRING)
			str_append_char(out, ' ');
		value_print(call->data, &call->args[i], false, out);
	}
}

static int function_print(const struct template_call *call, struct template_value *ret, struct error *err)
{
	struct str text = { 0 };
	template_sprint(call, &text);
	*ret = value_of_text(call->pool, &text);
	return 0;
}

static int function_println(const struct template_call *call, struct template_value *ret, struct error *err)
{
	struct str text = { 0 };
	for (size_t i = 0; i < call->n_args; i++) {
		str_append(&text, i > 0 ? " " : "");
		value_print(call->data, &call->args[i], false, &text);
	}
	str_append_char(&text, '\n');
	*ret = value_of_text(call->pool, &text);
	return 0;
}

static int function_json(const struct template_call *call, struct template_value *ret, struct error *err)
{
	struct str text = { 0 };
	template_value_json(call->data, &call->args[0], &text);
	*ret = value_of_text(call->pool, &text);
	return 0;
}

/* --- The table --- */

static const struct template_function FUNCTIONS[] = {
	{ "and", "*+", function_last, STOPS_AT_FALSE, false },
	{ "call", "*+", function_call, 0, false },
	{ "eq", "*+", function_eq, 0, false },
	{ "ge", "**", function_ge, 0, false },
	{ "gt", "**", function_gt, 0, false },
	{ "html", "+", function_html, 0, false },
	{ "index", "*+", function_index, 0, false },
	{ "join", "ls", function_join, 0, false },
	{ "js", "+", function_js, 0, false },
	{ "json", "*", function_json, 0, true },
	{ "le", "**", function_le, 0, false },
	{ "len", "*", function_len, 0, false },
	{ "lower", "s", function_lower, 0, true },
	{ "lt", "**", function_lt, 0, false },
	{ "ne", "**", function_ne, 0, false },
	{ "not", "*", function_not, 0, false },
	{ "or", "*+", function_last, STOPS_AT_TRUE, false },
	{ "pad", "sii", function_pad, 0, false },
	{ "print", "+", function_print, 0, false },
	{ "printf", "s+", function_printf, 0, false },
	{ "println", "+", function_println, 0, false },
	{ "slice", "*+", function_slice, 0, false },
	{ "split", "ss", function_split, 0, false },
	{ "title", "s", function_title, 0, true },
	{ "truncate", "si", function_truncate, 0, true },
	{ "upper", "s", function_upper, 0, true },
	{ "urlquery", "+", function_urlquery, 0, false },
};

const struct template_function *template_function_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(FUNCTIONS); i++)
		if (streq(FUNCTIONS[i].name, name))
			return &FUNCTIONS[i];
	return NULL;
}

size_t template_function_min_args(const struct template_function *function, bool *ret_more)
{
	size_t len = strlen(function->parameters);
	*ret_more = str_ends_with(function->parameters, "+");
	return *ret_more ? len - 1 : len;
}
