/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/str.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/pod-rows.h"
#include "cli/report.h"
#include "engine/pod-filter.h"

struct ls_options {
	bool quiet, no_trunc, latest, names, ids, states;
	char **filters;
	char *format;
};

static int show(const struct ls_options *options, struct rows *rows, const struct pod *pod, struct error *err)
{
	_cleanup_str_ struct str id = { 0 };
	if (!options->quiet)
		return rows_add(rows, pod_fields(pod, options->no_trunc, time_now_ns()), pod->labels, err);
	format_container_id(&id, pod->id, options->no_trunc);
	puts(str_text(&id));
	return 0;
}

static int show_all(struct cli *cli, const struct ls_options *options, const struct pod_filter *filter,
		    struct rows *rows, struct error *err)
{
	struct pod **pods;
	size_t count, shown = 0;
	int r = engine_pod_list(cli->engine, &pods, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		bool wanted = pod_filter_matches(filter, pods[i]) && !(options->latest && shown > 0);
		if (r >= 0 && wanted)
			r = show(options, rows, pods[i], err);
		shown += wanted;
	}
	pods_free(pods, count);
	return r;
}

/* As Podman has them: those of containers in place of their number. */
static void choose_columns(const struct ls_options *options, const char *columns[static 9])
{
	size_t n = 0;
	columns[n++] = "ID";
	columns[n++] = "Name";
	columns[n++] = "Status";
	columns[n++] = "Created";
	columns[n++] = "InfraID";
	if (options->ids)
		columns[n++] = "ContainerIds";
	if (options->names)
		columns[n++] = "ContainerNames";
	if (options->states)
		columns[n++] = "ContainerStatuses";
	if (!options->ids && !options->names && !options->states)
		columns[n++] = "NumberOfContainers";
	columns[n] = NULL;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const char *columns[9];
	const struct ls_options *options = data;
	_cleanup_pod_filter_ struct pod_filter filter = { 0 };
	_cleanup_rows_ struct rows rows = { 0 };
	choose_columns(options, columns);
	int r = rows_begin(&rows, &POD_ROWS, options->quiet ? NULL : options->format, columns, err);
	if (r >= 0)
		r = pod_filter_parse(options->filters, &filter, err);
	if (r >= 0 && options->quiet && options->format)
		report_notice("--format is ignored, because --quiet is given");
	if (r >= 0)
		r = show_all(cli, options, &filter, &rows, err);
	if (r >= 0 && !options->quiet)
		rows_print(&rows);
	return r < 0 ? r : 0;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct ls_options, ids, 0, "ctr-ids", "Show the IDs of their containers"),
	OPT_BOOL(struct ls_options, names, 0, "ctr-names", "Show the names of their containers"),
	OPT_BOOL(struct ls_options, states, 0, "ctr-status", "Show the states of their containers"),
	OPT_LIST(struct ls_options, filters, 'f', "filter",
		 "Show those for which KEY=VALUE is true: id, name, label, status, ctr-ids, ctr-names, ctr-number, "
		 "ctr-status, network, until"),
	OPT_FORMAT(struct ls_options, format, 0),
	OPT_BOOL(struct ls_options, latest, 'l', "latest", "Show the last created pod only"),
	OPT_BOOL(struct ls_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_BOOL(struct ls_options, quiet, 'q', "quiet", "Print IDs only"),
	OPT_END,
};

const struct command command_pod_ls = {
	.name = "pod ls",
	.aliases = (const char *const[]){ "pod list", "pod ps", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "List pods",
	.description =
		"The status of a pod is that of its containers, the infra container among them: *Created*, *Running* when all "
		"run, *Degraded* when some do, *Paused*, *Exited* when all have ended, *Stopped* when some have and none runs."
		"\n\n"
		"Fields of templates: .ContainerIds .ContainerNames .ContainerStatuses .Created .CreatedAt .ID .InfraID "
		".Labels .Label \"KEY\" .Name .Networks .NumberOfContainers .Status.",
	.examples =
		(const struct example[]){
			{ "pod ls --filter status=degraded --ctr-names", "Those of which something does not run" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct ls_options),
	.run = run,
};
