/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pid-namespace.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"

static int read_number(pid_t pid, ino_t *ret)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)pid);
	if (stat(path, &st) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

int pid_namespace_members(pid_t pid, pid_t **ret, size_t *ret_count, struct error *err)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;
	ino_t wanted, found;
	int r = proc ? read_number(pid, &wanted) : -errno;
	if (r < 0)
		return err_sys(err, -r, "look at the pid namespace of process %d", (int)pid);
	for (struct dirent *entry; (entry = readdir(proc));) {
		uint64_t number;
		if (parse_u64(entry->d_name, INT32_MAX, &number, NULL) >= 0 &&
		    read_number((pid_t)number, &found) == 0 && found == wanted)
			*ARRAY_APPEND(pids, count) = (pid_t)number;
	}
	*ret = TAKE_PTR(pids);
	*ret_count = count;
	return 0;
}
