/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `events`: a line of JSON for each look at the container's counters, and for each time that the kernel kills one of its
 * processes for memory, until the container has ended.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/time.h"
#include "base/util.h"
#include "programs/runtime/runtime.h"
#include "programs/runtime/stats-json.h"
#include "runtime/container.h"

struct events_options {
	int64_t interval_ns;
	bool stats;
};

/* A year; what is longer would not fit behind the clock. */
static const int64_t LONGEST_INTERVAL_NS = 365 * 86400 * NSEC_PER_SEC;

static int parse_interval(const char *value, void *field, struct error *err)
{
	int64_t interval_ns;
	int r = parse_duration(value, &interval_ns, err);
	if (r == 0 && interval_ns == 0)
		return err_set(err, ERR_INVALID, "duration interval must be greater than 0");
	if (r == 0)
		*(int64_t *)field = MIN(interval_ns, LONGEST_INTERVAL_NS);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_PARSED(struct events_options, interval_ns, parse_interval, 0, "interval", "DURATION",
		   "Time between two looks (default: 5s)"),
	OPT_BOOL(struct events_options, stats, 0, "stats", "Print the counters once, and end"),
	OPT_END,
};

/* A container, while it is watched. */
struct source {
	struct container *container;
	struct cgroup *cgroup;
	int pidfd;
	struct cgroup_oom_watch oom; /* .fd of -1: cannot be watched */
};

static void source_done(struct source *source)
{
	cgroup_oom_watch_close(&source->oom);
	cgroup_free(source->cgroup);
	fd_close(source->pidfd);
	container_free(source->container);
}

static int source_open(struct source *source, const struct runtime_globals *globals, const char *id, struct error *err)
{
	enum container_status status;
	int r = container_load(globals->root, id, &source->container, err);
	if (r < 0 || (r = container_status(source->container, &status, err)) < 0)
		return r;
	source->pidfd = process_pidfd_checked(source->container->pid, source->container->start_time);
	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING || source->pidfd < 0)
		return err_set(err, ERR_STATE, "container with id %s is not running", id);
	return container_open_cgroup(source->container, &source->cgroup, err);
}

/* --- printing --- */

/* Takes @data over. Returns 0, or an error if nobody reads. */
static int print_event(const struct source *source, const char *type, struct json_object *data, struct error *err)
{
	_cleanup_json_ struct json_object *event = json_object_new_object();
	json_add_string(event, "type", type);
	json_add_string(event, "id", source->container->id);
	if (data)
		json_object_object_add(event, "data", data);
	if (puts(json_text(event)) < 0 || fflush(stdout) != 0)
		return err_sys(err, errno, "write an event");
	return 0;
}

static int print_stats(const struct source *source, struct error *err)
{
	_cleanup_cgroup_stats_ struct cgroup_stats stats = { 0 };
	int r = cgroup_read_stats(source->cgroup, &stats, err);
	return r < 0 ? r : print_event(source, "stats", stats_to_json(&stats), err);
}

static int print_oom(struct source *source, struct error *err)
{
	int r = 0;
	for (uint64_t n = source->oom.fd < 0 ? 0 : cgroup_oom_watch_take(&source->oom); r == 0 && n > 0; n--)
		r = print_event(source, "oom", NULL, err);
	return r;
}

/* --- watching --- */

static int watch(struct source *source, int64_t interval_ns, struct error *err)
{
	int64_t next = time_monotonic_ns() + interval_ns;
	int r = 0;
	while (r == 0) {
		struct pollfd fds[] = { { .fd = source->pidfd, .events = POLLIN },
					{ .fd = source->oom.fd, .events = source->oom.poll_events } };
		int64_t left_ms = (MAX(next - time_monotonic_ns(), 0) + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
		if (poll(fds, ARRAY_SIZE(fds), (int)MIN(left_ms, INT32_MAX)) < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for events");
		r = print_oom(source, err);
		if (r < 0 || fds[0].revents) /* its end may have been the reason: that is said by then */
			break;
		if (time_monotonic_ns() < next)
			continue;
		r = print_stats(source, err);
		next = time_monotonic_ns() + interval_ns;
	}
	return r;
}

static int events(const struct runtime_globals *globals, const struct events_options *options, const char *id,
		  struct error *err)
{
	_cleanup_(source_done) struct source source = { .pidfd = -1, .oom = { .fd = -1 } };
	struct error why = { 0 };
	int r = source_open(&source, globals, id, err);
	if (r < 0)
		return r;
	if (options->stats)
		return print_stats(&source, err);
	if (cgroup_oom_watch_open(source.cgroup, &source.oom, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "events", &why);
	return watch(&source, options->interval_ns, err);
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	struct events_options options = { .interval_ns = 5 * NSEC_PER_SEC };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 1, 1, &args, err);
	return r != 0 ? MIN(r, 0) : events(globals, &options, args[0], err);
}

const struct runtime_verb verb_events = {
	.name = "events",
	.arguments = "ID",
	.summary = "Print counters and out-of-memory events of a container",
	.options = OPTIONS,
	.run = run,
};
