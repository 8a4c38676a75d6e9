/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

enum { GAP = 3, COLUMN_MIN = 10 };

/* An escaped byte takes four characters. */
static char *escaped(const char *text)
{
	size_t size = 4 * strlen(text) + 16;
	char *copy = mem_alloc(size);
	str_escape_control(text, copy, size);
	return copy;
}

void table_add(struct table *table, const char *text)
{
	*ARRAY_APPEND(table->cells, table->n_cells) = escaped(text);
}

void table_add_row(struct table *table, const char *const *texts)
{
	for (; *texts; texts++)
		table_add(table, *texts);
}

/* Characters, not bytes: every byte of UTF-8 that does not continue one. */
static size_t width(const char *text)
{
	size_t count = 0;
	for (; *text; text++)
		count += (*text & 0xc0) != 0x80;
	return count;
}

void table_print(const struct table *table, FILE *out)
{
	size_t least = table->column_min ? table->column_min : (size_t)COLUMN_MIN;
	_cleanup_free_ size_t *widths = mem_alloc(table->columns * sizeof *widths);
	for (size_t i = 0; i < table->n_cells; i++) {
		size_t *column = &widths[i % table->columns];
		size_t needed = MAX(width(table->cells[i]) + GAP, least);
		*column = MAX(*column, needed);
	}
	for (size_t i = 0; i < table->n_cells; i++) {
		size_t column = i % table->columns;
		const char *cell = table->cells[i];
		if (column + 1 == table->columns)
			fprintf(out, "%s\n", cell);
		else
			fprintf(out, "%s%*s", cell, (int)(widths[column] - width(cell)), "");
	}
}

void table_done(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct table){ .columns = table->columns, .column_min = table->column_min };
}
