/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v1 counts into an eventfd what it is asked to by "EVENTFD FILE" in cgroup.event_control; v2's memory.events wakes
 * poll() when a counter in it has changed.
 * Sources: cgroup-v1/memory.rst, "OOM Control"; cgroup-v2.rst, "memory.events".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"
#include "runtime/cgroup-internal.h"
#include "runtime/cgroup-stats.h"

static const char V1_FILE[] = "memory.oom_control", V2_FILE[] = "memory.events";

static int cannot_watch(const struct cgroup_tree *tree, const char *file, int sys_errno, struct error *err)
{
	return err_sys_code(err, ERR_UNSUPPORTED, sys_errno, "watch %s in '%s' for out of memory", file,
			    tree->mount_point);
}

static int open_v1(const struct cgroup_tree *tree, struct cgroup_oom_watch *ret, struct error *err)
{
	char request[64];
	_cleanup_close_ int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	_cleanup_close_ int control = openat(tree->fd, V1_FILE, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || control < 0)
		return cannot_watch(tree, V1_FILE, errno, err);
	snprintf(request, sizeof request, "%d %d", fd, control);
	int r = file_write_line(tree->fd, "cgroup.event_control", request);
	if (r < 0)
		return cannot_watch(tree, V1_FILE, -r, err);
	*ret = (struct cgroup_oom_watch){ .fd = TAKE_FD(fd), .poll_events = POLLIN, .directory = tree->fd };
	return 0;
}

/* Of a file that is open for as long as it is watched: what has been read is what the next change is measured by. */
static uint64_t kills(int fd)
{
	unsigned long long count = 0;
	char text[512];
	ssize_t len = pread(fd, text, sizeof text - 1, 0);
	text[len > 0 ? len : 0] = '\0';
	const char *line = strstr(text, "oom_kill ");
	if (line)
		(void)sscanf(line, "oom_kill %llu", &count);
	return count;
}

static int open_v2(const struct cgroup_tree *tree, struct cgroup_oom_watch *ret, struct error *err)
{
	int fd = openat(tree->fd, V2_FILE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cannot_watch(tree, V2_FILE, errno, err);
	*ret = (struct cgroup_oom_watch){ .fd = fd, .poll_events = POLLPRI, .seen = kills(fd), .v2 = true };
	return 0;
}

int cgroup_oom_watch_open(const struct cgroup *cgroup, struct cgroup_oom_watch *ret, struct error *err)
{
	const struct cgroup_tree *v1 = cgroup_v1_tree(cgroup, "memory"), *v2 = cgroup_v2_tree(cgroup);
	if (v1)
		return open_v1(v1, ret, err);
	if (v2)
		return open_v2(v2, ret, err);
	return err_set(err, ERR_CG_CTRL, "cgroup '%s' is in no hierarchy with the memory controller", cgroup->path);
}

uint64_t cgroup_oom_watch_take(struct cgroup_oom_watch *watch)
{
	uint64_t count = 0;
	if (watch->v2) {
		uint64_t now = kills(watch->fd);
		count = now > watch->seen ? now - watch->seen : 0;
		watch->seen += count;
		return count;
	}
	/* v1 wakes us once more when the cgroup is removed. */
	if (read(watch->fd, &count, sizeof count) != sizeof count || faccessat(watch->directory, V1_FILE, F_OK, 0) < 0)
		return 0;
	return count;
}

void cgroup_oom_watch_close(struct cgroup_oom_watch *watch)
{
	fd_close(watch->fd);
	watch->fd = -1;
}
