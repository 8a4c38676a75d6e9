/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that say that a container runs against its limits. The kernel wakes us when it has counted (POLLPRI), but for
 * throttling, which only the recorder's samples show.
 *
 *	memory-high   it was slowed down for using more than memory.high
 *	pids-limit    a process or thread was not made, for there are as many as --pids-limit allows
 *	throttle      a quarter or more of the last minute's periods ended before it had what it wanted
 *	pressure      what --pressure-notify has asked for
 *
 * Of each kind one in ten seconds at most, which has all that was counted since the one before.
 * Sources: cgroup-v2.rst, "memory.events", "pids.events"; accounting/psi.rst, "Monitoring for pressure thresholds".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"
#include "monitor/recorder-counters.h"
#include "monitor/recorder.h"

enum { PAUSE_MS = 10 * 1000, THROTTLED_PERCENT = 25 };

/* --- Counters that wake us --- */

static const struct {
	const char *action, *controller, *file, *key;
	bool v2_alone;
} COUNTERS[ALARM_COUNTERS] = {
	{ "memory-high", "memory", "memory.events", "high", true },
	{ "pids-limit", "pids", "pids.events", "max", false },
};

/* Returns false when the cgroup is gone. */
static bool read_counter(int fd, const char *key, uint64_t *ret)
{
	char text[512];
	ssize_t len = pread(fd, text, sizeof text - 1, 0);
	if (len < 0)
		return false;
	text[len] = '\0';
	size_t key_len = strlen(key);
	for (const char *line = text; line; line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, key, key_len) == 0 && line[key_len] == ' ')
			*ret = strtoull(line + key_len + 1, NULL, 10);
	return true;
}

static bool is_time(int64_t *told_ns)
{
	int64_t now = time_monotonic_ns();
	if (*told_ns != 0 && now - *told_ns < PAUSE_MS * NSEC_PER_MSEC)
		return false;
	*told_ns = now;
	return true;
}

/* What comes too early, the next sample finds. */
static void tell_counter(struct monitor *monitor, size_t which)
{
	struct alarm_counter *alarm = &monitor->alarms.counters[which];
	uint64_t count = 0;
	if (!read_counter(alarm->watch.fd, COUNTERS[which].key, &count))
		watch_set(monitor, &alarm->watch, 0); /* or it would wake us for ever */
	if (count <= alarm->told || !is_time(&alarm->told_ns))
		return;
	_cleanup_free_ char *times = mem_printf("times=%" PRIu64, count - alarm->told);
	alarm->told = count;
	event_alarm(monitor, COUNTERS[which].action, (char *[]){ times, NULL });
}

static void counter_ready(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	struct alarm_counter *alarm = (struct alarm_counter *)watch;
	tell_counter(monitor, (size_t)(alarm - monitor->alarms.counters));
}

static void watch_counter(struct monitor *monitor, size_t which)
{
	struct alarm_counter *alarm = &monitor->alarms.counters[which];
	const struct cgroup *cgroup = monitor->recorder.cgroup;
	const struct cgroup_tree *tree = cgroup_find_tree(cgroup, COUNTERS[which].controller);
	if (!tree || (COUNTERS[which].v2_alone && !tree->v2))
		return;
	alarm->watch.fd = openat(tree->fd, COUNTERS[which].file, O_RDONLY | O_CLOEXEC);
	if (alarm->watch.fd < 0)
		return;
	alarm->watch.ready = counter_ready;
	(void)read_counter(alarm->watch.fd, COUNTERS[which].key, &alarm->told); /* the kernel tells from here on */
	watch_set(monitor, &alarm->watch, EPOLLPRI);
}

/* --- Pressure --- */

static void pressure_ready(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	struct alarm_pressure *alarm = (struct alarm_pressure *)watch;
	if (events & EPOLLERR) { /* the cgroup is gone */
		watch_set(monitor, watch, 0);
		return;
	}
	if (!is_time(&alarm->told_ns))
		return;
	const char *plan = monitor->plan.pressure[alarm - monitor->alarms.pressures];
	size_t len = strcspn(plan, " ");
	_cleanup_free_ char *resource = mem_printf("resource=%.*s", (int)len, plan);
	_cleanup_free_ char *trigger = mem_printf("trigger=%s", plan + len + (plan[len] == ' '));
	event_alarm(monitor, "pressure", (char *[]){ resource, trigger, NULL });
}

/* "memory some 300000 2000000": the resource, and what the kernel is told. */
static int watch_pressure(struct monitor *monitor, const char *plan, struct alarm_pressure *alarm, struct error *err)
{
	const struct cgroup_tree *tree = cgroup_v2_tree(monitor->recorder.cgroup);
	size_t len = strcspn(plan, " ");
	_cleanup_free_ char *file = mem_printf("%.*s.pressure", (int)len, plan);
	const char *trigger = plan + len + (plan[len] == ' ');
	_cleanup_close_ int fd = tree ? openat(tree->fd, file, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fd < 0) {
		err_set(err, ERR_UNSUPPORTED, "--pressure-notify: pressure is not watched here");
		return tree ? err_cause(err, "'%s%s' has no %s", tree->mount_point,
					cgroup_path(monitor->recorder.cgroup), file)
			    : err_cause(err, "there is no cgroup v2");
	}
	if (write(fd, trigger, strlen(trigger) + 1) < 0) {
		int r = err_sys(err, errno, "have %s watched for \"%s\"", file, trigger);
		bool refused = err && err->sys_errno == EINVAL;
		return refused ? err_cause(err, "without CAP_SYS_RESOURCE the window is a multiple of 2s") : r;
	}
	alarm->watch = (struct watch){ .fd = TAKE_FD(fd), .ready = pressure_ready };
	watch_set(monitor, &alarm->watch, EPOLLPRI);
	return 0;
}

/* --- Throttling --- */

/* Samples come at equal distances: the oldest is a minute old. Told again when it was better in between. */
void alarms_sample(struct monitor *monitor, const struct recorder_sample *sample)
{
	struct alarms *alarms = &monitor->alarms;
	struct alarm_periods *oldest = &alarms->periods[alarms->samples++ % ALARM_SAMPLES];
	uint64_t periods = sample->cpu_periods - oldest->all,
		 throttled = sample->cpu_throttled_periods - oldest->throttled;
	bool full = alarms->samples > ALARM_SAMPLES;
	*oldest = (struct alarm_periods){ sample->cpu_periods, sample->cpu_throttled_periods };
	for (size_t i = 0; i < ALARM_COUNTERS; i++)
		tell_counter(monitor, i);
	if (!full || periods == 0)
		return;
	uint64_t percent = throttled * 100 / periods;
	if (percent >= THROTTLED_PERCENT && !alarms->throttled) {
		_cleanup_free_ char *text = mem_printf("percent=%" PRIu64, percent);
		event_alarm(monitor, "throttle", (char *[]){ text, NULL });
	}
	alarms->throttled = percent >= THROTTLED_PERCENT;
}

/* --- The beginning and the end --- */

void alarms_init(struct monitor *monitor)
{
	monitor->alarms = (struct alarms){ 0 };
	for (size_t i = 0; i < ALARM_COUNTERS; i++)
		monitor->alarms.counters[i].watch.fd = -1;
	for (size_t i = 0; i < ALARM_PRESSURES; i++)
		monitor->alarms.pressures[i].watch.fd = -1;
}

int alarms_begin(struct monitor *monitor, struct error *err)
{
	char **plans = monitor->plan.pressure;
	int r = 0;
	if (!monitor->recorder.cgroup)
		return 0;
	for (size_t i = 0; i < ALARM_COUNTERS; i++)
		watch_counter(monitor, i);
	for (size_t i = 0; r >= 0 && i < ALARM_PRESSURES && plans && plans[i]; i++)
		r = watch_pressure(monitor, plans[i], &monitor->alarms.pressures[i], err);
	return r;
}

void alarms_end(struct monitor *monitor)
{
	for (size_t i = 0; i < ALARM_COUNTERS; i++) {
		monitor->alarms.counters[i].told_ns = 0; /* what the last seconds have brought */
		tell_counter(monitor, i);
		watch_close(monitor, &monitor->alarms.counters[i].watch);
	}
	for (size_t i = 0; i < ALARM_PRESSURES; i++)
		watch_close(monitor, &monitor->alarms.pressures[i].watch);
	alarms_init(monitor);
}
