/* SPDX-License-Identifier: Apache-2.0 */
/* When the flight recorder records. What its files are is in recorder.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"
#include "monitor/recorder-counters.h"
#include "monitor/recorder.h"

#define START_FILE "start.json"
#define LAST_FILE "last.json"
#define RING_FILE "ring"
#define SIGNALS_FILE "signals"
#define OOM_FILE "oom.log"

enum { KERNEL_LINES_MAX = 4096 };

/* --- Files --- */

static int open_file(const struct monitor *monitor, const char *name)
{
	/* A runtime of its own: what the last run has left is another story. */
	return openat(monitor->records, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void add_line(struct monitor *monitor, struct record_lines *lines, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void add_line(struct monitor *monitor, struct record_lines *lines, const char *name, const char *fmt, ...)
{
	char text[256], when[TIME_TEXT_MAX];
	va_list args;
	if (lines->count++ >= RECORDER_LINES_MAX)
		return;
	if (lines->fd < 0)
		lines->fd = open_file(monitor, name);
	int len = snprintf(text, sizeof text, "%s ", time_format_rfc3339(time_now_ns(), when));
	va_start(args, fmt);
	vsnprintf(text + len, sizeof text - (size_t)len, fmt, args);
	va_end(args);
	if (lines->fd >= 0)
		(void)fd_write_all(lines->fd, text, strlen(text));
}

static void write_json(struct monitor *monitor, const char *name, struct json_object *object)
{
	struct error err = { 0 };
	const char *text = json_text(object);
	if (file_write_atomic(monitor->records, name, text, strlen(text), 0600, 0, &err) < 0)
		log_failure(LOG_LEVEL_WARN, "record", &err);
}

/* --- Samples --- */

static uint64_t find_raw(const struct cgroup_stats *stats, const char *name)
{
	for (size_t i = 0; i < stats->memory.n_raw; i++)
		if (streq(stats->memory.raw[i].name, name))
			return stats->memory.raw[i].value;
	return 0;
}

static struct recorder_sample make_sample(const struct cgroup_stats *stats)
{
	bool v2 = stats->memory.has_events;
	return (struct recorder_sample){
		.time_ns = time_now_ns(),
		.memory_current = stats->memory.usage.usage,
		.memory_anon = find_raw(stats, v2 ? "anon" : "total_rss"),
		.memory_shmem = find_raw(stats, v2 ? "shmem" : "total_shmem"),
		.memory_inactive_file = find_raw(stats, v2 ? "inactive_file" : "total_inactive_file"),
		.cpu_usage_ns = stats->cpu.total,
		.cpu_periods = stats->cpu.periods,
		.cpu_throttled_periods = stats->cpu.throttled_periods,
		.cpu_throttled_ns = stats->cpu.throttled,
		.pids_current = stats->pids.current,
		.pressure_cpu_us = stats->cpu.pressure.some.total_us,
		.pressure_memory_us = stats->memory.pressure.some.total_us,
		.pressure_io_us = stats->block_pressure.some.total_us,
	};
}

void recorder_sample(struct monitor *monitor)
{
	struct recorder *recorder = &monitor->recorder;
	_cleanup_cgroup_stats_ struct cgroup_stats stats = { 0 };
	if (!recorder->cgroup)
		return;
	if (recorder->ring < 0) /* what ends before its first sample needs no file for them */
		recorder->ring = open_file(monitor, RING_FILE);
	if (recorder->ring >= 0 && cgroup_read_stats(recorder->cgroup, &stats, NULL) >= 0) {
		const struct recorder_sample sample = make_sample(&stats);
		off_t at = (off_t)(recorder->samples++ % RECORDER_SLOTS * sizeof sample);
		(void)RETRY_ON_EINTR(pwrite(recorder->ring, &sample, sizeof sample, at));
		alarms_sample(monitor, &sample);
	}
	recorder->host_kills = host_kills_read();
	timer_set(monitor, TIMER_SAMPLE, RECORDER_INTERVAL_MS);
}

/* --- Signals --- */

void recorder_signal(struct monitor *monitor, int sig, const char *why)
{
	struct recorder *recorder = &monitor->recorder;
	add_line(monitor, &recorder->signals, SIGNALS_FILE, "SIG%s %s\n", signal_name(sig), why);
	if (sig == SIGKILL)
		recorder->kill_sent_by = why;
	recorder->sent = sig;
	recorder->sent_by = why;
}

/* --- Memory --- */

struct cgroup_oom recorder_read_memory(struct monitor *monitor)
{
	struct recorder *recorder = &monitor->recorder;
	_cleanup_cgroup_ struct cgroup *other = NULL;
	struct cgroup_oom now = { 0 };
	if (!recorder->cgroup && *monitor->container->cgroup_path) /* nothing is recorded */
		(void)cgroup_open(monitor->container->cgroup_path, &other, NULL);
	struct cgroup *cgroup = recorder->cgroup ? recorder->cgroup : other;
	bool there = cgroup && cgroup_read_oom(cgroup, &now, NULL) >= 0 && now.oom_kill.set;
	recorder->memory_is_lost = recorder->memory.oom_kill.set && !there;
	if (there)
		recorder->memory = now;
	return recorder->memory;
}

/* What the kernel has said since the start, or since the last time; many hosts do not let us read it. */
static void read_kernel_log(struct monitor *monitor)
{
	char line[1024];
	struct recorder *recorder = &monitor->recorder;
	for (int i = 0; recorder->kernel_log >= 0 && i < KERNEL_LINES_MAX; i++) {
		ssize_t n = read(recorder->kernel_log, line, sizeof line - 1);
		if (n < 0 && errno == EPIPE)
			continue; /* lines were overwritten meanwhile */
		if (n <= 0)
			break;
		line[n] = '\0';
		struct oom_kill killed = death_parse_kernel_line(line, cgroup_path(recorder->cgroup));
		if (killed.level == OOM_LEVEL_NONE)
			continue;
		recorder->killed = killed;
		add_line(monitor, &recorder->oom_lines, OOM_FILE, "the kernel killed process %lld (%s)\n",
			 (long long)killed.pid, killed.name);
	}
}

static void tell_oom(struct monitor *monitor, uint64_t times, uint64_t kills)
{
	struct recorder *recorder = &monitor->recorder;
	add_line(monitor, &recorder->oom_lines, OOM_FILE, "out of memory %llu times, %llu processes killed so far\n",
		 (unsigned long long)times, (unsigned long long)kills);
	event_oom(monitor);
	recorder->oom_is_told = true;
}

static void oom_ready(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	struct recorder *recorder = &monitor->recorder;
	uint64_t count = cgroup_oom_watch_take(&recorder->oom);
	if (count == 0) {
		/* The kernel wakes us once more when the cgroup goes, and then always. */
		if (events & EPOLLHUP)
			watch_set(monitor, watch, 0);
		return;
	}
	struct cgroup_oom oom = recorder_read_memory(monitor);
	tell_oom(monitor, count, oom.oom_kill.value);
	read_kernel_log(monitor); /* before others have overwritten it */
}

static void watch_oom(struct monitor *monitor)
{
	struct recorder *recorder = &monitor->recorder;
	if (cgroup_oom_watch_open(recorder->cgroup, &recorder->oom, NULL) < 0)
		return;
	recorder->oom_watch = (struct watch){ .fd = recorder->oom.fd, .ready = oom_ready };
	watch_set(monitor, &recorder->oom_watch, recorder->oom.v2 ? EPOLLPRI : EPOLLIN);
}

/* --- The beginning and the end --- */

void recorder_init(struct monitor *monitor)
{
	monitor->recorder = (struct recorder){
		.ring = -1,
		.kernel_log = -1,
		.signals.fd = -1,
		.oom_lines.fd = -1,
		.oom.fd = -1,
		.oom_watch.fd = -1,
	};
}

static struct json_object *describe_start(const struct monitor *monitor, const struct container *container)
{
	struct json_object *object = json_object_new_object();
	char when[TIME_TEXT_MAX];
	json_add_string(object, "time", time_format_rfc3339(time_now_ns(), when));
	json_add_string(object, "cgroup", container->cgroup_path);
	json_add_i64(object, "pid", container->pid);
	json_add_i64(object, "restartCount", monitor->status.restart_count);
	counters_to_json(monitor->recorder.cgroup, false, monitor->recorder.host_kills, object);
	return object;
}

void recorder_write_start(struct monitor *monitor)
{
	_cleanup_json_ struct json_object *start = TAKE_PTR(monitor->recorder.start);
	if (start)
		write_json(monitor, START_FILE, start);
}

void recorder_begin(struct monitor *monitor, const struct container *container)
{
	struct recorder *recorder = &monitor->recorder;
	if (!monitor->plan.records_path || cgroup_open(container->cgroup_path, &recorder->cgroup, NULL) < 0)
		return;
	static const char *const of_last_run[] = { LAST_FILE, RING_FILE, SIGNALS_FILE, OOM_FILE };
	for (size_t i = 0; i < ARRAY_SIZE(of_last_run); i++)
		(void)unlinkat(monitor->records, of_last_run[i], 0);
	recorder->kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (recorder->kernel_log >= 0)
		(void)lseek(recorder->kernel_log, 0, SEEK_END);
	recorder->before = oom_counts_read(recorder->cgroup);
	recorder->host_kills = recorder->before.host;
	(void)recorder_read_memory(monitor);
	recorder->start = describe_start(monitor, container);
	watch_oom(monitor);
	timer_set(monitor, TIMER_SAMPLE, RECORDER_INTERVAL_MS);
}

static uint64_t read_refaults(const struct cgroup *cgroup)
{
	_cleanup_cgroup_stats_ struct cgroup_stats stats = { 0 };
	if (cgroup_read_stats(cgroup, &stats, NULL) < 0)
		return 0;
	return find_raw(&stats, stats.memory.has_events ? "workingset_refault_file" : "total_workingset_refault_file");
}

/* D1 to D6. */
static void find_cause(struct monitor *monitor, const struct error *failure, uint64_t oom_kills)
{
	struct recorder *recorder = &monitor->recorder;
	struct monitor_status *status = &monitor->status;
	struct death_facts facts = {
		.start_failed = failure != NULL,
		.exit_code = status->exit_code,
		.signal = status->signal,
		.oom_kills = oom_kills,
		.as_group = recorder->memory.oom_group_kill.value > 0,
		.limit = status->memory_limit,
		.peak = status->memory_peak,
		.asked_to_stop = recorder->sent_by && monitor->stop.asked,
		.sent_by = status->signal == SIGKILL ? recorder->kill_sent_by : recorder->sent_by,
	};
	if (status->signal && status->signal != recorder->sent && status->signal != SIGKILL)
		facts.sent_by = NULL;
	facts.sent_is_stop = monitor->stop.by_stop;
	if (recorder->cgroup) {
		struct oom_counts after = oom_counts_read(recorder->cgroup);
		facts.counted = oom_counts_level(&recorder->before, &after);
		if (oom_kills > 0 || recorder->memory_is_lost)
			read_kernel_log(monitor);
		facts.logged = recorder->killed;
		if (facts.logged.level != OOM_LEVEL_NONE) {
			status->oom_killed = true;
			facts.oom_kills = MAX(oom_kills, UINT64_C(1));
		}
		if (oom_kills > 0)
			facts.refaults = read_refaults(recorder->cgroup);
		if (recorder->memory_is_lost && after.host > recorder->host_kills)
			facts.missed_kills = after.host - recorder->host_kills;
		recorder->host_kills = after.host;
	}
	death_classify(&facts, &status->death);
	status->oom_killed |= status->death.cause == DEATH_OOM;
}

static void record_last(struct monitor *monitor)
{
	_cleanup_free_ char *text = monitor_status_text(&monitor->status);
	_cleanup_json_ struct json_object *object = json_object_new_object();
	json_object_object_add(object, "status", json_tokener_parse(text));
	counters_to_json(monitor->recorder.cgroup, true, monitor->recorder.host_kills, object);
	write_json(monitor, LAST_FILE, object);
}

void recorder_forget(struct monitor *monitor)
{
	struct recorder *recorder = &monitor->recorder;
	timer_clear(monitor, TIMER_SAMPLE);
	watch_set(monitor, &recorder->oom_watch, 0);
	cgroup_oom_watch_close(&recorder->oom);
	json_object_put(recorder->start);
	fd_close(recorder->ring);
	fd_close(recorder->kernel_log);
	fd_close(recorder->signals.fd);
	fd_close(recorder->oom_lines.fd);
	cgroup_free(recorder->cgroup);
	recorder_init(monitor);
}

void recorder_end(struct monitor *monitor, const struct error *failure, uint64_t oom_kills)
{
	struct recorder *recorder = &monitor->recorder;
	alarms_end(monitor);
	/* The end may be heard of before its reason. */
	if (oom_kills > 0 && !recorder->oom_is_told)
		tell_oom(monitor, oom_kills, oom_kills);
	find_cause(monitor, failure, oom_kills);
	if (recorder->cgroup)
		record_last(monitor);
	recorder_forget(monitor);
}
