/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/new-namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/netlink.h"
#include "network/link.h"

/* Who has given up the privileges outside can map one id alone, and no group that could be taken from him before. */
static int become_root(uid_t uid, gid_t gid, struct error *err)
{
	char uid_map[32], gid_map[32];
	snprintf(uid_map, sizeof uid_map, "0 %u 1", uid);
	snprintf(gid_map, sizeof gid_map, "0 %u 1", gid);
	int r = file_write_line(AT_FDCWD, "/proc/self/uid_map", uid_map);
	if (r >= 0)
		r = file_write_line(AT_FDCWD, "/proc/self/setgroups", "deny");
	if (r >= 0)
		r = file_write_line(AT_FDCWD, "/proc/self/gid_map", gid_map);
	return r < 0 ? err_sys_code(err, ERR_IDMAP, -r, "become root of the new user namespace") : 0;
}

int new_namespaces_enter(const bool wanted[static NAMESPACE_COUNT], struct error *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int flags = 0;
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		flags |= wanted[type] ? namespace_clone_flag(type) : 0;
	if (unshare(flags) < 0)
		return err_sys(err, errno, "make new namespaces");
	int r = wanted[NAMESPACE_USER] ? become_root(uid, gid, err) : 0;
	if (r >= 0 && wanted[NAMESPACE_MOUNT] && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, errno, "make the mounts of the new namespace its own");
	return r;
}

pid_t new_namespaces_fork(const bool wanted[static NAMESPACE_COUNT], struct error *err)
{
	if (!wanted[NAMESPACE_PID] && !wanted[NAMESPACE_TIME])
		return 0;
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "make the first process of the new namespace");
	if (pid > 0) {
		/* Keys of the terminal are for the program. */
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGQUIT, SIG_IGN);
		return pid;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return 0;
}

int new_namespaces_furnish(const bool wanted[static NAMESPACE_COUNT], struct error *err)
{
	if (wanted[NAMESPACE_NETWORK]) {
		_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
		if (rtnl < 0)
			return rtnl;
		int r = link_loopback_up(rtnl, err);
		if (r < 0)
			return r;
	}
	if (wanted[NAMESPACE_PID] && wanted[NAMESPACE_MOUNT] &&
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "mount /proc of the new namespace of processes");
	return 0;
}
