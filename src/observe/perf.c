/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/perf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

const struct perf_event PERF_EVENTS[] = {
	{ "task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, true },
	{ "context-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, false },
	{ "cpu-migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS, false },
	{ "page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, false },
	{ "major-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ, false },
	{ "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, false },
	{ "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, false },
	{ "branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, false },
	{ "branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, false },
	{ "cache-references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES, false },
	{ "cache-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, false },
	{ NULL, 0, 0, false },
};

const struct perf_event *perf_event_find(const char *name)
{
	for (const struct perf_event *event = PERF_EVENTS; event->name; event++)
		if (streq(event->name, name))
			return event;
	return NULL;
}

/* --- Opening --- */

/* The hierarchy of perf_event, which is the v2 tree unless somebody has mounted it as v1. */
static int find_directory(const struct cgroup *cgroup)
{
	const struct cgroup_tree *tree = cgroup_find_tree(cgroup, "perf_event");
	return tree ? tree->fd : -1;
}

static int open_on_cpu(const struct perf_event *event, int directory, int cpu)
{
	struct perf_event_attr attr = {
		.type = event->type,
		.size = sizeof attr,
		.config = event->config,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		.inherit = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, directory, cpu, -1, PERF_FLAG_PID_CGROUP | PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

static void close_counter(struct perf_counter *counter)
{
	for (size_t i = 0; i < counter->n_fds; i++)
		fd_close(counter->fds[i]);
	free(counter->fds);
	counter->fds = NULL;
	counter->n_fds = 0;
}

/* 0 also for an event that this machine does not have. */
static int open_counter(const struct perf_event *event, int directory, struct perf_counter *ret)
{
	struct perf_counter counter = { .event = event };
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	for (int cpu = 0; cpu < cpus; cpu++) {
		int fd = open_on_cpu(event, directory, cpu);
		if (fd == -ENODEV) /* this CPU is offline */
			continue;
		if (fd < 0) {
			close_counter(&counter);
			*ret = counter;
			return fd == -ENOENT || fd == -EOPNOTSUPP ? 0 : fd;
		}
		*ARRAY_APPEND(counter.fds, counter.n_fds) = fd;
	}
	*ret = counter;
	return 0;
}

static int refused(int sys_errno, struct error *err)
{
	if (sys_errno == EACCES || sys_errno == EPERM) {
		err_set(err, ERR_PERMISSION, "count events: the kernel does not permit it");
		err_hint(err, "sysctl kernel.perf_event_paranoid, which has to be -1 without CAP_PERFMON");
		return -ERR_PERMISSION;
	}
	return err_sys_code(err, ERR_UNSUPPORTED, sys_errno, "count events of a control group");
}

int perf_open(const struct cgroup *cgroup, const struct perf_event *const *events, struct perf_counters *ret,
	      struct error *err)
{
	_cleanup_perf_ struct perf_counters counters = { 0 };
	int found = find_directory(cgroup);
	if (found < 0) {
		err_set(err, ERR_UNSUPPORTED, "count events: it is in no control group that events are counted by");
		return err_cause(err, "neither cgroup v2 nor a v1 hierarchy of perf_event is mounted");
	}
	_cleanup_close_ int directory = fd_reopen(found, O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* it may be a mere path */
	if (directory < 0)
		return err_sys(err, -directory, "open the control group '%s'", cgroup_path(cgroup));
	for (; *events; events++) {
		int r = open_counter(*events, directory, ARRAY_APPEND(counters.list, counters.count));
		if (r < 0)
			return refused(-r, err);
	}
	*ret = counters;
	counters = (struct perf_counters){ 0 };
	return 0;
}

void perf_close(struct perf_counters *counters)
{
	for (size_t i = 0; i < counters->count; i++)
		close_counter(&counters->list[i]);
	free(counters->list);
	*counters = (struct perf_counters){ 0 };
}

/* --- Reading --- */

bool perf_read(const struct perf_counter *counter, uint64_t *ret)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < counter->n_fds; i++) {
		struct {
			uint64_t value, enabled, running;
		} now;
		if (read(counter->fds[i], &now, sizeof now) != sizeof now)
			return false;
		sum += now.running > 0 && now.running < now.enabled
			       ? (uint64_t)((double)now.value * (double)now.enabled / (double)now.running)
			       : now.value;
	}
	*ret = sum;
	return counter->n_fds > 0;
}
