/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"
#include "cli/template-execution.h"
#include "cli/template-function.h"

enum { STEPS_MAX = 1000000 };

/* --- Complaints --- */

/* "template parsing error: template: :1:2: executing "" at <.Foo>" */
static char *place_of(const struct execution *run, const struct node *node)
{
	size_t line = 1;
	const char *start = run->template->text;
	for (const char *at = start; at < node->place; at++) {
		if (*at == '\n') {
			line++;
			start = at + 1;
		}
	}
	return mem_printf("template parsing error: template: :%zu:%zu: executing \"%s\" at <%.*s>", line,
			  (size_t)(node->place - start), run->name, (int)node->source_len, node->source);
}

int run_fail(struct execution *run, const struct node *node, const char *fmt, ...)
{
	_cleanup_free_ char *place = place_of(run, node);
	_cleanup_str_ struct str why = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vappendf(&why, fmt, args);
	va_end(args);
	return err_set(run->err, ERR_INVALID, "%s: %s", place, str_text(&why));
}

int run_spend(struct execution *run, const struct node *node)
{
	if (++run->steps > STEPS_MAX)
		return run_fail(run, node, "it takes more than %d steps", STEPS_MAX);
	if (run->out->len + run->pool.bytes > TEMPLATE_BYTES_MAX)
		return run_fail(run, node, "it makes more than %d bytes", TEMPLATE_BYTES_MAX);
	return 0;
}

/* --- Variables --- */

void run_push_variable(struct execution *run, const char *name, const struct template_value *value)
{
	*ARRAY_APPEND(run->variables, run->n_variables) = (struct variable){ name, *value };
}

/* The parser has seen to it that there is one. */
static struct variable *find_variable(struct execution *run, const char *name)
{
	size_t i = run->n_variables;
	while (--i > 0 && !streq(run->variables[i].name, name))
		;
	return &run->variables[i];
}

void run_set_variable(struct execution *run, const struct node *pipe, const char *name,
		      const struct template_value *value)
{
	if (pipe->assigns)
		find_variable(run, name)->value = *value;
	else
		run_push_variable(run, name, value);
}

/* --- Fields --- */

static const struct template_method *find_method(const struct execution *run, const struct template_value *value,
						 const char *name)
{
	bool outermost = value->kind >= VALUE_MAP && value->json && value->json == run->data->root;
	const struct template_method *method = outermost ? run->data->methods : NULL;
	for (; method && method->name; method++)
		if (streq(method->name, name))
			return method;
	return NULL;
}

static int call_method(struct execution *run, const struct node *node, const struct template_method *method,
		       const struct template_value *args, size_t n_args, struct template_value *ret)
{
	if (n_args != 1)
		return run_fail(run, node, "wrong number of args for %s: want 1 got %zu", method->name, n_args);
	if (args->kind != VALUE_STRING)
		return run_fail(run, node, "wrong type for value; expected string; got %s", value_type_name(args));
	_cleanup_free_ char *argument = mem_strndup(args->text, args->len);
	_cleanup_free_ char *result = method->call(run->data->context, argument);
	struct str text = { 0 };
	str_append(&text, result);
	*ret = value_of_text(&run->pool, &text);
	return 0;
}

static int fail_without_member(struct execution *run, const struct node *node, const struct template_value *value,
			       const char *name)
{
	if (value->kind == VALUE_MAP)
		return run_fail(run, node, "map has no entry for key \"%s\"", name);
	const char *type = value->kind == VALUE_STRUCT && *value->key ? value->key
			   : value->kind == VALUE_STRUCT	      ? run->data->what
								      : value_type_name(value);
	return run_fail(run, node, "can't evaluate field %s in type %s", name, type);
}

static int evaluate_field(struct execution *run, const struct node *node, const struct template_value *value,
			  const char *name, struct template_value *ret)
{
	if (value->kind == VALUE_NIL)
		return run_fail(run, node, "nil pointer evaluating field %s", name);
	if (value->kind == VALUE_NONE && run->data->missing_fails)
		return run_fail(run, node, "nil data; no entry for key \"%s\"", name);
	if (value->kind == VALUE_NONE) {
		*ret = *value;
		return 0;
	}
	if (value->kind < VALUE_MAP)
		return fail_without_member(run, node, value, name);
	struct template_value found = { 0 };
	if (!value_member(run->data, value, name, &found) && (value->kind == VALUE_STRUCT || run->data->missing_fails))
		return fail_without_member(run, node, value, name);
	*ret = found;
	return 0;
}

/* The fields of @node, one of the other, of @value; the last one gets the arguments. */
static int evaluate_fields(struct execution *run, const struct node *node, struct template_value value,
			   const struct template_value *args, size_t n_args, struct template_value *ret)
{
	for (char **name = node->fields; name && *name; name++) {
		bool last = !name[1];
		const struct template_method *method = find_method(run, &value, *name);
		if (last && n_args > 0 && !method)
			return run_fail(run, node, "%s is not a method but has arguments", *name);
		int r = method ? call_method(run, node, method, args, last ? n_args : 0, &value)
			       : evaluate_field(run, node, &value, *name, &value);
		if (r < 0)
			return r;
	}
	*ret = value;
	return 0;
}

/* --- Operands --- */

static int evaluate_constant(struct execution *run, const struct node *node, struct template_value *ret)
{
	switch (node->kind) {
	case NODE_BOOL:
		*ret = value_of_bool(node->boolean);
		return 0;
	case NODE_INT:
		*ret = value_of_int(node->integer);
		return 0;
	case NODE_FLOAT:
		*ret = (struct template_value){ .kind = VALUE_FLOAT, .real = node->real };
		return 0;
	case NODE_STRING:
		*ret = (struct template_value){ .kind = VALUE_STRING, .text = node->text, .len = node->text_len };
		return 0;
	default:
		*ret = (struct template_value){ .kind = VALUE_NIL };
		return 0;
	}
}

static int call_function(struct execution *run, const struct template_value *dot, const struct node *command,
			 const struct node *node, const struct template_value *piped, struct template_value *ret);

/* What begins with a value, and has fields, which may take arguments. */
static int evaluate_base(struct execution *run, const struct template_value *dot, const struct node *node,
			 struct template_value *ret)
{
	if (node->kind == NODE_CHAIN)
		return run_pipe(run, dot, node->pipe, ret);
	*ret = node->kind == NODE_VARIABLE ? find_variable(run, node->text)->value : *dot;
	return 0;
}

static int evaluate_operand(struct execution *run, const struct template_value *dot, const struct node *node,
			    struct template_value *ret)
{
	struct template_value base;
	int r;
	switch (node->kind) {
	case NODE_FIELD:
	case NODE_VARIABLE:
	case NODE_CHAIN:
		r = evaluate_base(run, dot, node, &base);
		return r < 0 ? r : evaluate_fields(run, node, base, NULL, 0, ret);
	case NODE_IDENTIFIER:
		return call_function(run, dot, NULL, node, NULL, ret);
	case NODE_DOT:
		*ret = *dot;
		return 0;
	default:
		return evaluate_constant(run, node, ret);
	}
}

/* --- Calls --- */

struct arguments {
	struct template_value *values;
	size_t count;
};

static void arguments_done(struct arguments *arguments)
{
	free(arguments->values);
}
#define _cleanup_arguments_ _cleanup_(arguments_done)

/* The operands of @command behind its first one, and what comes down the pipe, if anything. */
static int evaluate_arguments(struct execution *run, const struct template_value *dot, const struct node *command,
			      const struct template_value *piped, enum short_circuit stops, struct arguments *ret)
{
	for (size_t i = 1; command && i < command->n_items; i++) {
		struct template_value value;
		int r = evaluate_operand(run, dot, command->items[i], &value);
		if (r < 0)
			return r;
		*ARRAY_APPEND(ret->values, ret->count) = value;
		if (stops != EVALUATES_ALL && value_is_true(&value) == (stops == STOPS_AT_TRUE))
			return 0;
	}
	if (piped)
		*ARRAY_APPEND(ret->values, ret->count) = *piped;
	return 0;
}

static bool is_list_of_texts(const struct template_value *value)
{
	for (size_t i = 0; i < value_count(value); i++)
		if (!json_object_is_type(json_object_array_get_idx(value->json, i), json_type_string))
			return false;
	return true;
}

static int check_argument(struct execution *run, const struct node *node, char parameter,
			  const struct template_value *value)
{
	static const struct {
		char parameter;
		enum value_kind kind;
		const char *name;
	} types[] = { { 's', VALUE_STRING, "string" }, { 'i', VALUE_INT, "int" }, { 'l', VALUE_LIST, "[]string" } };
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].parameter != parameter)
			continue;
		if (value->kind == VALUE_NONE)
			return run_fail(run, node, "invalid value; expected %s", types[i].name);
		if (value->kind != types[i].kind && node->kind >= NODE_BOOL && node->kind <= NODE_STRING)
			return run_fail(run, node, "expected %s; found %.*s", types[i].name, (int)node->source_len,
					node->source);
		if (value->kind != types[i].kind || (parameter == 'l' && !is_list_of_texts(value)))
			return run_fail(run, node, "wrong type for value; expected %s; got %s", types[i].name,
					value_type_name(value));
	}
	return 0;
}

static int check_arguments(struct execution *run, const struct node *command, const struct node *node,
			   const struct arguments *arguments)
{
	const struct template_function *function = node->function;
	size_t bytes = 0;
	bool more;
	for (size_t i = 0; i < arguments->count; i++)
		bytes += arguments->values[i].kind == VALUE_STRING ? arguments->values[i].len : 0;
	if (bytes > TEMPLATE_BYTES_MAX)
		return run_fail(run, node, "it makes more than %d bytes", TEMPLATE_BYTES_MAX);
	size_t min = template_function_min_args(function, &more);
	if (arguments->count < min || (arguments->count > min && !more))
		return run_fail(run, node, "wrong number of args for %s: want %s%zu got %zu", function->name,
				more ? "at least " : "", min, arguments->count);
	for (size_t i = 0; i < MIN(arguments->count, min); i++) {
		bool written = command && i + 1 < command->n_items;
		int r = check_argument(run, written ? command->items[i + 1] : node, function->parameters[i],
				       &arguments->values[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int call_function(struct execution *run, const struct template_value *dot, const struct node *command,
			 const struct node *node, const struct template_value *piped, struct template_value *ret)
{
	const struct template_function *function = node->function;
	_cleanup_arguments_ struct arguments arguments = { 0 };
	struct error why = { 0 };
	int r = evaluate_arguments(run, dot, command, piped, function->stops, &arguments);
	if (r >= 0)
		r = check_arguments(run, command, node, &arguments);
	if (r < 0)
		return r;
	if (run->data->is_header && function->leaves_headers && arguments.count > 0) {
		*ret = arguments.values[0];
		return 0;
	}
	const struct template_call call = { arguments.values, arguments.count, &run->pool, run->data };
	r = function->call(&call, ret, &why);
	return r < 0 ? run_fail(run, command ? command : node, "error calling %s: %s", function->name, why.message) : 0;
}

static int evaluate_command(struct execution *run, const struct template_value *dot, const struct node *command,
			    const struct template_value *piped, struct template_value *ret)
{
	const struct node *first = command->items[0];
	_cleanup_arguments_ struct arguments arguments = { 0 };
	struct template_value base;
	if (first->kind == NODE_IDENTIFIER)
		return call_function(run, dot, command, first, piped, ret);
	if (first->kind == NODE_NIL)
		return run_fail(run, first, "nil is not a command");
	bool takes = (first->kind == NODE_FIELD || first->kind == NODE_VARIABLE || first->kind == NODE_CHAIN) &&
		     first->fields;
	if (!takes && (command->n_items > 1 || piped))
		return run_fail(run, first, "can't give argument to non-function %.*s", (int)first->source_len,
				first->source);
	if (!takes)
		return evaluate_operand(run, dot, first, ret);
	int r = evaluate_base(run, dot, first, &base);
	if (r >= 0)
		r = evaluate_arguments(run, dot, command, piped, EVALUATES_ALL, &arguments);
	return r < 0 ? r : evaluate_fields(run, first, base, arguments.values, arguments.count, ret);
}

int run_pipe(struct execution *run, const struct template_value *dot, const struct node *pipe,
	     struct template_value *ret)
{
	struct template_value value = { 0 };
	int r = run_spend(run, pipe);
	for (size_t i = 0; r >= 0 && i < pipe->n_items; i++) {
		struct template_value piped = value;
		r = evaluate_command(run, dot, pipe->items[i], i > 0 ? &piped : NULL, &value);
	}
	if (r < 0)
		return r;
	*ret = value;
	return 0;
}

int run_pipe_and_set(struct execution *run, const struct template_value *dot, const struct node *pipe,
		     struct template_value *ret)
{
	int r = run_pipe(run, dot, pipe, ret);
	for (char **name = pipe->variables; r >= 0 && name && *name; name++)
		run_set_variable(run, pipe, *name, ret);
	return r;
}
