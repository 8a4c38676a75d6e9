/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/terminal.h"

int ask_line(const char *prompt, bool secret, char **ret, struct error *err)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int r = secret ? terminal_hide_input(STDIN_FILENO, err) : 0;
	if (r < 0)
		return r;
	fputs(prompt, stdout);
	fflush(stdout);
	ssize_t len = getline(&line, &size, stdin);
	if (secret) {
		terminal_restore();
		putchar('\n');
	}
	if (len <= 0)
		return err_set(err, ERR_CANCELLED, "cancelled: nothing was typed");
	line[strcspn(line, "\r\n")] = '\0';
	*ret = TAKE_PTR(line);
	return 0;
}
