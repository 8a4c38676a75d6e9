/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/print.h"

#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

/* What stands between newlines and tabs. An escaped byte takes four characters. */
static void print_escaped(const char *text, size_t len)
{
	_cleanup_free_ char *piece = mem_strndup(text, len);
	_cleanup_free_ char *escaped = mem_alloc(4 * len + 16);
	str_escape_control(piece, escaped, 4 * len + 16);
	fputs(escaped, stdout);
}

void print_text(const char *text)
{
	if (!isatty(STDOUT_FILENO)) {
		fputs(text, stdout);
		return;
	}
	while (*text) {
		size_t len = strcspn(text, "\n\t");
		print_escaped(text, len);
		text += len;
		if (*text)
			putchar(*text++);
	}
}
