/* SPDX-License-Identifier: Apache-2.0 */
/* `ps`: what the host's ps(1) says about the container's processes; its pid column tells which lines are those. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/str.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"
#include "runtime/program.h"

enum { OUTPUT_MAX = 64 << 20 };

struct ps_options {
	enum output_format format;
};

static const struct option OPTIONS[] = {
	OPT_CHOICE(struct ps_options, format, 'f', "format", output_formats, "table (the default) or json"),
	OPT_END,
};

struct pids {
	pid_t *list;
	size_t count;
};

static void pids_done(struct pids *pids)
{
	free(pids->list);
}

static int compare(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static bool contains(const struct pids *sorted, pid_t pid)
{
	return sorted->count > 0 && bsearch(&pid, sorted->list, sorted->count, sizeof pid, compare);
}

static void print_json(const struct pids *pids)
{
	_cleanup_json_ struct json_object *array = json_object_new_array();
	for (size_t i = 0; i < pids->count; i++)
		json_object_array_add(array, json_object_new_int(pids->list[i]));
	puts(pids->count ? json_text(array) : "null"); /* as runc prints an empty list */
}

/* --- the table --- */

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
		return err_set(err, ERR_USAGE, "ps failed with exit status %d: %s", process_exit_code(status), text);
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
	return err_set(err, ERR_USAGE, "there is no column PID in the output of ps: it tells which processes to show");
}

static int print_table(const struct pids *pids, char *const *ps_options, struct error *err)
{
	_cleanup_strv_ char **argv = NULL;
	strv_append(&argv, "ps");
	for (; *ps_options; ps_options++)
		strv_append(&argv, *ps_options);
	if (strv_count(argv) == 1)
		strv_append(&argv, "-ef");
	_cleanup_free_ char *text = NULL;
	size_t column = 0;
	int r = run_ps(argv, &text, err);
	if (r < 0)
		return r;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	if (strv_count(lines) == 0)
		return err_set(err, ERR_SYSTEM, "ps has printed nothing");
	if ((r = find_pid_column(lines[0], &column, err)) < 0)
		return r;
	puts(lines[0]);
	for (char **line = lines + 1; *line; line++) {
		_cleanup_free_ char *word = word_at(*line, column);
		uint64_t pid;
		if (word && parse_u64(word, INT32_MAX, &pid, NULL) == 0 && contains(pids, (pid_t)pid))
			puts(*line);
	}
	return 0;
}

static int ps(const struct runtime_globals *globals, const struct ps_options *options, char *const *args,
	      struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	_cleanup_(pids_done) struct pids pids = { 0 };
	int r = container_load(globals->root, args[0], &container, err);
	if (r < 0 || (r = container_pids(container, &pids.list, &pids.count, err)) < 0)
		return r;
	if (pids.count > 0)
		qsort(pids.list, pids.count, sizeof *pids.list, compare);
	if (options->format == OUTPUT_TABLE)
		return print_table(&pids, args + 1, err);
	print_json(&pids);
	return 0;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	enum { MOST_ARGUMENTS = 1024 };
	struct ps_options options = { 0 };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 1, MOST_ARGUMENTS, &args, err);
	return r != 0 ? MIN(r, 0) : ps(globals, &options, args, err);
}

const struct runtime_verb verb_ps = {
	.name = "ps",
	.arguments = "ID [PS-OPTIONS]",
	.summary = "Print the processes of a container",
	.options = OPTIONS,
	.flags = VERB_STOPS_AT_ARGUMENT,
	.run = run,
};
