/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root of the user's namespace is the user; from 1 on come the ids that he was given. Without such ids, root is all that
 * there is.
 *
 * Sources: user_namespaces(7), newuidmap(1).
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/rootless-internal.h"
#include "engine/subordinate-ids.h"
#include "runtime/id-map.h"
#include "runtime/procfs.h"
#include "runtime/program.h"

enum { WORDS_MAX = 1024 };

struct maps {
	struct id_list uids, gids;
};

static void maps_done(struct maps *maps)
{
	id_list_done(&maps->uids);
	id_list_done(&maps->gids);
}
#define _cleanup_maps_ _cleanup_(maps_done)

static void add_own(struct id_list *list, uid_t id)
{
	*ARRAY_APPEND(list->items, list->count) = (struct spec_id_mapping){ 0, id, 1 };
}

/* --- those of the user alone --- */

static int map_one(pid_t pid, struct error *err)
{
	const struct spec_id_mapping uid = { 0, geteuid(), 1 }, gid = { 0, getegid(), 1 };
	const struct id_maps maps = { .uids = &uid, .gids = &gid, .n_uids = 1, .n_gids = 1 };
	_cleanup_close_ int proc = procfs_open(err);
	return proc < 0 ? proc : id_maps_write(proc, pid, &maps, err);
}

/* --- those that he was given --- */

/* Returns its exit status, or a negative code. Its words go to @out. */
static int run_tool(const char *path, pid_t pid, const struct id_list *list, int out, struct error *err)
{
	_cleanup_strv_ char **argv = NULL;
	strv_append(&argv, path);
	strv_take(&argv, mem_printf("%d", (int)pid));
	for (size_t i = 0; i < list->count; i++) {
		strv_take(&argv, mem_printf("%u", list->items[i].container_id));
		strv_take(&argv, mem_printf("%u", list->items[i].host_id));
		strv_take(&argv, mem_printf("%u", list->items[i].size));
	}
	const struct process_spawn spawn = { .path = path, .argv = argv, .stdio = { -1, -1, out } };
	return process_run(&spawn, err);
}

bool rootless_tool_has_rights(const char *path)
{
	struct stat st;
	struct statvfs fs;
	if (stat(path, &st) < 0 || statvfs(path, &fs) < 0)
		return true;
	bool given = (st.st_mode & S_ISUID) || getxattr(path, "security.capability", NULL, 0) > 0;
	return given && !(fs.f_flag & ST_NOSUID);
}

static int tool_failed(const char *path, const char *file, int status, const char *words, struct error *err)
{
	const char *name = path_base(path);
	err_set(err, ERR_IDMAP, "%s refused to map the ids of '%s', with status %d", name, file, status);
	if (!rootless_tool_has_rights(path)) {
		err_cause(err, "'%s' has neither setuid nor capabilities, or its file system is mounted nosuid", path);
		err_hint(err, "chmod u+s %s, as root", path);
	}
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		err_cause(err, "this process may not gain privileges (no_new_privs), so that %s has none", name);
	if (*words)
		err_cause(err, "it says: %.*s", (int)strcspn(words, "\n"), words);
	return -ERR_IDMAP;
}

static int map_by_tool(const char *name, const char *file, pid_t pid, const struct id_list *list, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	int pipe_fds[2];
	char words[WORDS_MAX + 1];
	int r = program_find(name, environ, &path, err);
	if (r < 0)
		return r;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	_cleanup_close_ int ours = pipe_fds[0];
	_cleanup_close_ int theirs = pipe_fds[1];
	int status = run_tool(path, pid, list, theirs, err);
	if (status <= 0)
		return status;
	fd_close(TAKE_FD(theirs));
	ssize_t len = fd_read_full(ours, words, WORDS_MAX);
	words[MAX(len, 0)] = '\0';
	return tool_failed(path, file, status, words, err);
}

/* --- which of the two --- */

static bool has_tool(const char *name)
{
	_cleanup_free_ char *path = NULL;
	bool has = program_find(name, environ, &path, NULL) >= 0;
	if (!has)
		log_warn("containers can have one user and one group only, since there is no %s: install the package "
			 "\"uidmap\"",
			 name);
	return has;
}

static bool has_ids(const struct maps *maps, const char *user)
{
	bool has = maps->uids.count > 1 && maps->gids.count > 1;
	if (!has)
		log_warn("containers can have one user and one group only, since '%s' has no ids for %s: as root, "
			 "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s",
			 maps->uids.count > 1 ? SUBGID_FILE : SUBUID_FILE, user, user);
	return has;
}

static int read_maps(const char *user, struct maps *ret, struct error *err)
{
	add_own(&ret->uids, geteuid());
	add_own(&ret->gids, getegid());
	int r = subordinate_ids_read(SUBUID_FILE, user, geteuid(), &ret->uids, err);
	return r < 0 ? r : subordinate_ids_read(SUBGID_FILE, user, geteuid(), &ret->gids, err);
}

int rootless_map_ids(pid_t pid, struct error *err)
{
	_cleanup_maps_ struct maps maps = { 0 };
	const struct passwd *entry = getpwuid(geteuid());
	_cleanup_free_ char *user = entry ? mem_strdup(entry->pw_name) : mem_printf("%u", geteuid());
	int r = read_maps(user, &maps, err);
	if (r < 0)
		return r;
	if (!has_ids(&maps, user) || !has_tool("newuidmap") || !has_tool("newgidmap"))
		return map_one(pid, err);
	r = map_by_tool("newuidmap", SUBUID_FILE, pid, &maps.uids, err);
	return r < 0 ? r : map_by_tool("newgidmap", SUBGID_FILE, pid, &maps.gids, err);
}

/* --- no namespace at all --- */

/* A setting that forbids user namespaces if it has the value, and what to type against it. */
static const struct obstacle {
	const char *path, *value, *hint;
} OBSTACLES[] = {
	{ "/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1" },
	{ "/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=15000" },
	{ "/proc/sys/user/max_mnt_namespaces", "0", "sysctl user.max_mnt_namespaces=15000" },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
	  "sysctl kernel.apparmor_restrict_unprivileged_userns=0" },
};

int rootless_refused(int sys_errno, struct error *err)
{
	err_sys_code(err, sys_errno == EINVAL || sys_errno == ENOSYS ? ERR_UNSUPPORTED : ERR_PERMISSION, sys_errno,
		     "cannot make a user namespace, without which user %u cannot have containers", geteuid());
	for (size_t i = 0; i < ARRAY_SIZE(OBSTACLES); i++) {
		const struct obstacle *obstacle = &OBSTACLES[i];
		char value[32];
		if (file_read_line(AT_FDCWD, obstacle->path, value, sizeof value) <= 0 ||
		    !streq(value, obstacle->value))
			continue;
		err_cause(err, "'%s' is %s", obstacle->path, value);
		err_hint(err, "%s, as root", obstacle->hint);
	}
	return -(sys_errno == EINVAL || sys_errno == ENOSYS ? ERR_UNSUPPORTED : ERR_PERMISSION);
}
