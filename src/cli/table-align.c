/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/table.h"

enum { GAP = 3, COLUMN_MIN = 10 };

struct line {
	char **cells;	/* the last one belongs to no column */
	size_t columns; /* cells with a tab behind them */
	size_t *widths; /* of those */
};

static size_t width(const char *text)
{
	size_t count = 0;
	for (; *text; text++)
		count += (*text & 0xc0) != 0x80;
	return count;
}

/* The width of @column in the lines from @first on that have it, which *ret_end is behind. */
static size_t measure(const struct line *lines, size_t n_lines, size_t first, size_t column, size_t *ret_end)
{
	size_t most = COLUMN_MIN, i = first;
	for (; i < n_lines && lines[i].columns > column; i++)
		most = MAX(most, width(lines[i].cells[column]) + GAP);
	*ret_end = i;
	return most;
}

static void set_widths(struct line *lines, size_t n_lines, size_t column)
{
	for (size_t i = 0; i < n_lines;) {
		size_t end, most = measure(lines, n_lines, i, column, &end);
		for (size_t k = i; k < end; k++)
			lines[k].widths[column] = most;
		i = MAX(end, i + 1);
	}
}

static void append_line(struct str *out, const struct line *line)
{
	for (size_t i = 0; i < line->columns; i++)
		str_appendf(out, "%s%*s", line->cells[i], (int)(line->widths[i] - width(line->cells[i])), "");
	if (line->cells && line->cells[0])
		str_append(out, line->cells[line->columns]);
}

static char *align_lines(char *const *texts, size_t n_lines)
{
	_cleanup_free_ struct line *lines = mem_alloc(n_lines * sizeof *lines);
	struct str out = { 0 };
	size_t columns = 0;
	for (size_t i = 0; i < n_lines; i++) {
		lines[i].cells = strv_split(texts[i], '\t');
		lines[i].columns = *texts[i] ? strv_count(lines[i].cells) - 1 : 0;
		lines[i].widths = mem_alloc((lines[i].columns + 1) * sizeof *lines[i].widths);
		columns = MAX(columns, lines[i].columns);
	}
	for (size_t column = 0; column < columns; column++)
		set_widths(lines, n_lines, column);
	for (size_t i = 0; i < n_lines; i++) {
		append_line(&out, &lines[i]);
		str_append(&out, i + 1 < n_lines ? "\n" : "");
		strv_free(lines[i].cells);
		free(lines[i].widths);
	}
	return str_take(&out);
}

char *table_align(const char *text)
{
	_cleanup_strv_ char **texts = strv_split(text, '\n');
	return align_lines(texts, strv_count(texts));
}
