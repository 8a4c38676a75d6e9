/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a template. */
#pragma once

#include <stddef.h>

enum token_kind {
	TOKEN_TEXT, /* outside of {{ }} */
	TOKEN_LEFT,
	TOKEN_RIGHT,
	TOKEN_SPACE,
	TOKEN_FIELD,	  /* .Name */
	TOKEN_DOT,	  /* . alone */
	TOKEN_VARIABLE,	  /* $ or $name */
	TOKEN_IDENTIFIER, /* a function's name */
	TOKEN_KEYWORD,	  /* if, range, end, ... */
	TOKEN_BOOL,
	TOKEN_NIL,
	TOKEN_NUMBER,
	TOKEN_CHARACTER, /* 'x' */
	TOKEN_STRING,	 /* "x" */
	TOKEN_RAW,	 /* `x` */
	TOKEN_PIPE,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_DECLARE, /* := */
	TOKEN_ASSIGN,  /* = */
	TOKEN_OTHER,   /* any other printable character */
	TOKEN_ERROR,
	TOKEN_END,
};

struct token {
	enum token_kind kind;
	const char *text; /* in the template */
	size_t len;
	size_t line;
};

struct token_list {
	struct token *tokens; /* the last one is TOKEN_END or TOKEN_ERROR */
	size_t count;
	char error[96]; /* what TOKEN_ERROR means */
};

/* @text has to outlive the list. Comments, and spaces that {{- and -}} take away, are in no token. */
void template_lex(const char *text, struct token_list *ret);
void token_list_done(struct token_list *list);
