/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that holds a user's namespaces: a small program without files, in a session of its own, and nobody's
 * child, so that nobody has to wait for it.
 *
 * Life cycle:
 *  1. It makes the namespaces, or is in them already, and says who it is.
 *  2. Its maker maps ids, and takes down who it is.
 *  3. It hears that it may stay, and becomes the small program; if its maker is gone by then, it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "engine/rootless-internal.h"
#include "monitor/protocol.h"

/* What it says. */
struct presence {
	pid_t pid;
	int sys_errno;
};

/* --- in the holder --- */

_Noreturn static void hold(int connection, int new_namespaces)
{
	struct presence presence = { .pid = getpid() };
	char word;
	char *argv[] = { (char *)HOLDER_PROGRAM, NULL };
	_cleanup_free_ char *program = process_helper_path(MONITOR_PROGRAM);
	if (new_namespaces && unshare(new_namespaces) < 0)
		presence.sys_errno = errno;
	if (fd_write_all(connection, &presence, sizeof presence) < 0 || presence.sys_errno ||
	    fd_read_full(connection, &word, 1) != 1 || chdir("/") < 0)
		_exit(1);
	fd_close_from(0);
	(void)fd_fill_standard();
	(void)execv(program, argv);
	_exit(1);
}

/* Its parent ends at once, so that init is its parent. */
_Noreturn static void detach(int connection, int new_namespaces)
{
	(void)setsid();
	pid_t pid = fork();
	if (pid == 0)
		hold(connection, new_namespaces);
	_exit(pid < 0);
}

/* --- in its maker --- */

static int start(int new_namespaces, int *ret_connection, struct error *err)
{
	int ends[2], status;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, errno, "make a connection");
	_cleanup_close_ int ours = ends[0];
	_cleanup_close_ int theirs = ends[1];
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "make a process");
	if (pid == 0) {
		fd_close(ours);
		detach(theirs, new_namespaces);
	}
	int r = process_wait(pid, &status, err);
	if (r >= 0)
		*ret_connection = TAKE_FD(ours);
	return r;
}

static int read_presence(int connection, pid_t *ret_pid, struct error *err)
{
	struct presence presence;
	if (fd_read_full(connection, &presence, sizeof presence) != sizeof presence)
		return err_set(err, ERR_SYSTEM, "the process that holds your namespaces has died");
	if (presence.sys_errno)
		return rootless_refused(presence.sys_errno, err);
	*ret_pid = presence.pid;
	return 0;
}

static int read_number(pid_t pid, const char *type, ino_t *ret, struct error *err)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, type);
	if (stat(path, &st) < 0)
		return err_sys(err, errno, "look at the %s namespace of process %d", type, (int)pid);
	*ret = st.st_ino;
	return 0;
}

static int describe(pid_t pid, struct holder *ret, struct error *err)
{
	struct holder holder = { .pid = pid, .start_time = process_start_time(pid, NULL) };
	int r = read_number(pid, "user", &holder.user, err);
	if (r >= 0)
		r = read_number(pid, "mnt", &holder.mount, err);
	if (r >= 0)
		*ret = holder;
	return r;
}

int holder_make(int new_namespaces, struct holder *ret, struct error *err)
{
	_cleanup_close_ int connection = -1;
	struct holder holder;
	pid_t pid = 0;
	int r = start(new_namespaces, &connection, err);
	if (r >= 0)
		r = read_presence(connection, &pid, err);
	if (r >= 0 && (new_namespaces & CLONE_NEWUSER))
		r = rootless_map_ids(pid, err);
	if (r >= 0)
		r = describe(pid, &holder, err);
	if (r < 0)
		return r;
	r = fd_write_all(connection, "", 1);
	if (r < 0)
		return err_sys(err, -r, "speak to the process that holds your namespaces");
	*ret = holder;
	return 0;
}
