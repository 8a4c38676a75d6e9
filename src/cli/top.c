/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/pod-targets.h"
#include "cli/table.h"
#include "cli/targets.h"
#include "cli/top-cgroups.h"

struct top_options {
	bool latest; /* first */
	bool cgroups;
};

enum { COLUMN_MIN = 20 };

static const char BLANKS[] = " \t", TAB[] = "\t";

static size_t count_words(const char *line, const char *between)
{
	size_t count = 0;
	for (line += strspn(line, between); *line; line += strspn(line, between)) {
		line += strcspn(line, between);
		count++;
	}
	return count;
}

/* As many cells as the header has words; the last one, a command line mostly, is all that is left. */
static void add_line(struct table *table, const char *line)
{
	for (size_t i = 0; i < table->columns; i++) {
		line += strspn(line, BLANKS);
		size_t len = i + 1 < table->columns ? strcspn(line, BLANKS) : strlen(line);
		_cleanup_free_ char *cell = mem_strndup(line, len);
		table_add(table, cell);
		line += len;
	}
}

/* Between tabs, a cell may be empty, or have blanks in it. */
static void add_cells(struct table *table, const char *line)
{
	for (size_t i = 0; i < table->columns; i++) {
		size_t len = strcspn(line, TAB);
		_cleanup_free_ char *cell = mem_strndup(line, len);
		table_add(table, cell);
		line += len + (line[len] == *TAB);
	}
}

static int check_words(const struct top_options *options, char *const *args, struct error *err)
{
	if (options->cgroups && args[0])
		err_set(err, ERR_USAGE, "--cgroups is about all containers: it takes no name");
	else if (!options->cgroups && !args[0])
		err_set(err, ERR_USAGE, "'coffer top' requires at least 1 argument");
	else
		return 0;
	return err_hint(err, "coffer top --help");
}

static void show(char *const *lines)
{
	bool has_tabs = strchr(lines[0], *TAB);
	_cleanup_table_ struct table table = { .columns = count_words(lines[0], has_tabs ? TAB : BLANKS),
					       .column_min = has_tabs ? 0 : COLUMN_MIN };
	for (char *const *line = lines; *line; line++)
		(has_tabs ? add_cells : add_line)(&table, *line);
	table_print(&table, stdout);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct top_options *options = data;
	_cleanup_strv_ char **lines = NULL;
	if (check_words(options, args, err) < 0)
		return -ERR_USAGE;
	if (options->cgroups)
		return top_cgroups(cli, err);
	int r = engine_container_top(cli->engine, args[0], args + 1, &lines, err);
	if (r >= 0)
		show(lines);
	return r;
}

/* One header for all. */
static int run_pod(struct cli *cli, void *data, char **args, struct error *err)
{
	char *const pod[] = { args[0], NULL };
	_cleanup_strv_ char **names = NULL, **lines = NULL;
	int r = pod_container_names(cli, pod, true, &names, err);
	for (char **name = names; r >= 0 && *name; name++) {
		_cleanup_strv_ char **some = NULL;
		r = engine_container_top(cli->engine, *name, args + 1, &some, err);
		for (char **line = some; r >= 0 && line && *line; line++)
			if (line > some || !lines)
				strv_append(&lines, *line);
	}
	if (r >= 0)
		show(lines);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_LATEST(struct top_options),
	OPT_BOOL(struct top_options, cgroups, 0, "cgroups",
		 "Show what the control groups of all containers use, and those below and above them"),
	OPT_END,
};

const struct command command_top = {
	.name = "top",
	.aliases = (const char *const[]){ "container top", NULL },
	.flags = COMMAND_ENGINE | COMMAND_LATEST | COMMAND_STOP_AT_ARGUMENT,
	.usage = "[OPTIONS] [CONTAINER [ps OPTIONS|COLUMN...]]",
	.summary = "Show the processes of a container",
	.description =
		"Prints what the host's *ps*(1) says about them, in the host's process ids; without options those are "
		"*-ef*. Its output has to have a column PID.\n\n"
		"Or the columns that are named, as the container sees them and, with an *h*, as the host does: *pid* *hpid* "
		"*ppid* *pgid* *user* *huser* *ruser* *group* *hgroup* *rgroup* *groups* *hgroups* *args* *comm* *state* "
		"*nice* *seccomp*. *-o* takes them, too, if there is one among them that ps does not have.\n\n"
		"With *--cgroups*, control groups instead, the hungriest first, as they were used for a second: those of "
		"containers, what a container has divided its own into, and those above, with all that is in them. What "
		"nobody counts is --.",
	.examples =
		(const struct example[]){
			{ "top web -o pid,user,pcpu,rss,args", "With columns of one's own" },
			{ "top web pid hpid user huser args",
			  "Numbers and users of the container, beside those of the host" },
			{ "top --cgroups", "Which container the CPUs and disks are busy with" },
			{ 0 },
		},
	.min_args = 0,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct top_options),
	.run = run,
};

const struct command command_pod_top = {
	.name = "pod top",
	.flags = COMMAND_ENGINE | COMMAND_STOP_AT_ARGUMENT,
	.usage = "POD [ps OPTIONS|COLUMN...]",
	.summary = "Show the processes of a pod",
	.description = "As *coffer-top*(1) does for each of its containers that runs.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_PODS,
	.run = run_pod,
};
