/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/template-execution.h"

enum { DEPTH_MAX = 1000 };

/* How a node ends, when it does not fail. */
enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

static int execute(struct execution *run, const struct template_value *dot, const struct node *node);

/* --- Range --- */

static int loop_once(struct execution *run, const struct node *node, const struct template_value *key,
		     const struct template_value *element)
{
	size_t known = run->n_variables, count = strv_count(node->pipe->variables);
	char **names = node->pipe->variables;
	int r = run_spend(run, node);
	if (r < 0)
		return r;
	if (count > 0)
		run_set_variable(run, node->pipe, names[0], count > 1 ? key : element);
	if (count > 1)
		run_set_variable(run, node->pipe, names[1], element);
	r = execute(run, element, node->body);
	run->n_variables = known;
	return r;
}

/* Where messages about the value of @pipe point to. */
static const struct node *last_operand(const struct node *pipe)
{
	const struct node *command = pipe->items[pipe->n_items - 1];
	return command->n_items == 1 ? command->items[0] : command;
}

static int loop_list(struct execution *run, const struct node *node, const struct template_value *list)
{
	int r = FLOW_ON;
	for (size_t i = 0; r >= 0 && r != FLOW_BREAK && i < value_count(list); i++) {
		struct template_value key = value_of_int((int64_t)i);
		struct template_value element =
			value_of_json(run->data, json_object_array_get_idx(list->json, i), list->key);
		r = loop_once(run, node, &key, &element);
	}
	return r;
}

static int loop_map(struct execution *run, const struct node *node, const struct template_value *map)
{
	_cleanup_free_ const char **keys = value_keys(map);
	int r = FLOW_ON;
	for (size_t i = 0; r >= 0 && r != FLOW_BREAK && keys[i]; i++) {
		struct template_value key = { .kind = VALUE_STRING, .text = keys[i], .len = strlen(keys[i]) };
		struct template_value element = value_of_key(run->data, map, keys[i]);
		r = loop_once(run, node, &key, &element);
	}
	return r;
}

static int loop_int(struct execution *run, const struct node *node, int64_t count)
{
	int r = FLOW_ON;
	if (strv_count(node->pipe->variables) > 1)
		return run_fail(run, last_operand(node->pipe),
				"can't use %" PRId64 " to iterate over more than one variable", count);
	for (int64_t i = 0; r >= 0 && r != FLOW_BREAK && i < count; i++) {
		struct template_value element = value_of_int(i);
		r = loop_once(run, node, &element, &element);
	}
	return r;
}

static int loop_value(struct execution *run, const struct node *node, const struct template_value *value)
{
	_cleanup_str_ struct str shown = { 0 };
	switch (value->kind) {
	case VALUE_LIST:
		return loop_list(run, node, value);
	case VALUE_MAP:
		return loop_map(run, node, value);
	case VALUE_INT:
		return loop_int(run, node, value->integer);
	case VALUE_NONE:
		return FLOW_ON;
	default:
		value_print(run->data, value, false, &shown);
		return run_fail(run, last_operand(node->pipe), "range can't iterate over %s", str_text(&shown));
	}
}

static int execute_range(struct execution *run, const struct template_value *dot, const struct node *node)
{
	struct template_value value;
	int r = run_pipe(run, dot, node->pipe, &value);
	if (r < 0)
		return r;
	bool nothing = value.kind == VALUE_INT
			       ? value.integer <= 0
			       : value.kind == VALUE_NONE || ((value.kind == VALUE_LIST || value.kind == VALUE_MAP) &&
							      value_count(&value) == 0);
	if (nothing)
		return node->otherwise ? execute(run, dot, node->otherwise) : FLOW_ON;
	r = loop_value(run, node, &value);
	return r < 0 ? r : FLOW_ON;
}

/* --- Nodes --- */

static int execute_condition(struct execution *run, const struct template_value *dot, const struct node *node)
{
	struct template_value value;
	int r = run_pipe_and_set(run, dot, node->pipe, &value);
	if (r < 0)
		return r;
	if (value_is_true(&value))
		return execute(run, node->kind == NODE_WITH ? &value : dot, node->body);
	return node->otherwise ? execute(run, dot, node->otherwise) : FLOW_ON;
}

static int execute_definition(struct execution *run, const struct definition *definition,
			      const struct template_value *dot)
{
	struct variable *variables = run->variables;
	size_t n_variables = run->n_variables;
	const char *name = run->name;
	run->variables = NULL;
	run->n_variables = 0;
	run->name = definition->name;
	run_push_variable(run, "$", dot);
	int r = execute(run, dot, definition->body);
	free(run->variables);
	run->variables = variables;
	run->n_variables = n_variables;
	run->name = name;
	return r;
}

static int execute_call(struct execution *run, const struct template_value *dot, const struct node *node)
{
	struct template_value value = { 0 };
	const struct definition *definition = template_definition(run->template, node->text);
	if (!definition)
		return run_fail(run, node, "template \"%s\" not defined", node->text);
	int r = node->pipe ? run_pipe_and_set(run, dot, node->pipe, &value) : 0;
	if (r < 0)
		return r;
	if (run->depth >= DEPTH_MAX)
		return run_fail(run, node, "exceeded maximum template depth (%d)", DEPTH_MAX);
	run->depth++;
	r = execute_definition(run, definition, &value);
	run->depth--;
	return r;
}

static int execute_action(struct execution *run, const struct template_value *dot, const struct node *node)
{
	struct template_value value;
	int r = run_pipe_and_set(run, dot, node->pipe, &value);
	if (r < 0 || node->pipe->variables)
		return r;
	if (value.kind == VALUE_NONE)
		str_append(run->out, "<no value>");
	else
		value_print(run->data, &value, false, run->out);
	return FLOW_ON;
}

static int execute_list(struct execution *run, const struct template_value *dot, const struct node *list)
{
	size_t known = run->n_variables;
	int r = FLOW_ON;
	for (size_t i = 0; r == FLOW_ON && i < list->n_items; i++)
		r = execute(run, dot, list->items[i]);
	run->n_variables = known;
	return r;
}

static int execute(struct execution *run, const struct template_value *dot, const struct node *node)
{
	int r = run_spend(run, node);
	if (r < 0)
		return r;
	size_t known = run->n_variables;
	switch (node->kind) {
	case NODE_TEXT:
		str_append_len(run->out, node->text, node->text_len);
		return FLOW_ON;
	case NODE_ACTION:
		return execute_action(run, dot, node);
	case NODE_IF:
	case NODE_WITH:
		r = execute_condition(run, dot, node);
		run->n_variables = known;
		return r;
	case NODE_RANGE:
		return execute_range(run, dot, node);
	case NODE_CALL:
		return execute_call(run, dot, node);
	case NODE_BREAK:
		return FLOW_BREAK;
	case NODE_CONTINUE:
		return FLOW_CONTINUE;
	default:
		return execute_list(run, dot, node);
	}
}

int template_execute(const struct template *template, const struct template_data *data, struct str *out,
		     struct error *err)
{
	struct execution run = { .template = template, .data = data, .name = "", .out = out, .err = err };
	struct template_value dot = value_of_data(data);
	size_t before = out->len;
	run_push_variable(&run, "$", &dot);
	int r = execute(&run, &dot, template->body);
	free(run.variables);
	value_pool_done(&run.pool);
	if (r < 0)
		str_truncate(out, before);
	return r < 0 ? r : 0;
}
