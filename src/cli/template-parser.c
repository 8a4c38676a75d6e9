/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"
#include "cli/template-parse.h"

enum { NESTING_MAX = 100 };

/* --- Tokens --- */

const struct token *parser_peek(struct parser *parser)
{
	return &parser->tokens.tokens[parser->next];
}

const struct token *parser_take(struct parser *parser)
{
	const struct token *token = parser_peek(parser);
	parser->next += parser->next + 1 < parser->tokens.count;
	return token;
}

const struct token *parser_peek_word(struct parser *parser)
{
	while (parser_peek(parser)->kind == TOKEN_SPACE)
		parser_take(parser);
	return parser_peek(parser);
}

const struct token *parser_take_word(struct parser *parser)
{
	parser_peek_word(parser);
	return parser_take(parser);
}

/* --- Complaints --- */

int parser_complain(struct parser *parser, const char *fmt, ...)
{
	va_list args;
	_cleanup_str_ struct str why = { 0 };
	va_start(args, fmt);
	str_vappendf(&why, fmt, args);
	va_end(args);
	return err_set(parser->err, ERR_TEMPLATE, "template parsing error: template: :%zu: %s",
		       parser_peek(parser)->line, str_text(&why));
}

int parser_complain_unexpected(struct parser *parser, const struct token *token, const char *where)
{
	enum { SHOWN_MAX = 10 };
	int shown = (int)MIN(token->len, (size_t)SHOWN_MAX);
	switch (token->kind) {
	case TOKEN_ERROR:
		return parser_complain(parser, "%s", parser->tokens.error);
	case TOKEN_END:
		return parser_complain(parser, "unexpected EOF");
	case TOKEN_KEYWORD:
		return parser_complain(parser, "unexpected <%.*s> in %s", (int)token->len, token->text, where);
	default:
		return parser_complain(parser, "unexpected \"%.*s\"%s in %s", shown, token->text,
				       token->len > SHOWN_MAX ? "..." : "", where);
	}
}

/* --- Nodes --- */

struct node *parser_new_node(struct parser *parser, enum node_kind kind, const struct token *token)
{
	struct node *node = NEW(struct node);
	*node = (struct node){ .kind = kind, .source = token->text, .source_len = token->len, .place = token->text };
	*ARRAY_APPEND(parser->template->nodes, parser->template->n_nodes) = node;
	return node;
}

void node_set_text(struct node *node, const char *text, size_t len)
{
	node->text = mem_strndup(text, len);
	node->text_len = len;
}

void parser_end_source(struct parser *parser, struct node *node)
{
	const struct token *last = &parser->tokens.tokens[parser->next > 0 ? parser->next - 1 : 0];
	while (last->kind == TOKEN_SPACE && last->text > node->source)
		last--;
	if (last->text >= node->source)
		node->source_len = (size_t)(last->text + last->len - node->source);
}

int parser_enter(struct parser *parser)
{
	return ++parser->nesting <= NESTING_MAX
		       ? 0
		       : parser_complain(parser, "nested more than %d levels deep", NESTING_MAX);
}
