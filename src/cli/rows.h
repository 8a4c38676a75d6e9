/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists with --format. A list is of one kind, whose fields are named in a table; each row is an object of texts with those
 * names, and the rest follows: the default table, `json`, Go templates, and `table TEMPLATE`, which has a line of headers.
 *
 *	struct rows rows = { 0 };			1. zero-initialised
 *	rows_begin(&rows, &KIND, format, columns, err)	2. the format is parsed before anything is asked for
 *	rows_add(&rows, fields, labels, err)		3. row after row
 *	rows_print(&rows)				4. print what is not printed yet
 *	rows_done(&rows)				5. free
 *
 * Source: docs.docker.com/engine/cli/formatting; the behaviour of docker 28.
 */
#pragma once

#include "base/str.h"
#include "cli/options.h"
#include "cli/table.h"
#include "cli/template.h"

struct rows_field {
	const char *name; /* NULL ends a table */
	const char *header;
};

struct rows_kind {
	const char *what; /* "container", for messages */
	const struct rows_field *fields;
	bool has_labels; /* {{.Label "key"}} */
};

enum rows_mode { ROWS_TABLE, ROWS_JSON, ROWS_TEMPLATE };

struct rows {
	const struct rows_kind *kind;
	enum rows_mode mode;
	const char *const *columns; /* of ROWS_TABLE: the names of fields, NULL-terminated */
	struct table table;
	struct template *template;
	char *text;	    /* of the template */
	bool has_header;    /* of ROWS_TEMPLATE */
	struct str printed; /* rows, and the header before them */
};

/*
 * @format is what --format says, or NULL; @columns is the default table. Both have to live as long as @rows. Errors:
 * ERR_TEMPLATE for a template that cannot be parsed.
 */
int rows_begin(struct rows *rows, const struct rows_kind *kind, const char *format, const char *const *columns,
	       struct error *err);

/* Whether @field is asked for, as a column or in a template: for those that are expensive. */
bool rows_show(const struct rows *rows, const char *field);

/*
 * Takes the reference of @fields. @labels ("key=value") are for {{.Label}}. Errors: ERR_INVALID for a template that cannot
 * be executed; the hint names the fields.
 */
int rows_add(struct rows *rows, struct json_object *fields, char *const *labels, struct error *err);

/* A field of text that was put together; @text is empty afterwards. */
void rows_put_text(struct json_object *fields, const char *key, struct str *text);

void rows_print(const struct rows *rows);
void rows_done(struct rows *rows);
#define _cleanup_rows_ _cleanup_(rows_done)

/* The row of a command's flags. */
#define OPT_FORMAT(type, field, letter_)                                                                          \
	OPT_STRING(type, field, letter_, "format", "string",                                                      \
		   "Print with a Go template: \"table\", \"table TEMPLATE\" with headers, \"json\", or TEMPLATE", \
		   .choices = (const char *const[]){ "table", "json", NULL })
