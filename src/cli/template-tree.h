/* SPDX-License-Identifier: Apache-2.0 */
/* What a template means: the tree that template-parse.c makes and template-execute.c walks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/template.h"

struct template_function;

enum node_kind {
	/* What a list consists of. */
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_RANGE,
	NODE_WITH,
	NODE_CALL, /* {{template "name" pipeline}}; for {{block}}, too */
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_LIST,
	/* What a pipeline consists of. */
	NODE_PIPE,
	NODE_COMMAND,
	/* Operands. */
	NODE_DOT,
	NODE_NIL,
	NODE_BOOL,
	NODE_INT,
	NODE_FLOAT,
	NODE_STRING,
	NODE_FIELD,	 /* .A.B */
	NODE_VARIABLE,	 /* $x.A.B */
	NODE_CHAIN,	 /* (pipeline).A.B */
	NODE_IDENTIFIER, /* a function */
};

struct node {
	enum node_kind kind;
	const char *source; /* in the template: the node itself, ... */
	size_t source_len;
	const char *place; /* ... and what messages call its place */

	char *text; /* of TEXT and STRING; the name of VARIABLE, CALL */
	size_t text_len;
	char **fields; /* of FIELD, VARIABLE, CHAIN */
	union {
		bool boolean;
		int64_t integer;
		double real;
	};
	const struct template_function *function;

	struct node **items; /* LIST: nodes; PIPE: commands; COMMAND: operands */
	size_t n_items;
	struct node *pipe;	       /* of ACTION, IF, RANGE, WITH, CALL, CHAIN; of CALL it may be NULL */
	struct node *body, *otherwise; /* of IF, RANGE, WITH; `otherwise` may be NULL */

	char **variables; /* of PIPE: they get its value */
	bool assigns;	  /* with "=", not with ":=" */
};

struct definition {
	char *name;
	struct node *body;
};

struct template
{
	char *text;
	struct node *body;
	struct definition *definitions;
	size_t n_definitions;
	struct node **nodes; /* all of them, for template_free() */
	size_t n_nodes;
};

/* The definition of @name, or NULL. */
struct definition *template_definition(const struct template *template, const char *name);
