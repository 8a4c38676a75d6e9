/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/id-map.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/procfs.h"

bool id_map_to_host(const struct spec_id_mapping *mappings, size_t count, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (id < mappings[i].container_id || id - mappings[i].container_id >= mappings[i].size)
			continue;
		*ret = mappings[i].host_id + (id - mappings[i].container_id);
		return true;
	}
	return false;
}

bool id_map_to_container(const struct spec_id_mapping *mappings, size_t count, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (id < mappings[i].host_id || id - mappings[i].host_id >= mappings[i].size)
			continue;
		*ret = mappings[i].container_id + (id - mappings[i].host_id);
		return true;
	}
	return false;
}

static int write_map(int proc, pid_t pid, const char *file, const struct spec_id_mapping *mappings, size_t count,
		     struct error *err)
{
	_cleanup_str_ struct str map = { 0 };
	char path[64];
	snprintf(path, sizeof path, "%d/%s", pid, file);
	for (size_t i = 0; i < count; i++)
		str_appendf(&map, "%u %u %u\n", mappings[i].container_id, mappings[i].host_id, mappings[i].size);
	int r = procfs_write(proc, path, str_text(&map));
	return r < 0 ? err_sys_code(err, ERR_IDMAP, -r, "write %s of a user namespace", file) : 0;
}

/* Who is not root may map a group only if nobody can drop one by it. Source: user_namespaces(7), "setgroups". */
static int deny_setgroups(int proc, pid_t pid, struct error *err)
{
	char path[64];
	snprintf(path, sizeof path, "%d/setgroups", pid);
	int r = procfs_write(proc, path, "deny");
	return r < 0 ? err_sys_code(err, ERR_IDMAP, -r, "deny setgroups() in a user namespace") : 0;
}

int id_maps_write(int proc, pid_t pid, const struct id_maps *maps, struct error *err)
{
	int r = geteuid() == 0 ? 0 : deny_setgroups(proc, pid, err);
	if (r == 0)
		r = write_map(proc, pid, "uid_map", maps->uids, maps->n_uids, err);
	return r < 0 ? r : write_map(proc, pid, "gid_map", maps->gids, maps->n_gids, err);
}

/* --- a process that is in a user namespace and does nothing --- */

_Noreturn static void be_there(int join, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	int error = (join >= 0 ? setns(join, CLONE_NEWUSER) : unshare(CLONE_NEWUSER)) < 0 ? errno : 0;
	(void)!write(ready, &error, sizeof error);
	for (;;)
		pause();
}

static void let_go(const pid_t *pid)
{
	if (*pid <= 0)
		return;
	(void)kill(*pid, SIGKILL);
	(void)RETRY_ON_EINTR(waitpid(*pid, NULL, 0));
}
#define _cleanup_holder_ _cleanup_(let_go)

/* It is in the namespace @join, or in a new one if that is -1. Returns its pid; let_go() ends it. */
static pid_t hold(int join, struct error *err)
{
	int pair[2], error = EPIPE;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	_cleanup_close_ int ours = pair[0], theirs = pair[1];
	_cleanup_holder_ pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "make a process");
	if (pid == 0)
		be_there(join, theirs);
	fd_close(TAKE_FD(theirs));
	ssize_t n = fd_read_full(ours, &error, sizeof error);
	if (n != sizeof error || error)
		return err_sys_code(err, ERR_IDMAP, n == sizeof error ? error : EPIPE, "%s a user namespace",
				    join >= 0 ? "join" : "make");
	pid_t held = pid;
	pid = 0;
	return held;
}

int id_maps_namespace(int proc, const struct id_maps *maps, struct error *err)
{
	_cleanup_holder_ pid_t pid = hold(-1, err);
	char path[32];
	if (pid < 0)
		return pid;
	int r = id_maps_write(proc, pid, maps, err);
	if (r < 0)
		return r;
	snprintf(path, sizeof path, "%d/ns/user", pid);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys_code(err, ERR_IDMAP, errno, "open a user namespace") : fd;
}

/* --- reading and comparing --- */

enum { MAP_SIZE_MAX = 64 << 10 };

static bool has_mapping(const struct spec_id_mapping *mappings, size_t count, const struct spec_id_mapping *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (mappings[i].container_id == wanted->container_id && mappings[i].host_id == wanted->host_id &&
		    mappings[i].size == wanted->size)
			return true;
	return false;
}

/* The kernel may have sorted them. */
static bool same_map(const char *text, const struct spec_id_mapping *mappings, size_t count)
{
	struct spec_id_mapping found;
	size_t n = 0;
	int len;
	for (; sscanf(text, "%u %u %u%n", &found.container_id, &found.host_id, &found.size, &len) == 3; text += len, n++)
		if (!has_mapping(mappings, count, &found))
			return false;
	return n == count;
}

static int read_map(int proc, pid_t pid, const char *file, char **ret, struct error *err)
{
	char path[32];
	snprintf(path, sizeof path, "%d/%s", pid, file);
	_cleanup_close_ int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys_code(err, ERR_IDMAP, errno, "read %s of a user namespace", file);
	return fd_read_text(fd, MAP_SIZE_MAX, file, ret, NULL, err);
}

static int matches(int proc, pid_t pid, const char *file, const struct spec_id_mapping *mappings, size_t count,
		   struct error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = read_map(proc, pid, file, &text, err);
	return r < 0 ? r : same_map(text, mappings, count);
}

int id_maps_read(int proc, int fd, char **ret_uids, char **ret_gids, struct error *err)
{
	_cleanup_free_ char *uids = NULL, *gids = NULL;
	_cleanup_holder_ pid_t pid = hold(fd, err);
	int r = pid < 0 ? pid : read_map(proc, pid, "uid_map", &uids, err);
	if (r >= 0)
		r = read_map(proc, pid, "gid_map", &gids, err);
	if (r < 0)
		return r;
	*ret_uids = TAKE_PTR(uids);
	*ret_gids = TAKE_PTR(gids);
	return 0;
}

int id_maps_match(int proc, int fd, const struct id_maps *maps, struct error *err)
{
	_cleanup_holder_ pid_t pid = hold(fd, err);
	if (pid < 0)
		return pid;
	int r = matches(proc, pid, "uid_map", maps->uids, maps->n_uids, err);
	return r <= 0 ? r : matches(proc, pid, "gid_map", maps->gids, maps->n_gids, err);
}
