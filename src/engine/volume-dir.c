/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume-dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/volume.h"

#define VOLUMES "volumes"

enum {
	PRIVATE_MODE = 0700,
	DATA_MODE = 0755, /* for the container's users */
	DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
};

char *volumes_path(const struct engine *engine)
{
	return path_join(engine->store->path, VOLUMES);
}

char *volume_path(const struct engine *engine, const char *name)
{
	return mem_printf("%s/" VOLUMES "/%s/" VOLUME_DATA, engine->store->path, name);
}

/* Returns the fd, or -errno; -ENOENT while there has never been a volume. */
static int open_volumes(struct engine *engine)
{
	int fd = openat(engine->store->root, VOLUMES, DIRECTORY_FLAGS);
	return fd < 0 ? -errno : fd;
}

static int make_directory(int dir, const char *name, mode_t mode)
{
	if (mkdirat(dir, name, mode) == 0)
		return fchmodat(dir, name, mode, 0) < 0 ? -errno : 0; /* whatever our umask is */
	return errno == EEXIST ? 0 : -errno;
}

/* Make @name in @dir, if it is missing, and open it; or -errno. */
static int enter(int dir, const char *name, mode_t mode)
{
	int fd = openat(dir, name, DIRECTORY_FLAGS);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	int r = make_directory(dir, name, mode);
	fd = r < 0 ? r : openat(dir, name, DIRECTORY_FLAGS);
	return fd < 0 && r == 0 ? -errno : fd;
}

int volume_dir_make(struct engine *engine, const char *name, struct error *err)
{
	_cleanup_close_ int volumes = enter(engine->store->root, VOLUMES, PRIVATE_MODE);
	_cleanup_close_ int volume = volumes < 0 ? volumes : enter(volumes, name, PRIVATE_MODE);
	int data = volume < 0 ? volume : enter(volume, VOLUME_DATA, DATA_MODE);
	if (data >= 0)
		return data;
	err_sys(err, -data, "make the directory of volume %s", name);
	store_explain_full(engine->store, err);
	return err ? -err->code : -ERR_SYSTEM;
}

bool volume_dir_exists(struct engine *engine, const char *name)
{
	_cleanup_free_ char *path = mem_printf(VOLUMES "/%s/" VOLUME_DATA, name);
	return faccessat(engine->store->root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int volume_dir_lock(struct engine *engine, const char *name, struct error *err)
{
	_cleanup_free_ char *path = mem_printf(VOLUMES "/%s", name);
	_cleanup_close_ int fd = openat(engine->store->root, path, DIRECTORY_FLAGS);
	if (fd < 0 || RETRY_ON_EINTR(flock(fd, LOCK_EX)) < 0)
		return err_sys(err, errno, "lock volume %s", name);
	return TAKE_FD(fd);
}

/* Whoever has the lock is at it. */
int volume_dir_sweep(struct engine *engine, const char *name)
{
	_cleanup_free_ char *path = mem_printf(VOLUMES "/%s", name);
	_cleanup_close_ int fd = openat(engine->store->root, path, DIRECTORY_FLAGS);
	if (fd < 0 || faccessat(fd, VOLUME_STAGE, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	return path_remove_tree(fd, VOLUME_STAGE);
}

/* --- removing --- */

int volume_dir_set_aside(struct engine *engine, const char *name, char **ret, struct error *err)
{
	_cleanup_close_ int volumes = open_volumes(engine);
	_cleanup_free_ char *unique = store_stage_name();
	_cleanup_free_ char *aside = mem_printf(".%s", unique);
	int r = volumes;
	if (volumes >= 0)
		r = renameat(volumes, name, volumes, aside) < 0 ? -errno : 0;
	if (r < 0 && r != -ENOENT)
		return err_sys(err, -r, "remove the directory of volume %s", name);
	*ret = r < 0 ? NULL : TAKE_PTR(aside);
	return 0;
}

int volume_dir_remove(struct engine *engine, const char *name, struct error *err)
{
	_cleanup_close_ int volumes = open_volumes(engine);
	int r = volumes < 0 ? volumes : path_remove_tree(volumes, name);
	/* Somebody else may be at it. */
	return r < 0 && r != -ENOENT ? err_sys(err, -r, "remove '%s/" VOLUMES "/%s'", engine->store->path, name) : 0;
}

/* --- listing --- */

int volume_dir_list(struct engine *engine, char ***ret_names, char ***ret_aside, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_strv_ char **aside = NULL;
	_cleanup_close_ int volumes = open_volumes(engine);
	if (volumes == -ENOENT)
		return 0;
	_cleanup_closedir_ DIR *dir = volumes < 0 ? NULL : fdopendir(volumes);
	if (!dir)
		return err_sys(err, volumes < 0 ? -volumes : errno, "list '%s/" VOLUMES "'", engine->store->path);
	TAKE_FD(volumes);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.' && store_stage_name_is_valid(entry->d_name + 1))
			strv_append(&aside, entry->d_name);
		else if (entry->d_type == DT_DIR && volume_name_check(entry->d_name, NULL) >= 0)
			strv_append(&names, entry->d_name);
	}
	*ret_names = TAKE_PTR(names);
	*ret_aside = TAKE_PTR(aside);
	return 0;
}
