/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the parser share: template-pipe.c has pipelines, template-parse.c what is made of them. */
#pragma once

#include "cli/template-lex.h"
#include "cli/template-tree.h"

struct parser {
	struct template *template;
	struct token_list tokens;
	size_t next;
	char **variables; /* those that are known here */
	size_t nesting;
	size_t ranges; /* that we are in the body of */
	struct error *err;
};

/* The next token, and the next one that is no space. The last token stays the next one when it is taken. */
const struct token *parser_peek(struct parser *parser);
const struct token *parser_take(struct parser *parser);
const struct token *parser_peek_word(struct parser *parser);
const struct token *parser_take_word(struct parser *parser);

/* Complaints: ERR_USAGE. */
int parser_complain(struct parser *parser, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int parser_complain_unexpected(struct parser *parser, const struct token *token, const char *where);

/* One level deeper; the caller counts `nesting` down again in any case. */
int parser_enter(struct parser *parser);

/* A node that belongs to the template from its birth; its source is @token for a start. */
struct node *parser_new_node(struct parser *parser, enum node_kind kind, const struct token *token);

void node_set_text(struct node *node, const char *text, size_t len);

/* The source of @node ends where the last token that was taken does, without spaces. */
void parser_end_source(struct parser *parser, struct node *node);

/* A pipeline up to and with the token @end; @where names it in complaints. */
int parser_pipe(struct parser *parser, const char *where, enum token_kind end, struct node **ret);

/* The text of a string's token, in a node. */
int parser_string(struct parser *parser, const struct token *token, struct node *node);
