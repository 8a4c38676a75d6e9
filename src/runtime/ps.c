/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/ps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/program.h"

enum { OUTPUT_MAX = 64 << 20 };

static int compare(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static bool contains(const pid_t *sorted, size_t count, pid_t pid)
{
	return count > 0 && bsearch(&pid, sorted, count, sizeof pid, compare);
}

/* Behind the first line of what it says is how it is to be used: a page. */
static int refused(int status, const char *text, struct error *err)
{
	return err_set(err, ERR_INVALID, "ps failed with exit status %d: %.*s", process_exit_code(status),
		       (int)strcspn(text, "\n"), text);
}

/* Both of its streams, for what it says when it fails is the reason. */
static int run_ps(char *const *argv, char **ret, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	int ends[2], status = 0, r = program_find(argv[0], environ, &path, err);
	pid_t pid;
	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	_cleanup_close_ int output = ends[0];
	struct process_spawn spawn = { .path = path, .argv = argv, .stdio = { -1, ends[1], ends[1] } };
	r = process_spawn(&spawn, &pid, err);
	fd_close(ends[1]);
	if (r < 0)
		return r;
	_cleanup_free_ char *text = NULL;
	r = fd_read_text(output, OUTPUT_MAX, "the output of ps", &text, NULL, err);
	int waited = process_wait(pid, &status, r < 0 ? NULL : err);
	if (r < 0 || waited < 0)
		return MIN(r, waited);
	if (process_exit_code(status) != 0)
		return refused(status, text, err);
	*ret = TAKE_PTR(text);
	return 0;
}

/* The word number @index of @line, or NULL; free() it. */
static char *word_at(const char *line, size_t index)
{
	static const char blanks[] = " \t";
	line += strspn(line, blanks);
	for (; index > 0 && *line; index--) {
		line += strcspn(line, blanks);
		line += strspn(line, blanks);
	}
	return *line ? mem_strndup(line, strcspn(line, blanks)) : NULL;
}

static int find_pid_column(const char *header, size_t *ret, struct error *err)
{
	for (size_t i = 0;; i++) {
		_cleanup_free_ char *word = word_at(header, i);
		if (!word)
			break;
		if (!streq(word, "PID"))
			continue;
		*ret = i;
		return 0;
	}
	return err_set(err, ERR_INVALID,
		       "there is no column PID in the output of ps: it tells which processes to show");
}

static bool is_of(const char *line, size_t column, const pid_t *sorted, size_t count)
{
	_cleanup_free_ char *word = word_at(line, column);
	uint64_t pid;
	return word && parse_u64(word, INT32_MAX, &pid, NULL) == 0 && contains(sorted, count, (pid_t)pid);
}

int ps_lines(pid_t *pids, size_t count, char *const *options, char ***ret_lines, struct error *err)
{
	_cleanup_strv_ char **argv = NULL, **chosen = NULL;
	_cleanup_free_ char *text = NULL;
	size_t column = 0;
	strv_append(&argv, "ps");
	for (; options && *options; options++)
		strv_append(&argv, *options);
	if (strv_count(argv) == 1)
		strv_append(&argv, "-ef");
	int r = run_ps(argv, &text, err);
	if (r < 0)
		return r;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	if (strv_count(lines) == 0)
		return err_set(err, ERR_SYSTEM, "ps has printed nothing");
	if ((r = find_pid_column(lines[0], &column, err)) < 0)
		return r;
	if (count > 0)
		qsort(pids, count, sizeof *pids, compare);
	strv_append(&chosen, lines[0]);
	for (char **line = lines + 1; *line; line++)
		if (is_of(*line, column, pids, count))
			strv_append(&chosen, *line);
	*ret_lines = TAKE_PTR(chosen);
	return 0;
}
