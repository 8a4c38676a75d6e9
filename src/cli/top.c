/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/targets.h"

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

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	_cleanup_strv_ char **lines = NULL;
	int r = engine_container_top(cli->engine, args[0], args + 1, &lines, err);
	if (r < 0)
		return r;
	bool has_tabs = strchr(lines[0], *TAB);
	_cleanup_table_ struct table table = { .columns = count_words(lines[0], has_tabs ? TAB : BLANKS),
					       .column_min = has_tabs ? 0 : COLUMN_MIN };
	for (char **line = lines; *line; line++)
		(has_tabs ? add_cells : add_line)(&table, *line);
	table_print(&table, stdout);
	return 0;
}

const struct command command_top = {
	.name = "top",
	.aliases = (const char *const[]){ "container top", NULL },
	.flags = COMMAND_ENGINE | COMMAND_LATEST | COMMAND_STOP_AT_ARGUMENT,
	.usage = "[OPTIONS] CONTAINER [ps OPTIONS|COLUMN...]",
	.summary = "Show the processes of a container",
	.description =
		"Prints what the host's *ps*(1) says about them, in the host's process ids; without options those are "
		"*-ef*. Its output has to have a column PID.\n\n"
		"Or the columns that are named, as the container sees them and, with an *h*, as the host does: *pid* *hpid* "
		"*ppid* *pgid* *user* *huser* *ruser* *group* *hgroup* *rgroup* *groups* *hgroups* *args* *comm* *state* "
		"*nice* *seccomp*. *-o* takes them, too, if there is one among them that ps does not have.",
	.examples =
		(const struct example[]){
			{ "top web -o pid,user,pcpu,rss,args", "With columns of one's own" },
			{ "top web pid hpid user huser args",
			  "Numbers and users of the container, beside those of the host" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ LATEST_OPTIONS, NULL },
	.options_size = sizeof(struct latest_options),
	.run = run,
};
