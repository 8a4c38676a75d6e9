/* SPDX-License-Identifier: Apache-2.0 */
/* eq, ne, lt, le, gt, ge. Source: pkg.go.dev/text/template, "Functions". */
#include "base/util.h"
#include "cli/template-function.h"

static bool is_basic(const struct template_value *value)
{
	return value->kind >= VALUE_BOOL && value->kind <= VALUE_STRING;
}

/* Of values of one kind: less than 0, 0 or more than 0. */
static int order(const struct template_value *a, const struct template_value *b)
{
	switch (a->kind) {
	case VALUE_BOOL:
		return a->boolean - b->boolean;
	case VALUE_INT:
		return (a->integer > b->integer) - (a->integer < b->integer);
	case VALUE_FLOAT:
		return (a->real > b->real) - (a->real < b->real);
	default:
		break;
	}
	int r = memcmp(a->text, b->text, MIN(a->len, b->len));
	return r ? r : (a->len > b->len) - (a->len < b->len);
}

/* Lists and maps that are there can only be compared with nil. */
static bool is_nil(const struct template_value *value)
{
	return value_is_nothing(value) || ((value->kind == VALUE_LIST || value->kind == VALUE_MAP) && !value->json);
}

static int is_equal(const struct template_value *a, const struct template_value *b, bool *ret, struct error *err)
{
	if (is_basic(a) && is_basic(b)) {
		if (a->kind != b->kind)
			return err_set(err, ERR_INVALID, "incompatible types for comparison");
		*ret = order(a, b) == 0;
	} else if (value_is_nothing(a) || value_is_nothing(b) || (is_nil(a) && is_nil(b))) {
		*ret = is_nil(a) && is_nil(b);
	} else if (is_basic(a) || is_basic(b)) {
		return err_set(err, ERR_INVALID, "incompatible types for comparison");
	} else {
		return err_set(err, ERR_INVALID, "non-comparable type: %s", value_type_name(a));
	}
	return 0;
}

int function_eq(const struct template_call *call, struct template_value *ret, struct error *err)
{
	bool equal = false;
	if (call->n_args == 1)
		return err_set(err, ERR_INVALID, "missing argument for comparison");
	for (size_t i = 1; i < call->n_args && !equal; i++) {
		int r = is_equal(&call->args[0], &call->args[i], &equal, err);
		if (r < 0)
			return r;
	}
	*ret = value_of_bool(equal);
	return 0;
}

int function_ne(const struct template_call *call, struct template_value *ret, struct error *err)
{
	int r = function_eq(call, ret, err);
	if (r >= 0)
		ret->boolean = !ret->boolean;
	return r;
}

/* What it comes to if the first one is less than the second, equal, or greater. */
static int compare(const struct template_call *call, bool if_less, bool if_equal, bool if_greater,
		   struct template_value *ret, struct error *err)
{
	const struct template_value *a = &call->args[0], *b = &call->args[1];
	if (!is_basic(a) || !is_basic(b))
		return err_set(err, ERR_INVALID, "invalid type for comparison");
	if (a->kind != b->kind)
		return err_set(err, ERR_INVALID, "incompatible types for comparison");
	if (a->kind == VALUE_BOOL)
		return err_set(err, ERR_INVALID, "invalid type for comparison");
	int r = order(a, b);
	*ret = value_of_bool(r < 0 ? if_less : r == 0 ? if_equal : if_greater);
	return 0;
}

int function_lt(const struct template_call *call, struct template_value *ret, struct error *err)
{
	return compare(call, true, false, false, ret, err);
}

int function_le(const struct template_call *call, struct template_value *ret, struct error *err)
{
	return compare(call, true, true, false, ret, err);
}

int function_gt(const struct template_call *call, struct template_value *ret, struct error *err)
{
	return compare(call, false, false, true, ret, err);
}

int function_ge(const struct template_call *call, struct template_value *ret, struct error *err)
{
	return compare(call, false, true, true, ret, err);
}
