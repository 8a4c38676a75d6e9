/* SPDX-License-Identifier: Apache-2.0 */
/* A template at work: template-evaluate.c finds values, template-execute.c does with them what the template says. */
#pragma once

#include "cli/template-tree.h"
#include "cli/template-value.h"

struct variable {
	const char *name;
	struct template_value value;
};

struct execution {
	const struct template *template;
	const struct template_data *data;
	const char *name; /* of the template that is executed just now */
	struct value_pool pool;
	struct variable *variables; /* the newest last */
	size_t n_variables;
	size_t depth, steps;
	struct str *out;
	struct error *err;
};

/* "template parsing error: template: :1:2: executing "" at <.Foo>: ...": -ERR_INVALID. */
int run_fail(struct execution *run, const struct node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Count a step, and what has been made so far. */
int run_spend(struct execution *run, const struct node *node);

void run_push_variable(struct execution *run, const char *name, const struct template_value *value);

/* @name is declared, or assigned to, as @pipe says. */
void run_set_variable(struct execution *run, const struct node *pipe, const char *name,
		      const struct template_value *value);

/* The value of the pipeline's last command. */
int run_pipe(struct execution *run, const struct template_value *dot, const struct node *pipe,
	     struct template_value *ret);

/* The same, and its variables get it; those of a range get something else. */
int run_pipe_and_set(struct execution *run, const struct template_value *dot, const struct node *pipe,
		     struct template_value *ret);
