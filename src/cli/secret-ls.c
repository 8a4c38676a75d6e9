/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/rows.h"
#include "engine/secret.h"

struct ls_options {
	bool quiet;
	char **filters;
	char *format;
};

static const struct rows_kind SECRET_ROWS = {
	.what = "secret",
	.has_labels = true,
	.fields =
		(const struct rows_field[]){
			{ "CreatedAt", "CREATED" },
			{ "Driver", "DRIVER" },
			{ "ID", "ID" },
			{ "Labels", "LABELS" },
			{ "Name", "NAME" },
			{ "UpdatedAt", "UPDATED" },
			{ 0 },
		},
};

static char *ago(int64_t when)
{
	char text[TIME_TEXT_MAX];
	return mem_printf("%s ago", time_format_duration(time_now_ns() - when, text));
}

static struct json_object *fields_of(const struct secret *secret)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_free_ char *created = ago(secret->created_at), *updated = ago(secret->updated_at);
	_cleanup_free_ char *labels = strv_join(secret->labels, ",");
	json_add_string(fields, "CreatedAt", created);
	json_add_string(fields, "Driver", SECRET_DRIVER);
	json_add_string(fields, "ID", secret->id);
	json_add_string(fields, "Labels", labels);
	json_add_string(fields, "Name", secret->name);
	json_add_string(fields, "UpdatedAt", updated);
	return fields;
}

/* Every filter has to match: "name=PREFIX" or "id=PREFIX". */
static int matches(const struct secret *secret, char *const *filters, struct error *err)
{
	for (; filters && *filters; filters++) {
		const char *name = str_after(*filters, "name="), *id = str_after(*filters, "id=");
		if (!name && !id)
			return err_set(err, ERR_INVALID, "Invalid filter '%s': there are name=PREFIX and id=PREFIX",
				       *filters);
		if (!str_starts_with(name ? secret->name : secret->id, name ? name : id))
			return 0;
	}
	return 1;
}

static int show(struct secret *const *list, size_t count, const struct ls_options *options, struct rows *rows,
		struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = matches(list[i], options->filters, err);
		if (r > 0 && options->quiet)
			puts(list[i]->id);
		else if (r > 0)
			r = rows_add(rows, fields_of(list[i]), list[i]->labels, err);
	}
	if (r >= 0 && !options->quiet)
		rows_print(rows);
	return r < 0 ? r : 0;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "ID", "Name", "Driver", "CreatedAt", "UpdatedAt", NULL };
	const struct ls_options *options = data;
	_cleanup_rows_ struct rows rows = { 0 };
	struct secret **list = NULL;
	size_t count = 0;
	int r = rows_begin(&rows, &SECRET_ROWS, options->quiet ? NULL : options->format, columns, err);
	if (r >= 0)
		r = engine_secret_list(cli->engine, &list, &count, err);
	if (r >= 0)
		r = show(list, count, options, &rows, err);
	while (count > 0)
		secret_free(list[--count]);
	free(list);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_LIST(struct ls_options, filters, 'f', "filter", "Show those for which KEY=PREFIX is true: id, name"),
	OPT_FORMAT(struct ls_options, format, 0),
	OPT_BOOL(struct ls_options, quiet, 'q', "quiet", "Print ids only"),
	OPT_END,
};

const struct command command_secret_ls = {
	.name = "secret ls",
	.aliases = (const char *const[]){ "secret list", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS]",
	.summary = "List secrets",
	.description = "Fields of templates: .CreatedAt .Driver .ID .Labels .Label \"KEY\" .Name .UpdatedAt.",
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct ls_options),
	.run = run,
};
