/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns for people: each is as wide as its widest cell and three spaces, ten characters at least, as Docker's are.
 *
 *	struct table table = { .columns = 3 };    1. zero-initialised but for the number of columns
 *	table_add(&table, "NAME");                2. cell after cell, row after row, the header first
 *	table_print(&table, stdout);              3. print
 *	table_done(&table);                       4. free
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct table {
	size_t columns;
	size_t column_min; /* width of a column that could be narrower; 0: ten */
	char **cells;
	size_t n_cells;
};

/* Control characters of @text are escaped: much of what is shown comes out of images and from registries. */
void table_add(struct table *table, const char *text);

/* A row of headers, NULL-terminated. */
void table_add_row(struct table *table, const char *const *texts);

void table_print(const struct table *table, FILE *out);
/*
 * Text of lines with tabs in them, in columns of the same widths: a column goes over as many lines, one below the other, as
 * have a tab behind it. free() it.
 * Source: pkg.go.dev/text/tabwriter, as Docker uses it.
 */
char *table_align(const char *text);

void table_done(struct table *table);
#define _cleanup_table_ _cleanup_(table_done)
