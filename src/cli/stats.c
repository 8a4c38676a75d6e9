/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/pod-targets.h"
#include "cli/targets.h"
#include "runtime/cgroup.h"

struct stats_options {
	bool latest;
	bool all, no_stream, no_trunc;
	bool memory, events, per_cpu;
	char *format;
};

/* What is asked for: one view, and how to look. */
struct request {
	const struct stats_options *options;
	const struct stats_view *view;
	char *const *names;
};

/* --- Looking --- */

struct looks {
	struct look *list;
	size_t count;
};

static void looks_done(struct looks *looks)
{
	for (size_t i = 0; i < looks->count; i++) {
		container_record_free(looks->list[i].record);
		container_stats_done(&looks->list[i].stats);
		threads_done(&looks->list[i].threads);
	}
	free(looks->list);
	*looks = (struct looks){ 0 };
}
#define _cleanup_looks_ _cleanup_(looks_done)

static void add_look(struct cli *cli, const struct request *request, struct looks *looks,
		     struct container_record *record, const char *asked)
{
	struct look *look = ARRAY_APPEND(looks->list, looks->count);
	look->record = record;
	look->asked = asked;
	look->known = container_stats_read(cli->engine, record, &look->stats) > 0;
	if (look->known && request->view->needs_threads)
		(void)container_threads_read(cli->engine, record, &look->threads);
}

static int look_at_all(struct cli *cli, const struct request *request, struct looks *looks, struct error *err)
{
	struct container_record **records;
	size_t count;
	int r = engine_container_list(cli->engine, request->options->all, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		add_look(cli, request, looks, records[i], NULL);
	free(records);
	return 0;
}

/* Those that are there; one that is not is an error at the @first look. */
static int look_at_named(struct cli *cli, const struct request *request, bool first, struct looks *looks,
			 struct error *err)
{
	for (char *const *name = request->names; *name; name++) {
		struct container_record *record = NULL;
		int r = engine_container_find(cli->engine, *name, &record, first ? err : NULL);
		if (r < 0 && first)
			return r;
		if (r >= 0)
			add_look(cli, request, looks, record, *name);
	}
	return 0;
}

/* --- Showing --- */

static const struct look *find_look(const struct looks *looks, const char *id)
{
	for (size_t i = 0; i < looks->count; i++)
		if (looks->list[i].known && streq(looks->list[i].record->id, id))
			return &looks->list[i];
	return NULL;
}

static int add_rows(struct rows *rows, const struct request *request, const struct looks *before,
		    const struct looks *now, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < now->count; i++) {
		const struct look *look = &now->list[i];
		r = request->view->add(rows, look, find_look(before, look->record->id), request->options->no_trunc,
				       err);
	}
	return r;
}

static bool is_redrawn(const struct stats_options *options)
{
	return !options->no_stream && isatty(STDOUT_FILENO);
}

/* On a terminal in the place of what was shown before, else below it. */
static int print(const struct rows *rows, bool redrawn, struct error *err)
{
	static const char CLEAR[] = "\033[2J\033[H";
	if (redrawn)
		fputs(CLEAR, stdout);
	rows_print(rows);
	return fflush(stdout) != 0 ? err_sys(err, errno, "write the statistics") : 0;
}

/* Of those that run and have no cgroup, nothing is counted. */
static void explain_unknown(struct cli *cli, const struct looks *looks)
{
	for (size_t i = 0; i < looks->count; i++) {
		const struct container_record *record = looks->list[i].record;
		_cleanup_cgroup_ struct cgroup *cgroup = NULL;
		struct error why = { 0 };
		if (!looks->list[i].known &&
		    container_cgroup_open(cli->engine, record, &cgroup, &why) == -ERR_UNSUPPORTED)
			log_warn("nothing is counted of container \"%s\", which has no cgroup: %s%s%s", record->name,
				 why.cause, *why.hint ? "; hint: " : "", why.hint);
	}
}

/* --- The command --- */

static int look(struct cli *cli, const struct request *request, bool first, struct looks *looks, struct error *err)
{
	return *request->names ? look_at_named(cli, request, first, looks, err) : look_at_all(cli, request, looks, err);
}

/* What a CPU does can only be seen between two looks, the one in @looks and another one, which replaces it. */
static int look_again(struct cli *cli, const struct request *request, struct looks *looks, struct error *err)
{
	const struct timespec second = { .tv_sec = 1 };
	_cleanup_rows_ struct rows rows = { 0 };
	_cleanup_looks_ struct looks before = *looks;
	*looks = (struct looks){ 0 };
	int r = rows_begin(&rows, request->view->kind, request->options->format, request->view->columns, err);
	if (r < 0)
		return r;
	(void)nanosleep(&second, NULL);
	r = look(cli, request, false, looks, err);
	if (r >= 0)
		r = add_rows(&rows, request, &before, looks, err);
	if (r >= 0)
		r = print(&rows, is_redrawn(request->options), err);
	if (r >= 0 && is_redrawn(request->options))
		explain_unknown(cli, looks);
	return r;
}

static int choose_view(const struct stats_options *options, const struct stats_view **ret, struct error *err)
{
	if (options->memory + options->events + options->per_cpu > 1)
		return err_set(err, ERR_USAGE, "--mem, --events and --per-cpu are different views: one at a time");
	*ret = options->memory	  ? &STATS_MEMORY
	       : options->events  ? &STATS_EVENTS
	       : options->per_cpu ? &STATS_CPUS
				  : &STATS_USE;
	return 0;
}

/* It ends when all that were named are gone. */
static int run(struct cli *cli, void *data, char **names, struct error *err)
{
	struct request request = { .options = data, .names = names };
	_cleanup_looks_ struct looks looks = { 0 };
	int r = choose_view(request.options, &request.view, err);
	if (r >= 0)
		r = look(cli, &request, true, &looks, err);
	if (r >= 0 && !is_redrawn(request.options))
		explain_unknown(cli, &looks);
	for (bool more = true; r >= 0 && more; more = !request.options->no_stream && (looks.count > 0 || !*names))
		r = look_again(cli, &request, &looks, err);
	return r;
}

static int run_pods(struct cli *cli, void *data, char **args, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	int r = pod_container_names(cli, args, false, &names, err);
	return r < 0 ? r : run(cli, data, names, err);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct stats_options, all, 'a', "all", "Show all containers (default shows just running)"),
	OPT_BOOL(struct stats_options, events, 0, "events", "Show how often limits were met, by the kernel's counters"),
	OPT_FORMAT(struct stats_options, format, 0),
	OPT_LATEST(struct stats_options),
	OPT_BOOL(struct stats_options, memory, 0, "mem", "Show what memory is used for"),
	OPT_BOOL(struct stats_options, no_stream, 0, "no-stream", "Show them once, and end"),
	OPT_BOOL(struct stats_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_BOOL(struct stats_options, per_cpu, 0, "per-cpu", "Show the use of each CPU"),
	OPT_END,
};

const struct command command_stats = {
	.name = "stats",
	.aliases = (const char *const[]){ "container stats", NULL },
	.flags = COMMAND_ENGINE | COMMAND_LATEST | COMMAND_RECONCILE,
	.usage = "[OPTIONS] [CONTAINER...]",
	.summary = "Show what containers use, once a second",
	.description =
		"CPU % is of one CPU: two that are busy are 200%. Memory is what is charged to the container without "
		"files in the cache that nobody has used lately; its limit, if it has none, is all that the machine has. What is "
		"not known is --: of a container that does not run, all of it."
		"\n\n"
		"THROTTLED % is the share of the last second's periods in which it used up its *--cpus*. PSI is for how many "
		"per cent of the last ten seconds somebody in it, and everybody, was stalled for want of a CPU, of memory, or "
		"of a disk (cgroup v2). OOM counts processes that the kernel has killed for memory, PIDS HITS how often its "
		"*--pids-limit* was met."
		"\n\n"
		"With *--per-cpu*, cgroup v1 has counted where CPU time was used; with v2 it is where each thread was seen "
		"last, \"sampled\"."
		"\n\n"
		"Fields of templates: .Container .ID .Name .CPUPerc .MemUsage .MemPerc .NetIO .BlockIO .PIDs .ThrottledPerc "
		".PressureCPU .PressureMem .PressureIO .OOMKills .PidsLimitHits; with *--mem* .Usage .Anon .File .Shmem .Kernel "
		".Slab .Stacks .PageTables .Sockets .Reclaimable .Swap .Peak; with *--events* .Event .Count .Change; with "
		"*--per-cpu* .CPU .CPUPerc .Source.",
	.examples =
		(const struct example[]){
			{ "stats --no-stream --format '{{.Name}} {{.MemPerc}}'", "For a script" },
			{ "stats --events web", "How often its limits are met" },
			{ 0 },
		},
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct stats_options),
	.run = run,
};

const struct command command_pod_stats = {
	.name = "pod stats",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] [POD...]",
	.summary = "Show what the containers of pods use, once a second",
	.description = "As *coffer-stats*(1) does for those containers; of all pods, if none is named.",
	.max_args = ARGS_ANY,
	.completes = COMPLETE_PODS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct stats_options),
	.run = run_pods,
};
