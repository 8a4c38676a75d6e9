/* SPDX-License-Identifier: Apache-2.0 */
/* Source: proc_pid_stat(5). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "observe/usage.h"

/* Behind the program's name, which may hold anything: state is field 3, utime 14, stime 15, starttime 22, processor 39. */
static bool parse_stat(const char *text, struct thread_use *ret)
{
	uint64_t user, kernel, start;
	unsigned cpu;
	const char *rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1,
			    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			    " %*d %*d %*d %*d %*d %*d %" SCNu64
			    " %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %u",
			    &user, &kernel, &start, &cpu) != 4)
		return false;
	uint64_t tick_ns = (uint64_t)(NSEC_PER_SEC / sysconf(_SC_CLK_TCK));
	ret->cpu_ns = (user + kernel) * tick_ns;
	ret->start = start;
	ret->cpu = cpu;
	return true;
}

static void read_process(pid_t pid, struct thread_uses *threads)
{
	_cleanup_free_ char *path = mem_printf("/proc/%d/task", (int)pid);
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *entry;
	while (dir && (entry = readdir(dir))) {
		char file[300], text[1024];
		struct thread_use use = { 0 };
		if (parse_u64(entry->d_name, INT32_MAX, &use.tid, NULL) < 0)
			continue;
		snprintf(file, sizeof file, "%s/stat", entry->d_name);
		if (file_read_line(dirfd(dir), file, text, sizeof text) > 0 && parse_stat(text, &use))
			*ARRAY_APPEND(threads->list, threads->count) = use;
	}
}

int threads_read(struct cgroup *cgroup, struct thread_uses *ret, struct error *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	struct thread_uses threads = { 0 };
	size_t count;
	int r = cgroup_pids(cgroup, &pids, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		read_process(pids[i], &threads);
	*ret = threads;
	return 0;
}

void threads_done(struct thread_uses *threads)
{
	free(threads->list);
	*threads = (struct thread_uses){ 0 };
}
