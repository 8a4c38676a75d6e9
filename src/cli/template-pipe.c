/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/template-function.h"
#include "cli/template-literal.h"
#include "cli/template-parse.h"

static bool knows_variable(const struct parser *parser, const char *name)
{
	return strv_contains(parser->variables, name);
}

/* --- Operands --- */

static int parse_number(struct parser *parser, const struct token *token, struct node *node)
{
	const char *why = token->kind == TOKEN_NUMBER ? literal_number(node, token->text, token->len)
						      : literal_character(node, token->text, token->len);
	if (!why)
		return 0;
	return token->kind == TOKEN_NUMBER ? parser_complain(parser, "%s: \"%.*s\"", why, (int)token->len, token->text)
					   : parser_complain(parser, "%s: %.*s", why, (int)token->len, token->text);
}

int parser_string(struct parser *parser, const struct token *token, struct node *node)
{
	_cleanup_str_ struct str text = { 0 };
	node->kind = NODE_STRING;
	if (token->kind == TOKEN_RAW) {
		node_set_text(node, token->text + 1, token->len - 2);
		return 0;
	}
	if (!literal_string(token->text + 1, token->len - 2, &text))
		return parser_complain(parser, "invalid syntax: %.*s", (int)token->len, token->text);
	node->text_len = text.len;
	node->text = str_take(&text);
	return 0;
}

static int parse_function(struct parser *parser, const struct token *token, struct node *node)
{
	_cleanup_free_ char *name = mem_strndup(token->text, token->len);
	node->kind = NODE_IDENTIFIER;
	node->function = template_function_find(name);
	if (node->function)
		return 0;
	parser_complain(parser, "function \"%s\" not defined", name);
	return err_hint(parser->err, "for a field, write .%s", name);
}

static int parse_variable(struct parser *parser, const struct token *token, struct node *node)
{
	node->kind = NODE_VARIABLE;
	node_set_text(node, token->text, token->len);
	return knows_variable(parser, node->text) ? 0
						  : parser_complain(parser, "undefined variable \"%s\"", node->text);
}

static void add_field(struct node *node, const struct token *token)
{
	strv_take(&node->fields, mem_strndup(token->text + 1, token->len - 1));
	node->source_len = (size_t)(token->text + token->len - node->source);
}

/* "( pipeline )", behind the parenthesis */
static int parse_parenthesis(struct parser *parser, struct node *node)
{
	node->kind = NODE_CHAIN;
	int r = parser_enter(parser);
	if (r >= 0)
		r = parser_pipe(parser, "parenthesized pipeline", TOKEN_CLOSE, &node->pipe);
	parser->nesting--;
	parser_end_source(parser, node);
	return r;
}

/* Fill in @node by its first token. Returns 0 if that begins no operand. */
static int parse_term(struct parser *parser, const struct token *token, struct node *node)
{
	int r = 0;
	switch (token->kind) {
	case TOKEN_DOT:
		node->kind = NODE_DOT;
		break;
	case TOKEN_NIL:
		node->kind = NODE_NIL;
		break;
	case TOKEN_BOOL:
		node->kind = NODE_BOOL;
		node->boolean = *token->text == 't';
		break;
	case TOKEN_NUMBER:
	case TOKEN_CHARACTER:
		r = parse_number(parser, token, node);
		break;
	case TOKEN_STRING:
	case TOKEN_RAW:
		r = parser_string(parser, token, node);
		break;
	case TOKEN_IDENTIFIER:
		r = parse_function(parser, token, node);
		break;
	case TOKEN_VARIABLE:
		r = parse_variable(parser, token, node);
		break;
	case TOKEN_FIELD:
		node->kind = NODE_FIELD;
		add_field(node, token);
		break;
	case TOKEN_OPEN:
		r = parse_parenthesis(parser, node);
		break;
	default:
		return 0;
	}
	return r < 0 ? r : 1;
}

/* The fields behind a term. Of a function they are those of its value without arguments, as in {{(f).A}}. */
static int parse_fields(struct parser *parser, struct node *node)
{
	bool takes = node->kind == NODE_FIELD || node->kind == NODE_VARIABLE || node->kind == NODE_CHAIN;
	if (parser_peek(parser)->kind != TOKEN_FIELD)
		return 0;
	if (!takes)
		return parser_complain(parser, "unexpected . after term %.*s", (int)node->source_len, node->source);
	node->place = parser_peek(parser)->text;
	while (parser_peek(parser)->kind == TOKEN_FIELD)
		add_field(node, parser_take(parser));
	return 0;
}

/* 1, or 0 if there is none. */
static int parse_operand(struct parser *parser, struct node **ret)
{
	size_t start = parser->next;
	const struct token *token = parser_take_word(parser);
	struct node *node = parser_new_node(parser, NODE_DOT, token);
	int r = parse_term(parser, token, node);
	if (r == 0)
		parser->next = start;
	if (r <= 0)
		return r;
	r = parse_fields(parser, node);
	*ret = node;
	return r < 0 ? r : 1;
}

/* --- Pipelines --- */

/* "function argument argument", with the "|" behind it. */
static int parse_command(struct parser *parser, const char *where, struct node **ret)
{
	struct node *command = parser_new_node(parser, NODE_COMMAND, parser_peek_word(parser)), *operand;
	int r;
	while ((r = parse_operand(parser, &operand)) > 0) {
		*ARRAY_APPEND(command->items, command->n_items) = operand;
		parser_end_source(parser, command);
		if (parser_peek(parser)->kind != TOKEN_SPACE)
			break;
		parser_peek_word(parser);
	}
	if (r < 0)
		return r;
	const struct token *next = parser_peek(parser);
	if (command->n_items == 0)
		return parser_complain_unexpected(parser, next, where);
	if (next->kind == TOKEN_PIPE)
		parser_take(parser);
	else if (next->kind != TOKEN_RIGHT && next->kind != TOKEN_CLOSE)
		return parser_complain_unexpected(parser, next, "operand");
	*ret = command;
	return 0;
}

static void declare(struct parser *parser, struct node *pipe, const struct token *variable)
{
	strv_take(&pipe->variables, mem_strndup(variable->text, variable->len));
}

/* "$x :=", "$x =", and in a range "$i, $x :="; nothing if it is something else. */
static int parse_declaration(struct parser *parser, const char *where, struct node *pipe)
{
	size_t start = parser->next;
	const struct token *first = parser_take_word(parser), *mark = parser_peek_word(parser);
	if (first->kind != TOKEN_VARIABLE ||
	    (mark->kind != TOKEN_DECLARE && mark->kind != TOKEN_ASSIGN && *mark->text != ',')) {
		parser->next = start;
		return 0;
	}
	parser_take(parser);
	declare(parser, pipe, first);
	if (*mark->text == ',') {
		if (!streq(where, "range"))
			return parser_complain(parser, "too many declarations in %s", where);
		const struct token *second = parser_take_word(parser);
		if (second->kind != TOKEN_VARIABLE)
			return parser_complain(parser, "range can only initialize variables");
		declare(parser, pipe, second);
		mark = parser_take_word(parser);
		if (*mark->text == ',')
			return parser_complain(parser, "too many declarations in range");
		if (mark->kind != TOKEN_DECLARE && mark->kind != TOKEN_ASSIGN)
			return parser_complain_unexpected(parser, mark, where);
	}
	pipe->assigns = mark->kind == TOKEN_ASSIGN;
	return 0;
}

/* New variables are known behind their pipeline, and what is assigned to has to be known before. */
static int know_variables(struct parser *parser, const struct node *pipe)
{
	for (char **name = pipe->variables; name && *name; name++) {
		if (!pipe->assigns)
			strv_append(&parser->variables, *name);
		else if (!knows_variable(parser, *name))
			return parser_complain(parser, "undefined variable \"%s\"", *name);
	}
	return 0;
}

static int check_pipe(struct parser *parser, const struct node *pipe, const char *where)
{
	if (pipe->n_items == 0)
		return parser_complain(parser, "missing value for %s", where);
	for (size_t i = 1; i < pipe->n_items; i++) {
		enum node_kind kind = pipe->items[i]->items[0]->kind;
		if (kind >= NODE_DOT && kind <= NODE_STRING)
			return parser_complain(parser, "non executable command in pipeline stage %zu", i + 1);
	}
	return 0;
}

/* Up to and with the token @end. */
int parser_pipe(struct parser *parser, const char *where, enum token_kind end, struct node **ret)
{
	struct node *pipe = parser_new_node(parser, NODE_PIPE, parser_peek_word(parser)), *command = NULL;
	int r = parse_declaration(parser, where, pipe);
	while (r >= 0 && parser_peek_word(parser)->kind != end) {
		r = parse_command(parser, where, &command);
		if (r >= 0)
			*ARRAY_APPEND(pipe->items, pipe->n_items) = command;
		parser_end_source(parser, pipe);
	}
	if (r >= 0)
		r = check_pipe(parser, pipe, where);
	if (r >= 0)
		r = know_variables(parser, pipe);
	if (r < 0)
		return r;
	parser_take(parser);
	*ret = pipe;
	return 0;
}
