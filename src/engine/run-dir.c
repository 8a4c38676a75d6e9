/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/run-dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine-internal.h"

#define LOCK_FILE "lock"
#define REMOVED_PREFIX ".removed-"

enum {
	RUN_DIR_MODE = 0700,
	MAX_ATTEMPTS = 16, /* each one lost means that a removal came between two system calls of ours */
	POLL_MS = 5,
	MAKE_PATIENCE_MS = 20 * 1000,
};

void run_dir_close(struct run_dir *dir)
{
	fd_close(dir->lock);
	fd_close(dir->fd);
	*dir = RUN_DIR_NONE;
}

int run_dir_open(struct engine *engine, const char *id)
{
	int fd = openat(engine->containers, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Whether the directory that was open before its lock was ours still has its name. */
static bool is_in_place(struct engine *engine, const char *id, int fd)
{
	struct stat here, there;
	return fstat(fd, &here) == 0 && fstatat(engine->containers, id, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* Returns 0, -EWOULDBLOCK if somebody holds it, -ESTALE if it was removed meanwhile, -ENOENT if there is none. */
static int try_lock(struct engine *engine, const char *id, struct run_dir *ret)
{
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	dir.fd = run_dir_open(engine, id);
	if (dir.fd < 0)
		return dir.fd;
	dir.lock = openat(dir.fd, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (dir.lock < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (flock(dir.lock, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	if (!is_in_place(engine, id, dir.fd))
		return -ESTALE;
	*ret = dir;
	dir = RUN_DIR_NONE;
	return 0;
}

static void pause_ms(int ms)
{
	struct timespec interval = { .tv_nsec = ms * NSEC_PER_MSEC };
	(void)nanosleep(&interval, NULL);
}

int run_dir_lock(struct engine *engine, const char *id, int timeout_ms, struct run_dir *ret, struct error *err)
{
	int64_t deadline = time_monotonic_ns() + timeout_ms * NSEC_PER_MSEC;
	int attempts = 0, r;
	for (;;) {
		r = try_lock(engine, id, ret);
		if (r == -ESTALE && ++attempts < MAX_ATTEMPTS)
			continue;
		if (r != -EWOULDBLOCK || time_monotonic_ns() >= deadline)
			break;
		pause_ms(POLL_MS);
	}
	if (r == -ENOENT)
		return 0;
	if (r == -EWOULDBLOCK)
		return err_set(err, ERR_BUSY, "container %.12s is in the hands of another process", id);
	return r < 0 ? err_sys(err, -r, "lock the run directory of container %.12s", id) : 1;
}

/* What a dead process left in it must not be taken for ours. */
static int empty(struct run_dir *dir, struct error *err)
{
	_cleanup_close_ int copy = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	if (!entries)
		return err_sys(err, errno, "list a run directory");
	TAKE_FD(copy);
	for (struct dirent *entry; (entry = readdir(entries));) {
		if (streq(entry->d_name, ".") || streq(entry->d_name, "..") || streq(entry->d_name, LOCK_FILE))
			continue;
		int r = path_remove_tree(dir->fd, entry->d_name);
		if (r < 0)
			return err_sys(err, -r, "remove '%s' from a run directory", entry->d_name);
	}
	return 0;
}

/*
 * Between its making and its lock, a directory looks like one that the dead have left: whoever looks for such may lock it
 * first. Then it is gone in a moment, and we make it again.
 */
static int make_and_lock(struct engine *engine, const char *id, bool *made, struct run_dir *ret)
{
	int64_t deadline = time_monotonic_ns() + MAKE_PATIENCE_MS * NSEC_PER_MSEC;
	for (*made = false;;) {
		if (mkdirat(engine->containers, id, RUN_DIR_MODE) == 0)
			*made = true;
		else if (errno != EEXIST)
			return -errno;
		int r = try_lock(engine, id, ret);
		bool again = r == -ESTALE || r == -ENOENT || (r == -EWOULDBLOCK && *made);
		if (!again || time_monotonic_ns() >= deadline)
			return r;
		if (r == -EWOULDBLOCK)
			pause_ms(1);
	}
}

int run_dir_make(struct engine *engine, const char *id, struct run_dir *ret, struct error *err)
{
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	bool made;
	int r = make_and_lock(engine, id, &made, &dir);
	if (r == -EWOULDBLOCK)
		return err_set(err, ERR_BUSY, "container %.12s is in the hands of another process", id);
	if (r < 0)
		return err_sys(err, -r, "make the run directory of container %.12s", id);
	r = made ? 0 : empty(&dir, err);
	if (r < 0)
		return r;
	*ret = dir;
	dir = RUN_DIR_NONE;
	return 0;
}

int run_dir_remove(struct engine *engine, const char *id, struct run_dir *dir, struct error *err)
{
	char rubbish[sizeof REMOVED_PREFIX + 16];
	snprintf(rubbish, sizeof rubbish, REMOVED_PREFIX "%016" PRIx64, random_u64());
	int r = renameat(engine->containers, id, engine->containers, rubbish) < 0 ? -errno : 0;
	if (r == 0)
		r = path_remove_tree(engine->containers, rubbish);
	run_dir_close(dir);
	return r < 0 && r != -ENOENT ? err_sys(err, -r, "remove the run directory of container %.12s", id) : 0;
}

int run_dir_list(struct engine *engine, char ***ret, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	_cleanup_close_ int fd = openat(engine->containers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(err, errno, "list the run directories in '%s'", engine->runroot);
	TAKE_FD(fd);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (store_is_hex64(entry->d_name))
			strv_append(&ids, entry->d_name);
		else if (str_starts_with(entry->d_name, REMOVED_PREFIX))
			(void)path_remove_tree(engine->containers, entry->d_name);
	}
	*ret = TAKE_PTR(ids);
	return 0;
}
