/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that templates know: Go's own and Docker's. */
#pragma once

#include "cli/template-value.h"

/* What one execution may make, and so what a function may. */
enum { TEMPLATE_BYTES_MAX = 64 << 20 };

struct template_call {
	const struct template_value *args; /* as many and of such kinds as `parameters` says */
	size_t n_args;
	struct value_pool *pool;
	const struct template_data *data;
};

enum short_circuit { EVALUATES_ALL, STOPS_AT_FALSE, STOPS_AT_TRUE };

struct template_function {
	const char *name;
	const char *
		parameters; /* a letter for each: s text, i integer, l list of texts, * anything; "+": as many as you like */
	int (*call)(const struct template_call *call, struct template_value *ret, struct error *err);
	enum short_circuit stops; /* its value is that of the last argument that was evaluated */
	bool leaves_headers;	  /* in a header it gives its first argument */
};

/* NULL if there is none. */
const struct template_function *template_function_find(const char *name);

/* How many arguments it needs; *ret_more: it takes more as well. */
size_t template_function_min_args(const struct template_function *function, bool *ret_more);

/* template-compare.c */
int function_eq(const struct template_call *call, struct template_value *ret, struct error *err);
int function_ne(const struct template_call *call, struct template_value *ret, struct error *err);
int function_lt(const struct template_call *call, struct template_value *ret, struct error *err);
int function_le(const struct template_call *call, struct template_value *ret, struct error *err);
int function_gt(const struct template_call *call, struct template_value *ret, struct error *err);
int function_ge(const struct template_call *call, struct template_value *ret, struct error *err);

/* template-printf.c */
int function_printf(const struct template_call *call, struct template_value *ret, struct error *err);

/* template-text.c: escapes, letters, lists of texts */
int function_html(const struct template_call *call, struct template_value *ret, struct error *err);
int function_join(const struct template_call *call, struct template_value *ret, struct error *err);
int function_js(const struct template_call *call, struct template_value *ret, struct error *err);
int function_lower(const struct template_call *call, struct template_value *ret, struct error *err);
int function_pad(const struct template_call *call, struct template_value *ret, struct error *err);
int function_split(const struct template_call *call, struct template_value *ret, struct error *err);
int function_title(const struct template_call *call, struct template_value *ret, struct error *err);
int function_truncate(const struct template_call *call, struct template_value *ret, struct error *err);
int function_upper(const struct template_call *call, struct template_value *ret, struct error *err);
int function_urlquery(const struct template_call *call, struct template_value *ret, struct error *err);

/* The arguments as fmt.Sprint() puts them together: a space between two of which neither is a text. */
void template_sprint(const struct template_call *call, struct str *out);
