/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of the host that do for us what we do not do ourselves: nft, dnsmasq and pasta. They are looked for where distributions
 * have them, whatever PATH says, and what they complain about is the cause of the error.
 *
 *	const char *path = tool_find("nft");			1. NULL: tool_missing() has the words
 *	int complaints = tool_file("", err);			2. for its standard output and error
 *	...							3. run it
 *	tool_failed("nft", what, complaints, err);		4. unless it succeeded
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Its path, in static memory; NULL: it is not installed. One call's answer lives until the next. */
const char *tool_find(const char *name);

/* -ERR_UNSUPPORTED: "@what: there is no @name", with the package that has it. */
int tool_missing(const char *name, const char *package, const char *what, struct error *err);

/* A file in memory with @text, at its beginning. */
int tool_file(const char *text, struct error *err);

/* -ERR_SYSTEM, with the first line that it wrote. */
int tool_failed(const char *name, const char *what, int complaints, struct error *err);

/*
 * Run a tool of @package and take what it writes, at most @max bytes. argv[0] is its name; @what is for messages. free()
 * *ret. Errors: ERR_UNSUPPORTED where it is not installed; as tool_failed().
 */
int tool_output(const char *package, char *const *argv, const char *what, size_t max, char **ret, size_t *ret_len,
		struct error *err);

/* A tool that goes on in the background when it is ready. */
struct tool_start {
	const char *name, *program; /* what tool_find() said of it */
	const char *what;	    /* for messages: "start the name server" */
	char *const *argv;
	int netns;		    /* the network namespace that it starts in, or -1: ours */
	const int *pass_fds; /* further ones that it keeps, from PASS_FD_FIRST up */
	size_t n_pass_fds;
	const char *source, *place; /* it sees the one at the place of the other, and nobody else does */
};

/* Wait for that. Nothing of ours stays open in it. Errors: as tool_failed(). */
int tool_start(const struct tool_start *start, struct error *err);

/*
 * A pidfd of the process whose pid the file @pid_file has, or -ESRCH. It counts only if one of the words of its command
 * line is @word, so that a pid that was reused leads to nobody else.
 */
int tool_find_process(const char *pid_file, const char *word);

/* End it: by SIGTERM, and after five seconds by SIGKILL. */
void tool_end_process(int pidfd);

/*
 * A tool that has files of its own in @directory: @pid_file, and @place, which its command line names. Make the place, as
 * an empty file; ask whether the tool runs; end it if it does.
 */
int tool_make_place(const char *path, const char *what, struct error *err);
bool tool_is_running(const char *directory, const char *pid_file, const char *place);
void tool_stop(const char *directory, const char *pid_file, const char *place);
