/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmp/: directories that are locked (flock) for as long as whoever makes something in them lives. The kernel releases
 * the lock of a process that dies, and so marks what it left as rubbish.
 */
#include "storage/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/random.h"
#include "base/str.h"
#include "storage/space.h"

enum {
	NAME_LENGTH = 16,
	MAX_ATTEMPTS = 16, /* each one lost means that a sweep came between two system calls of ours */
};

bool store_stage_name_is_valid(const char *name)
{
	return strlen(name) == NAME_LENGTH && strspn(name, "0123456789abcdef") == NAME_LENGTH;
}

char *store_stage_name(void)
{
	return mem_printf("%016" PRIx64, random_u64());
}

/* Returns an fd of the locked directory, -EAGAIN if a sweep took it for rubbish before it was locked, or -errno. */
static int make_locked(int tmp, const char *name)
{
	if (mkdirat(tmp, name, 0700) < 0)
		return errno == EEXIST ? -EAGAIN : -errno;
	_cleanup_close_ int fd = openat(tmp, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_nlink == 0 ? -EAGAIN : TAKE_FD(fd);
}

int store_stage(struct store *store, char **ret_name, struct error *err)
{
	int fd = -EAGAIN;
	for (int attempt = 0; fd == -EAGAIN && attempt < MAX_ATTEMPTS; attempt++) {
		_cleanup_free_ char *name = store_stage_name();
		fd = make_locked(store->tmp, name);
		if (fd >= 0)
			*ret_name = TAKE_PTR(name);
	}
	if (fd >= 0)
		return fd;
	return space_explain(err_sys(err, -fd, "make a directory in '%s/tmp'", store->path), store->tmp, 0, err);
}

/*
 * 1 if nobody alive has @name below @tmp locked, with our lock on it in *ret_fd (-1: it is a link, which nobody locks); 0
 * if somebody has, or it is gone; or -errno.
 */
static int lock_rubbish(int tmp, const char *name, int *ret_fd)
{
	_cleanup_close_ int fd = openat(tmp, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno != ELOOP)
		return errno == ENOENT ? 0 : -errno;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	*ret_fd = TAKE_FD(fd);
	return 1;
}

/* Two sweeps at once exclude each other by the same lock. */
static int sweep_one(struct store *store, const char *name, void *context)
{
	_cleanup_close_ int lock = -1;
	int r = lock_rubbish(store->tmp, name, &lock);
	if (r <= 0)
		return r;
	log_debug("store: sweep tmp/%s", name);
	return path_remove_tree(store->tmp, name);
}

static int list_one(struct store *store, const char *name, void *context)
{
	_cleanup_close_ int lock = -1;
	int r = lock_rubbish(store->tmp, name, &lock);
	if (r > 0)
		strv_append(context, name);
	return r;
}

/* Goes on after an error, and returns the first one. */
static int for_each_in_tmp(struct store *store, int (*act)(struct store *store, const char *name, void *context),
			   const char *verb, void *context, struct error *err)
{
	_cleanup_close_ int fd = openat(store->tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(err, errno, "list '%s/tmp'", store->path);
	TAKE_FD(fd);
	int first = 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		int r = act(store, entry->d_name, context);
		if (r < 0 && first == 0)
			first = err_sys(err, -r, "%s '%s/tmp/%s'", verb, store->path, entry->d_name);
	}
	return first;
}

int store_sweep(struct store *store, struct error *err)
{
	return for_each_in_tmp(store, sweep_one, "remove", NULL, err);
}

int store_list_rubbish(struct store *store, char ***ret, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	int r = for_each_in_tmp(store, list_one, "examine", &names, err);
	if (r >= 0)
		*ret = TAKE_PTR(names);
	return r;
}

int store_discard(struct store *store, int dir, const char *name)
{
	/* Locked, so that no sweep removes it at the same time as we do. */
	_cleanup_close_ int lock = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (lock >= 0)
		(void)flock(lock, LOCK_EX | LOCK_NB);
	_cleanup_free_ char *rubbish = store_stage_name();
	if (renameat(dir, name, store->tmp, rubbish) < 0)
		return errno == ENOENT ? 0 : -errno;
	return path_remove_tree(store->tmp, rubbish);
}
