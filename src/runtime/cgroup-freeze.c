/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stop and resume. Both kernels' freezers work in the background; the request is repeated (v1) or waited for (v2).
 * Sources: Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst; cgroup-v2.rst, "Core Interface Files".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"

static const int64_t TIMEOUT_NS = 10 * NSEC_PER_SEC;

enum { FIRST_SLEEP_US = 50, LONGEST_SLEEP_US = 20000 };

const struct cgroup_tree *cgroup_freezer_tree(const struct cgroup *cgroup)
{
	const struct cgroup_tree *v2 = cgroup_v2_tree(cgroup); /* can freeze since Linux 5.2, controllers or not */
	return v2 && cgroup_has_file(v2, "cgroup.freeze") ? v2 : cgroup_v1_tree(cgroup, "freezer");
}

/* --- v1: THAWED, FREEZING, FROZEN --- */

static int read_state_v1(const struct cgroup_tree *tree, char *state, size_t size)
{
	ssize_t len = file_read_line(tree->fd, "freezer.state", state, size);
	return len < 0 ? (int)len : 0;
}

/* A process that was not in a state to be frozen is missed until the next write. */
static int set_v1(const struct cgroup_tree *tree, const char *wanted, int64_t deadline)
{
	useconds_t sleep_us = FIRST_SLEEP_US;
	for (;;) {
		char state[16] = "";
		int r = file_write_line(tree->fd, "freezer.state", wanted);
		if (r == 0)
			r = read_state_v1(tree, state, sizeof state);
		if (r < 0 || streq(state, wanted))
			return r;
		if (time_monotonic_ns() >= deadline)
			return -ETIMEDOUT;
		usleep(sleep_us);
		sleep_us = MIN(sleep_us * 2, (useconds_t)LONGEST_SLEEP_US);
	}
}

/* --- v2: a request in cgroup.freeze, the outcome in cgroup.events, whose changes wake poll() --- */

static int events_say(int fd, bool frozen, bool *ret)
{
	char text[256];
	ssize_t len = pread(fd, text, sizeof text - 1, 0);
	if (len < 0)
		return -errno;
	text[len] = '\0';
	const char *line = strstr(text, "frozen ");
	if (!line)
		return -EBADMSG;
	*ret = (line[strlen("frozen ")] == '1') == frozen;
	return 0;
}

static int wait_v2(const struct cgroup_tree *tree, bool frozen, int64_t deadline)
{
	_cleanup_close_ int fd = openat(tree->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		bool done = false;
		int r = events_say(fd, frozen, &done);
		if (r < 0 || done)
			return r;
		int64_t left = deadline - time_monotonic_ns();
		if (left <= 0)
			return -ETIMEDOUT;
		struct pollfd pollfd = { .fd = fd, .events = POLLPRI };
		if (poll(&pollfd, 1, (int)(left / NSEC_PER_MSEC + 1)) < 0 && errno != EINTR)
			return -errno;
	}
}

static int set_v2(const struct cgroup_tree *tree, bool frozen, int64_t deadline)
{
	int r = file_write_line(tree->fd, "cgroup.freeze", frozen ? "1" : "0");
	return r < 0 ? r : wait_v2(tree, frozen, deadline);
}

/* --- both --- */

int cgroup_freezer_set(const struct cgroup_tree *tree, bool frozen, int64_t timeout_ns)
{
	int64_t deadline = time_monotonic_ns() + timeout_ns;
	return tree->v2 ? set_v2(tree, frozen, deadline) : set_v1(tree, frozen ? "FROZEN" : "THAWED", deadline);
}

/* v2: a frozen process that gets a signal moves for a moment; the request stands, and so does one made further up. */
static int get_v2(const struct cgroup_tree *tree, bool *ret)
{
	uint64_t requested, frozen;
	if (!cgroup_read_u64(tree, "cgroup.freeze", &requested) ||
	    !cgroup_read_key(tree, "cgroup.events", "frozen", &frozen))
		return -ENODATA;
	*ret = requested || frozen;
	return 0;
}

int cgroup_freezer_get(const struct cgroup_tree *tree, bool *ret)
{
	char state[16];
	if (tree->v2)
		return get_v2(tree, ret);
	int r = read_state_v1(tree, state, sizeof state);
	if (r == 0)
		*ret = !streq(state, "THAWED"); /* FREEZING has the same consequences as FROZEN */
	return r;
}

static int no_freezer(const struct cgroup *cgroup, struct error *err)
{
	return err_set(err, ERR_CG_CTRL, "cgroup '%s' is in no hierarchy that can freeze", cgroup->path);
}

/* Who does not stop, or what keeps it stopped. */
static void explain_timeout(const struct cgroup *cgroup, const struct cgroup_tree *tree, bool frozen, struct error *err)
{
	_cleanup_pid_list_ struct pid_list list = { 0 };
	char state;
	if (!frozen) {
		err_cause(err, "a cgroup above it is frozen");
		return;
	}
	(void)cgroup_read_pids_below(tree->fd, &list);
	for (size_t i = 0; i < list.count; i++)
		if (process_start_time(list.pids[i], &state) && state == 'D')
			err_cause(err, "process %d is in an uninterruptible sleep", list.pids[i]);
}

int cgroup_freeze(struct cgroup *cgroup, bool frozen, struct error *err)
{
	const struct cgroup_tree *tree = cgroup_freezer_tree(cgroup);
	if (!tree)
		return no_freezer(cgroup, err);
	int r = cgroup_freezer_set(tree, frozen, TIMEOUT_NS);
	if (r == 0)
		return 0;
	enum error_code code = r == -ETIMEDOUT ? ERR_TIMEOUT : ERR_CGROUP;
	err_sys_code(err, code, -r, "%s cgroup '%s%s'", frozen ? "freeze" : "thaw", tree->mount_point, cgroup->path);
	if (r == -ETIMEDOUT)
		explain_timeout(cgroup, tree, frozen, err);
	if (frozen) /* half frozen is worse than either */
		(void)cgroup_freezer_set(tree, false, 0);
	return -(int)code;
}

int cgroup_is_frozen(struct cgroup *cgroup, bool *ret, struct error *err)
{
	const struct cgroup_tree *tree = cgroup_freezer_tree(cgroup);
	if (!tree)
		return no_freezer(cgroup, err);
	int r = cgroup_freezer_get(tree, ret);
	return r < 0 ? err_sys_code(err, ERR_CGROUP, -r, "read the freezer of '%s%s'", tree->mount_point, cgroup->path)
		     : 0;
}
