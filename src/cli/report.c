/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"

#define PROGRAM "coffer"
#define RED_BOLD "\033[1;31m"
#define FAINT "\033[2m"
#define RESET "\033[0m"

static bool wants_colour(void)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	return isatty(STDERR_FILENO) && str_is_empty(no_colour) && term && !streq(term, "dumb");
}

/* The program's name stands out and the last line, which is for scripts, stays back. */
static void paint(struct str *painted, const char *text)
{
	const char *rest = str_after(text, PROGRAM ":");
	const char *last = strrchr(text, '[');
	if (!rest || !last || last < rest) {
		str_append(painted, text);
		return;
	}
	str_appendf(painted, RED_BOLD PROGRAM ":" RESET "%.*s" FAINT "%.*s" RESET "\n", (int)(last - rest), rest,
		    (int)strcspn(last, "\n"), last);
}

void report_error(const struct error *err, int exit_status)
{
	char text[sizeof *err + 256];
	_cleanup_str_ struct str painted = { 0 };
	err_format(err, PROGRAM, exit_status, text, sizeof text);
	if (wants_colour())
		paint(&painted, text);
	else
		str_append(&painted, text);
	fflush(stdout);
	(void)fd_write_all(STDERR_FILENO, painted.data, painted.len);
}

void report_notice(const char *fmt, ...)
{
	char raw[1024], safe[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(raw, sizeof raw, fmt, args);
	va_end(args);
	str_escape_control(raw, safe, sizeof safe);
	fflush(stdout);
	dprintf(STDERR_FILENO, PROGRAM ": %s\n", safe);
}

int report_flush(struct error *err)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return err_sys(err, errno ? errno : EIO, "write to standard output");
}

int report_each(struct cli *cli, const void *context, char *const *args,
		int (*act)(struct cli *cli, const void *context, const char *arg, struct error *err))
{
	enum { SOME_FAILED = 1 };
	int status = 0;
	for (; *args; args++) {
		struct error err = { 0 };
		if (act(cli, context, *args, &err) >= 0)
			continue;
		report_error(&err, SOME_FAILED);
		status = SOME_FAILED;
	}
	return status;
}
