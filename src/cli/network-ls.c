/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/table.h"
#include "engine/network.h"

struct ls_options {
	bool quiet, no_trunc;
};

struct line {
	const char *id, *name, *driver;
};

static void add_line(struct table *table, const struct ls_options *options, const struct line *line)
{
	_cleanup_str_ struct str id = { 0 };
	format_container_id(&id, line->id, options->no_trunc);
	if (options->quiet) {
		puts(str_text(&id));
		return;
	}
	table_add_row(table, (const char *const[]){ str_text(&id), line->name, line->driver, "local", NULL });
}

/* The two that are no rows have ids that are nobody's. */
static const struct line WORDS[] = {
	{ "1000000000000000000000000000000000000000000000000000000000000000", "host", "host" },
	{ "2000000000000000000000000000000000000000000000000000000000000000", "none", "null" },
};

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct ls_options *options = data;
	_cleanup_table_ struct table table = { .columns = 4 };
	struct network_record **records;
	size_t count, word = 0;
	int r = engine_network_list(cli->engine, &records, &count, err);
	if (r < 0)
		return r;
	table_add_row(&table, (const char *const[]){ "NETWORK ID", "NAME", "DRIVER", "SCOPE", NULL });
	for (size_t i = 0; i <= count; i++) {
		/* By name, all of them. */
		while (word < 2 && (i == count || strcmp(WORDS[word].name, records[i]->name) < 0))
			add_line(&table, options, &WORDS[word++]);
		if (i < count) {
			const struct line line = { records[i]->id, records[i]->name, records[i]->driver };
			add_line(&table, options, &line);
			network_record_free(records[i]);
		}
	}
	free(records);
	if (!options->quiet)
		table_print(&table, stdout);
	return 0;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct ls_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_BOOL(struct ls_options, quiet, 'q', "quiet", "Print IDs only"),
	OPT_REFUSED('f', "filter", "it is not available yet"),
	OPT_REFUSED(0, "format", "it is not available yet"),
	OPT_END,
};

const struct command command_network_ls = {
	.name = "network ls",
	.aliases = (const char *const[]){ "network list", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS]",
	.summary = "List networks",
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct ls_options),
	.run = run,
};
