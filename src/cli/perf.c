/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/perf.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/rows.h"
#include "engine/stats.h"

struct perf_options {
	int64_t duration_ns;
	char **events;
	char *format, *output;
};

static int parse_time(const char *value, void *field, struct error *err)
{
	int64_t ns;
	int r = parse_duration(value, &ns, err);
	if (r >= 0 && ns == 0)
		return err_set(err, ERR_USAGE, "it has to be more than 0");
	if (r >= 0)
		*(int64_t *)field = ns;
	return r;
}

static int open_cgroup(struct cli *cli, const char *name, struct cgroup **ret, struct error *err)
{
	struct container_record *record;
	int r = engine_container_find(cli->engine, name, &record, err);
	if (r < 0)
		return r;
	r = container_cgroup_open(cli->engine, record, ret, err);
	container_record_free(record);
	return r;
}

/* What was named, or all. */
static int choose_events(char *const *names, const struct perf_event ***ret, struct error *err)
{
	const struct perf_event **events = NULL;
	size_t count = 0;
	for (const struct perf_event *event = PERF_EVENTS; !names && event->name; event++)
		*ARRAY_APPEND(events, count) = event;
	for (; names && *names; names++) {
		const struct perf_event *event = perf_event_find(*names);
		if (!event) {
			free(events);
			return err_set(err, ERR_USAGE, "unknown event \"%s\"", *names);
		}
		*ARRAY_APPEND(events, count) = event;
	}
	*ARRAY_APPEND(events, count) = NULL;
	*ret = events;
	return 0;
}

/* --- stat --- */

static const struct rows_kind KIND = {
	.what = "counter",
	.fields =
		(const struct rows_field[]){
			{ "Count", "COUNT" },
			{ "Event", "EVENT" },
			{ 0 },
		},
};

static int add_row(struct rows *rows, const struct perf_counter *counter, struct error *err)
{
	struct json_object *fields = json_object_new_object();
	uint64_t value;
	_cleanup_free_ char *text = !perf_read(counter, &value) ? mem_strdup("<not supported>")
				    : counter->event->is_time
					    ? mem_printf("%.2f msec", (double)value / (double)NSEC_PER_MSEC)
					    : mem_printf("%ju", (uintmax_t)value);
	json_add_string(fields, "Count", text);
	json_add_string(fields, "Event", counter->event->name);
	return rows_add(rows, fields, NULL, err);
}

static void wait_for(int64_t ns)
{
	struct timespec left = { .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static int count(const struct perf_options *options, const struct cgroup *cgroup, struct error *err)
{
	static const char *const columns[] = { "Count", "Event", NULL };
	_cleanup_free_ const struct perf_event **events = NULL;
	_cleanup_perf_ struct perf_counters counters = { 0 };
	_cleanup_rows_ struct rows rows = { 0 };
	int r = choose_events(options->events, &events, err);
	if (r >= 0)
		r = rows_begin(&rows, &KIND, options->format, columns, err);
	if (r >= 0)
		r = perf_open(cgroup, events, &counters, err);
	if (r < 0)
		return r;
	wait_for(options->duration_ns);
	for (size_t i = 0; r >= 0 && i < counters.count; i++)
		r = add_row(&rows, &counters.list[i], err);
	if (r >= 0)
		rows_print(&rows);
	return r;
}

static int run_stat(struct cli *cli, void *data, char **args, struct error *err)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	int r = open_cgroup(cli, args[0], &cgroup, err);
	return r < 0 ? r : count(data, cgroup, err);
}

/* --- record --- */

/* The program does it, if it is here: it knows what to write down, and how to show it. */
static int run_record(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct perf_options *options = data;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	int r = open_cgroup(cli, args[0], &cgroup, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *seconds = mem_printf("%.3f", (double)options->duration_ns / (double)NSEC_PER_SEC);
	const char *path = cgroup_path(cgroup);
	const char *argv[] = { "perf",	"record",
			       "-a",	"-g",
			       "-e",	options->events ? options->events[0] : "cpu-clock",
			       "-G",	path + (*path == '/'),
			       "-o",	options->output ? options->output : "perf.data",
			       "--",	"sleep",
			       seconds, NULL };
	execvp(argv[0], (char *const *)argv);
	if (errno != ENOENT)
		return err_sys(err, errno, "execute perf");
	err_set(err, ERR_UNSUPPORTED, "perf is not installed");
	return err_hint(err, "apt-get install linux-perf");
}

/* --- */

static const struct option STAT_OPTIONS[] = {
	OPT_PARSED(struct perf_options, duration_ns, parse_time, 'd', "duration", "duration", "How long (default 1s)"),
	OPT_LIST(struct perf_options, events, 'e', "event", "Count this event only; may be given several times"),
	OPT_FORMAT(struct perf_options, format, 0),
	OPT_END,
};

static const struct option RECORD_OPTIONS[] = {
	OPT_PARSED(struct perf_options, duration_ns, parse_time, 'd', "duration", "duration", "How long (default 1s)"),
	OPT_LIST(struct perf_options, events, 'e', "event", "Sample by this event (default cpu-clock)"),
	OPT_STRING(struct perf_options, output, 'o', "output", "file", "Where to (default perf.data)",
		   .completes = COMPLETE_FILES),
	OPT_END,
};

static const struct perf_options DEFAULTS = { .duration_ns = NSEC_PER_SEC };

const struct command command_perf_stat = {
	.name = "perf stat",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Count events of processors and of the kernel in a container",
	.description =
		"Counts on all CPUs what the container's processes do, and nothing else. Events of processors need one that "
		"counts them: many virtual machines have none, and say _<not supported>_. The kernel's own are everywhere."
		"\n\n"
		"Events: task-clock, context-switches, cpu-migrations, page-faults, major-faults, cycles, instructions, "
		"branches, branch-misses, cache-references, cache-misses.",
	.examples =
		(const struct example[]){
			{ "perf stat -d 10s web", "Ten seconds of all events" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ STAT_OPTIONS, NULL },
	.options_size = sizeof(struct perf_options),
	.defaults = &DEFAULTS,
	.run = run_stat,
};

const struct command command_perf_record = {
	.name = "perf record",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Sample where a container spends its time, with perf",
	.description =
		"Has *perf*(1) sample the stacks of the container's processes on all CPUs, into a file for *perf report*.",
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ RECORD_OPTIONS, NULL },
	.options_size = sizeof(struct perf_options),
	.defaults = &DEFAULTS,
	.run = run_record,
};
