/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mountpoints.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"

#define PLACE "cache/mountpoints"

static const char *const DIRECTORIES[] = { "dev", "etc", "proc", "sys" };
static const char *const FILES[] = { "etc/hostname", "etc/hosts", "etc/resolv.conf" };

/* Modes are what the container sees where its image has nothing, whatever our umask is. */
static int make_contents(int dir)
{
	enum { DIRECTORY_MODE = 0755, FILE_MODE = 0644 };
	if (fchmod(dir, DIRECTORY_MODE) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(DIRECTORIES); i++)
		if (mkdirat(dir, DIRECTORIES[i], DIRECTORY_MODE) < 0 ||
		    fchmodat(dir, DIRECTORIES[i], DIRECTORY_MODE, 0) < 0)
			return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(FILES); i++) {
		_cleanup_close_ int fd = openat(dir, FILES[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
		if (fd < 0 || fchmod(fd, FILE_MODE) < 0)
			return -errno;
	}
	return 0;
}

/* Somebody else who was faster has made the same. */
static int make(struct store *store, struct error *err)
{
	_cleanup_free_ char *name = NULL;
	_cleanup_close_ int stage = store_stage(store, &name, err);
	if (stage < 0)
		return stage;
	int r = make_contents(stage);
	if (r == 0 && renameat(store->tmp, name, store->root, PLACE) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	(void)path_remove_tree(store->tmp, name);
	return r == -EEXIST || r == -ENOTEMPTY ? 0 : err_sys(err, -r, "make '%s/" PLACE "'", store->path);
}

int mountpoints_ensure(struct store *store, char **ret, struct error *err)
{
	int r = faccessat(store->root, PLACE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : make(store, err);
	if (r >= 0)
		*ret = path_join(store->path, PLACE);
	return r;
}
