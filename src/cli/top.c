/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/targets.h"

enum { COLUMN_MIN = 20 };

static const char BLANKS[] = " \t";

static size_t count_words(const char *line)
{
	size_t count = 0;
	for (line += strspn(line, BLANKS); *line; line += strspn(line, BLANKS)) {
		line += strcspn(line, BLANKS);
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

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	_cleanup_strv_ char **lines = NULL;
	int r = engine_container_top(cli->engine, args[0], args + 1, &lines, err);
	if (r < 0)
		return r;
	_cleanup_table_ struct table table = { .columns = count_words(lines[0]), .column_min = COLUMN_MIN };
	for (char **line = lines; *line; line++)
		add_line(&table, *line);
	table_print(&table, stdout);
	return 0;
}

const struct command command_top = {
	.name = "top",
	.aliases = (const char *const[]){ "container top", NULL },
	.flags = COMMAND_ENGINE | COMMAND_LATEST | COMMAND_STOP_AT_ARGUMENT,
	.usage = "[OPTIONS] CONTAINER [ps OPTIONS]",
	.summary = "Show the processes of a container",
	.description =
		"Prints what the host's *ps*(1) says about them, in the host's process ids; without options those are "
		"*-ef*. Its output has to have a column PID.",
	.examples =
		(const struct example[]){
			{ "top web -o pid,user,pcpu,rss,args", "With columns of one's own" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ LATEST_OPTIONS, NULL },
	.options_size = sizeof(struct latest_options),
	.run = run,
};
