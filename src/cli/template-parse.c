/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"
#include "cli/template-parse.h"

enum { TEXT_MAX = 1 << 20 };

/* Why a list of nodes ends. */
enum list_end { LIST_END, LIST_ELSE };

static int parse_list(struct parser *parser, struct node **ret, enum list_end *ret_end);

static bool is_keyword(const struct token *token, const char *word)
{
	return token->kind == TOKEN_KEYWORD && strlen(word) == token->len &&
	       strncmp(token->text, word, token->len) == 0;
}

static int expect_right(struct parser *parser, const char *where)
{
	const struct token *token = parser_take_word(parser);
	return token->kind == TOKEN_RIGHT ? 0 : parser_complain_unexpected(parser, token, where);
}

static void forget_variables(struct parser *parser, size_t count)
{
	for (size_t i = strv_count(parser->variables); i > count; i--) {
		free(parser->variables[i - 1]);
		parser->variables[i - 1] = NULL;
	}
}

/* --- Actions --- */

static int parse_body(struct parser *parser, struct node **ret, enum list_end *ret_end)
{
	size_t known = strv_count(parser->variables);
	int r = parser_enter(parser);
	if (r >= 0)
		r = parse_list(parser, ret, ret_end);
	forget_variables(parser, known);
	parser->nesting--;
	return r;
}

static int parse_control(struct parser *parser, enum node_kind kind, const struct token *word, struct node **ret);

/* Behind {{else: a chain, such as {{else if x}}, whose {{end}} is ours, too; or the rest. */
static int parse_else(struct parser *parser, struct node *node, const struct token *keyword)
{
	enum list_end end;
	const struct token *word = parser_peek_word(parser);
	bool chained = (node->kind == NODE_IF && is_keyword(word, "if")) ||
		       (node->kind == NODE_WITH && is_keyword(word, "with"));
	if (chained) {
		struct node *inner;
		parser_take(parser);
		int r = parser_enter(parser);
		if (r >= 0)
			r = parse_control(parser, node->kind, word, &inner);
		parser->nesting--;
		if (r < 0)
			return r;
		node->otherwise = parser_new_node(parser, NODE_LIST, word);
		*ARRAY_APPEND(node->otherwise->items, node->otherwise->n_items) = inner;
		return 0;
	}
	int r = expect_right(parser, "else");
	if (r >= 0)
		r = parse_body(parser, &node->otherwise, &end);
	if (r >= 0 && end == LIST_ELSE)
		return parser_complain(parser, "expected end; found {{else}}");
	return r;
}

/* Behind the word: if, range or with. */
static int parse_control(struct parser *parser, enum node_kind kind, const struct token *word, struct node **ret)
{
	_cleanup_free_ char *where = mem_strndup(word->text, word->len);
	struct node *node = parser_new_node(parser, kind, word);
	size_t known = strv_count(parser->variables);
	enum list_end end = LIST_END;
	int r = parser_pipe(parser, where, TOKEN_RIGHT, &node->pipe);
	parser->ranges += kind == NODE_RANGE;
	if (r >= 0)
		r = parse_body(parser, &node->body, &end);
	parser->ranges -= kind == NODE_RANGE;
	if (r >= 0 && end == LIST_ELSE)
		r = parse_else(parser, node, word);
	forget_variables(parser, known);
	*ret = node;
	return r;
}

static int parse_name(struct parser *parser, const char *where, char **ret)
{
	const struct token *token = parser_take_word(parser);
	struct node *node = parser_new_node(parser, NODE_STRING, token);
	if (token->kind != TOKEN_STRING && token->kind != TOKEN_RAW)
		return parser_complain_unexpected(parser, token, where);
	int r = parser_string(parser, token, node);
	if (r >= 0)
		*ret = mem_strdup(node->text);
	return r;
}

/* A body for which nothing from around it is known. */
static int parse_definition_body(struct parser *parser, struct node **ret)
{
	_cleanup_strv_ char **outside = TAKE_PTR(parser->variables);
	size_t ranges = parser->ranges;
	enum list_end end;
	parser->ranges = 0;
	strv_append(&parser->variables, "$");
	int r = parse_body(parser, ret, &end);
	strv_free(parser->variables);
	parser->variables = TAKE_PTR(outside);
	parser->ranges = ranges;
	return r >= 0 && end == LIST_ELSE ? parser_complain(parser, "unexpected {{else}}") : r;
}

static int parse_definition(struct parser *parser, char *name)
{
	struct template *template = parser->template;
	struct definition *definition = template_definition(template, name);
	struct node *body;
	if (!definition) {
		definition = ARRAY_APPEND(template->definitions, template->n_definitions);
		definition->name = mem_strdup(name);
	}
	size_t index = (size_t)(definition - template->definitions);
	int r = parse_definition_body(parser, &body);
	if (r >= 0)
		template->definitions[index].body = body;
	return r;
}

static int parse_define(struct parser *parser)
{
	_cleanup_free_ char *name = NULL;
	if (parser->nesting > 0)
		return parser_complain(parser, "unexpected <define> in command");
	int r = parse_name(parser, "define clause", &name);
	if (r >= 0)
		r = expect_right(parser, "define clause");
	return r < 0 ? r : parse_definition(parser, name);
}

/* {{template "name" pipeline}}, or {{block "name" pipeline}} with its definition. */
static int parse_call(struct parser *parser, const struct token *word, bool is_block, struct node **ret)
{
	const char *where = is_block ? "block clause" : "template clause";
	const struct token *left = word;
	while (left->kind != TOKEN_LEFT)
		left--;
	struct node *node = parser_new_node(parser, NODE_CALL, left);
	node->place = parser_peek_word(parser)->text;
	int r = parse_name(parser, where, &node->text);
	if (r < 0)
		return r;
	if (!is_block && parser_peek_word(parser)->kind == TOKEN_RIGHT)
		parser_take(parser);
	else
		r = parser_pipe(parser, where, TOKEN_RIGHT, &node->pipe);
	parser_end_source(parser, node);
	if (r >= 0 && is_block)
		r = parse_definition(parser, node->text);
	*ret = node;
	return r;
}

static int parse_jump(struct parser *parser, enum node_kind kind, const struct token *word, struct node **ret)
{
	if (parser->ranges == 0)
		return parser_complain(parser, "{{%.*s}} outside {{range}}", (int)word->len, word->text);
	*ret = parser_new_node(parser, kind, word);
	return expect_right(parser, "{{break}} or {{continue}}");
}

/* Behind "{{" and a keyword. *ret stays as it is where nothing has to be done when the template is executed. */
static int parse_keyword(struct parser *parser, const struct token *word, struct node **ret)
{
	static const struct {
		const char *word;
		enum node_kind kind;
	} controls[] = { { "if", NODE_IF }, { "range", NODE_RANGE }, { "with", NODE_WITH } };
	for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
		if (is_keyword(word, controls[i].word))
			return parse_control(parser, controls[i].kind, word, ret);
	if (is_keyword(word, "define"))
		return parse_define(parser);
	if (is_keyword(word, "break"))
		return parse_jump(parser, NODE_BREAK, word, ret);
	if (is_keyword(word, "continue"))
		return parse_jump(parser, NODE_CONTINUE, word, ret);
	return parse_call(parser, word, is_keyword(word, "block"), ret);
}

static int parse_action(struct parser *parser, struct node **ret)
{
	const struct token *word = parser_peek_word(parser);
	if (word->kind == TOKEN_KEYWORD)
		return parse_keyword(parser, parser_take(parser), ret);
	struct node *node = parser_new_node(parser, NODE_ACTION, word);
	*ret = node;
	return parser_pipe(parser, "command", TOKEN_RIGHT, &node->pipe);
}

/* --- Lists --- */

/* At {{end}} or {{else}}, of which the end is taken whole, and of the other the word: true. */
static bool at_list_end(struct parser *parser, enum list_end *ret_end)
{
	size_t start = parser->next;
	if (parser_take(parser)->kind == TOKEN_LEFT) {
		const struct token *word = parser_take_word(parser);
		*ret_end = is_keyword(word, "else") ? LIST_ELSE : LIST_END;
		if (*ret_end == LIST_ELSE || is_keyword(word, "end"))
			return true;
	}
	parser->next = start;
	return false;
}

static int parse_item(struct parser *parser, struct node *list)
{
	const struct token *token = parser_take(parser);
	struct node *node = NULL;
	int r = 0;
	if (token->kind == TOKEN_TEXT) {
		node = parser_new_node(parser, NODE_TEXT, token);
		node_set_text(node, token->text, token->len);
	} else if (token->kind == TOKEN_LEFT) {
		r = parse_action(parser, &node);
	} else {
		r = parser_complain_unexpected(parser, token, "input");
	}
	if (r >= 0 && node)
		*ARRAY_APPEND(list->items, list->n_items) = node;
	return r;
}

static int parse_list(struct parser *parser, struct node **ret, enum list_end *ret_end)
{
	*ret = parser_new_node(parser, NODE_LIST, parser_peek(parser));
	while (!at_list_end(parser, ret_end)) {
		int r = parse_item(parser, *ret);
		if (r < 0)
			return r;
	}
	return *ret_end == LIST_END ? expect_right(parser, "end") : 0;
}

static int parse_all(struct parser *parser)
{
	enum list_end end;
	parser->template->body = parser_new_node(parser, NODE_LIST, parser_peek(parser));
	while (parser_peek(parser)->kind != TOKEN_END) {
		if (at_list_end(parser, &end))
			return parser_complain(parser, "unexpected {{%s}}", end == LIST_END ? "end" : "else");
		int r = parse_item(parser, parser->template->body);
		if (r < 0)
			return r;
	}
	return 0;
}

int template_parse(const char *text, struct template **ret, struct error *err)
{
	_cleanup_template_ struct template *template = NEW(struct template);
	if (strlen(text) > TEXT_MAX)
		return err_set(err, ERR_TEMPLATE, "template parsing error: template: it is longer than %d bytes",
			       TEXT_MAX);
	template->text = mem_strdup(text);
	struct parser parser = { .template = template, .err = err };
	template_lex(template->text, &parser.tokens);
	strv_append(&parser.variables, "$");
	int r = parse_all(&parser);
	token_list_done(&parser.tokens);
	strv_free(parser.variables);
	if (r >= 0)
		*ret = TAKE_PTR(template);
	return r;
}

/* --- The tree --- */

struct definition *template_definition(const struct template *template, const char *name)
{
	for (size_t i = 0; i < template->n_definitions; i++)
		if (streq(template->definitions[i].name, name))
			return &template->definitions[i];
	return NULL;
}

static void free_node(struct node *node)
{
	free(node->text);
	strv_free(node->fields);
	free(node->items);
	strv_free(node->variables);
	free(node);
}

void template_free(struct template *template)
{
	if (!template)
		return;
	for (size_t i = 0; i < template->n_nodes; i++)
		free_node(template->nodes[i]);
	free(template->nodes);
	for (size_t i = 0; i < template->n_definitions; i++)
		free(template->definitions[i].name);
	free(template->definitions);
	free(template->text);
	free(template);
}
