/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/live.h"
#include "engine/network-user.h"
#include "engine/network.h"
#include "engine/record.h"

#define DIRECTORY "/run/netns"
#define FILE_NAME "netns" /* in the run directory */

/* --- names --- */

static char *target_of(const struct engine *engine, const char *id)
{
	return mem_printf("%s/containers/%s/" FILE_NAME, engine->runroot, id);
}

/* Where the link @name leads to; free() it. NULL: it is none. */
static char *read_link(int dir, const char *name)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dir, name, target, sizeof target);
	return len < 0 || (size_t)len == sizeof target ? NULL : mem_strndup(target, (size_t)len);
}

/* Whether it is a namespace that stands there: they are files of one file system. */
static bool leads_to_namespace(int dir, const char *name)
{
	struct stat there, own;
	return fstatat(dir, name, &there, 0) == 0 && stat("/proc/thread-self/ns/net", &own) == 0 &&
	       there.st_dev == own.st_dev;
}

static bool is_ours(const struct engine *engine, const char *target)
{
	_cleanup_free_ char *containers = mem_printf("%s/containers/", engine->runroot);
	return str_starts_with(target, containers) && str_ends_with(target, "/" FILE_NAME);
}

typedef void (*name_function)(int dir, const char *name, const char *target, void *context);

/* Each name that is ours. Without the directory there are none. */
static int for_each(const struct engine *engine, name_function function, void *context, struct error *err)
{
	_cleanup_closedir_ DIR *dir = opendir(DIRECTORY);
	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, errno, "list '" DIRECTORY "'");
	for (struct dirent *entry; (entry = readdir(dir));) {
		_cleanup_free_ char *target = read_link(dirfd(dir), entry->d_name);
		if (target && is_ours(engine, target))
			function(dirfd(dir), entry->d_name, target, context);
	}
	return 0;
}

/* --- one that goes --- */

static void remove_if_of(int dir, const char *name, const char *target, void *context)
{
	if (streq(target, context) && unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		log_warn("cannot remove '" DIRECTORY "/%s': %m", name);
}

void network_netns_forget(struct engine *engine, const char *id)
{
	_cleanup_free_ char *target = target_of(engine, id);
	struct error failure = { 0 };
	char *none = read_link(AT_FDCWD, target);
	if (!none)
		return; /* nobody has asked for a name */
	free(none);
	if (for_each(engine, remove_if_of, target, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, NULL, &failure);
	(void)unlink(target);
}

static void take_dangling(int dir, const char *name, const char *target, void *context)
{
	if (!leads_to_namespace(dir, name))
		strv_take(context, mem_printf(DIRECTORY "/%s", name));
}

int network_netns_dangling(struct engine *engine, char ***ret, struct error *err)
{
	return for_each(engine, take_dangling, ret, err);
}

int network_netns_sweep(struct engine *engine, struct error *err)
{
	_cleanup_strv_ char **paths = NULL;
	int r = network_netns_dangling(engine, &paths, err);
	for (char **path = paths; r >= 0 && path && *path; path++)
		if (unlink(*path) < 0 && errno != ENOENT)
			r = err_sys(err, errno, "remove '%s'", *path);
	return r;
}

/* --- one that comes --- */

static int check_name(const char *name, struct error *err)
{
	if (*name && !strchr(name, '/') && !streq(name, ".") && !streq(name, "..") && strlen(name) <= NAME_MAX)
		return 0;
	return err_set(err, ERR_INVALID, "invalid name for a network namespace: \"%s\"", name);
}

/* The parent of a process; 0: it is not known. */
static pid_t parent_of(pid_t pid)
{
	_cleanup_free_ char *path = mem_printf("/proc/%d/stat", (int)pid);
	char stat[1024];
	int parent = 0;
	if (file_read_line(AT_FDCWD, path, stat, sizeof stat) <= 0)
		return 0;
	/* The name in parentheses may itself hold some. */
	const char *at = strrchr(stat, ')');
	return at && sscanf(at + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/*
 * The monitor's file, which is the same when its container is started again by the restart policy; or, for a namespace that
 * the runtime has made (`--network none`), that of the first process. free() it.
 */
static char *file_of(const struct monitor_status *status, int netns)
{
	char *path = mem_printf("/proc/%d/fd/" STRINGIFY(MONITOR_NETNS_NUMBER), (int)parent_of(status->pid));
	struct stat held, wanted;
	if (stat(path, &held) == 0 && fstat(netns, &wanted) == 0 && held.st_dev == wanted.st_dev &&
	    held.st_ino == wanted.st_ino)
		return path;
	free(path);
	return mem_printf("/proc/%d/ns/net", (int)status->pid);
}

/* As ip-netns(8) makes it. */
static int open_directory(struct error *err)
{
	if (mkdir(DIRECTORY, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make the directory '" DIRECTORY "'");
	int fd = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open '" DIRECTORY "'") : fd;
}

/* The name goes last: what it leads to is there then. One that we have given to the same container may stay. */
static int make_links(struct engine *engine, const struct container_row *row, const char *name, const char *file,
		      struct error *err)
{
	_cleanup_free_ char *target = target_of(engine, row->id);
	_cleanup_close_ int dir = open_directory(err);
	if (dir < 0)
		return dir;
	if (unlink(target) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s'", target);
	if (symlink(file, target) < 0)
		return err_sys(err, errno, "make the link '%s'", target);
	if (symlinkat(target, dir, name) == 0)
		return 0;
	int why = errno;
	_cleanup_free_ char *there = read_link(dir, name);
	if (there && streq(there, target))
		return 0;
	if (why != EEXIST)
		return err_sys(err, why, "make the link '" DIRECTORY "/%s'", name);
	err_set(err, ERR_EXISTS, "'" DIRECTORY "/%s' is there already", name);
	return err_hint(err, "coffer network netns %s NAME", row->name);
}

static int refuse(const struct container_row *row, struct error *err)
{
	if (network_is_of_user()) {
		err_set(err, ERR_UNSUPPORTED,
			"name the network namespace of container \"%s\": '" DIRECTORY "' is root's", row->name);
		return err_hint(err, "nsenter --user --net --target PID");
	}
	if (config_spec(&row->config)->network == NETWORK_HOST)
		return err_set(err, ERR_INVALID, "container \"%s\" has the network of the host, which needs no name",
			       row->name);
	return 0;
}

int engine_network_netns(struct engine *engine, const char *container, const char *name, char **ret, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_live_ struct live live = LIVE_NONE;
	int r = container_load_row(engine, container, &row, err);
	if (r >= 0)
		r = refuse(&row, err);
	if (r >= 0)
		r = check_name(name ? name : row.name, err);
	if (r >= 0)
		r = live_need(engine, &row, "name the network namespace of", &live, err);
	if (r < 0)
		return r;
	_cleanup_close_ int netns = live_open_netns(&live.status);
	if (netns < 0)
		return err_sys(err, -netns, "open the network namespace of container \"%s\"", row.name);
	_cleanup_free_ char *file = file_of(&live.status, netns);
	r = make_links(engine, &row, name ? name : row.name, file, err);
	if (r < 0)
		return r;
	*ret = mem_printf(DIRECTORY "/%s", name ? name : row.name);
	return 0;
}

int engine_network_netns_remove(struct engine *engine, const char *container, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = container_load_row(engine, container, &row, err);
	if (r >= 0)
		network_netns_forget(engine, row.id);
	return r;
}
