/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "storage/fuse-marks.h"
#include "storage/quota.h"
#include "storage/space.h"
#include "storage/vfs.h"

#define WHOLE "whole"
#define SHIFTED "shifted"
#define FUSE "fuse"

static int check_id(const char *id, struct error *err)
{
	return store_is_hex64(id) ? 0 : err_set(err, ERR_INVALID, "\"%s\" is not a snapshot's id", id);
}

/* upper is the container's "/" to everybody inside; the kernel wants work empty, on the same file system. */
static int make_parts(int stage)
{
	if (mkdirat(stage, "upper", 0755) < 0 || fchmodat(stage, "upper", 0755, 0) < 0)
		return -errno;
	return mkdirat(stage, "work", 0700) < 0 ? -errno : 0;
}

static int mark(int stage, const char *name, struct error *err)
{
	int fd = openat(stage, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	fd_close(fd);
	return fd < 0 ? err_sys(err, errno, "make a copy of the image") : 0;
}

/* What a snapshot is to be, besides empty. */
struct making {
	char *const *layers;	    /* whole: upper shows what these do */
	const struct id_maps *maps; /* whose ids its files are given to */
	const char *copy;	    /* of the image, whose files have these already */
	bool fuse;
	uint64_t size;
};

/* Everything that its layers show, into the upper directory of the snapshot at @stage. */
static int copy_layers(int stage, const struct making *making, struct error *err)
{
	_cleanup_close_ int upper = openat(stage, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (upper < 0)
		return err_sys(err, errno, "make a copy of the image");
	int r = making->maps ? mark(stage, SHIFTED, err) : 0;
	if (r >= 0)
		r = vfs_fill(upper, making->layers, making->maps, err);
	return r < 0 ? r : mark(stage, WHOLE, err); /* whose time says when */
}

/* What lies below it has a root directory, of whose upper shows its own. */
static int note_copy(int stage, const struct making *making, struct error *err)
{
	const struct id_maps *maps = making->maps;
	uint32_t uid, gid;
	if (id_map_to_host(maps->uids, maps->n_uids, 0, &uid) && id_map_to_host(maps->gids, maps->n_gids, 0, &gid) &&
	    fchownat(stage, "upper", uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "give the container's layer to its root");
	return file_write_atomic(stage, SHIFTED, making->copy, strlen(making->copy), 0600, 0, err);
}

static int fill(int stage, const struct making *making, struct error *err)
{
	int r = making->layers ? copy_layers(stage, making, err) : making->copy ? note_copy(stage, making, err) : 0;
	return r >= 0 && making->fuse ? mark(stage, FUSE, err) : r;
}

static int create(struct store *store, const char *id, const struct making *making, struct error *err)
{
	int r = check_id(id, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *name = NULL;
	_cleanup_close_ int stage = store_stage(store, &name, err);
	if (stage < 0)
		return stage;
	int filled = making->size > 0 ? quota_limit(stage, making->size, err) : 0;
	r = filled < 0 ? 0 : make_parts(stage);
	if (r == 0 && filled == 0)
		filled = fill(stage, making, err);
	if (r == 0 && filled == 0 && renameat(store->tmp, name, store->snapshots, id) < 0)
		r = errno == ENOTEMPTY ? -EEXIST : -errno; /* a snapshot is never empty, so none is replaced */
	if (r == 0 && filled == 0)
		return 0;
	(void)path_remove_tree(store->tmp, name);
	if (filled < 0)
		return space_explain(filled, store->tmp, 0, err);
	if (r == -EEXIST)
		return err_set(err, ERR_EXISTS, "snapshot '%s' is there already", id);
	return space_explain(err_sys(err, -r, "make snapshot '%s'", id), store->tmp, 0, err);
}

int snapshot_create(struct store *store, const char *id, uint64_t size, struct error *err)
{
	return create(store, id, &(const struct making){ .size = size }, err);
}

int snapshot_create_fuse(struct store *store, const char *id, uint64_t size, struct error *err)
{
	return create(store, id, &(const struct making){ .fuse = true, .size = size }, err);
}

int snapshot_create_whole(struct store *store, const char *id, char *const *layers, uint64_t size, struct error *err)
{
	return create(store, id, &(const struct making){ .layers = layers, .size = size }, err);
}

int snapshot_create_shifted(struct store *store, const char *id, char *const *layers, const struct id_maps *maps,
			    uint64_t size, struct error *err)
{
	return create(store, id, &(const struct making){ .layers = layers, .maps = maps, .size = size }, err);
}

int snapshot_create_sharing(struct store *store, const char *id, const char *copy, const struct id_maps *maps,
			    bool fuse, uint64_t size, struct error *err)
{
	return create(store, id, &(const struct making){ .copy = copy, .maps = maps, .fuse = fuse, .size = size }, err);
}

char *snapshot_shared_copy(struct store *store, const char *id)
{
	char name[NAME_MAX + 1];
	_cleanup_free_ char *path = store_is_hex64(id) ? mem_printf("%s/" SHIFTED, id) : NULL;
	return path && file_read_line(store->snapshots, path, name, sizeof name) > 0 ? mem_strdup(name) : NULL;
}

bool snapshot_is_whole(struct store *store, const char *id, struct timespec *ret_filled)
{
	struct stat st;
	_cleanup_free_ char *path = store_is_hex64(id) ? mem_printf("%s/" WHOLE, id) : NULL;
	if (!path || fstatat(store->snapshots, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (ret_filled)
		*ret_filled = st.st_mtim;
	return true;
}

static bool is_marked(struct store *store, const char *id, const char *name)
{
	_cleanup_free_ char *path = store_is_hex64(id) ? mem_printf("%s/%s", id, name) : NULL;
	return path && faccessat(store->snapshots, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool snapshot_is_shifted(struct store *store, const char *id)
{
	return is_marked(store, id, SHIFTED);
}

bool snapshot_is_fuse(struct store *store, const char *id)
{
	return is_marked(store, id, FUSE);
}

int snapshot_settle(struct store *store, const char *id, struct error *err)
{
	if (!snapshot_is_fuse(store, id))
		return 0;
	_cleanup_free_ char *path = mem_printf("%s/upper", id);
	_cleanup_close_ int upper = openat(store->snapshots, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = upper < 0 ? -errno : fuse_marks_replace(upper);
	return r < 0 ? err_sys(err, -r, "read what fuse-overlayfs has written in '%s/snapshots/%s'", store->path, path)
		     : 0;
}

bool snapshot_exists(struct store *store, const char *id)
{
	struct stat st;
	return store_is_hex64(id) && fstatat(store->snapshots, id, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static char *part_path(struct store *store, const char *id, const char *part)
{
	return store_is_hex64(id) ? mem_printf("%s/snapshots/%s/%s", store->path, id, part) : NULL;
}

char *snapshot_upper(struct store *store, const char *id)
{
	return part_path(store, id, "upper");
}

char *snapshot_work(struct store *store, const char *id)
{
	return part_path(store, id, "work");
}

static uint32_t project_of(struct store *store, const char *id)
{
	_cleanup_close_ int fd = openat(store->snapshots, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? 0 : quota_project(fd);
}

int snapshot_remove(struct store *store, const char *id, struct error *err)
{
	int r = check_id(id, err);
	if (r < 0)
		return r;
	uint32_t project = project_of(store, id);
	r = store_discard(store, store->snapshots, id);
	if (r < 0)
		return err_sys(err, -r, "remove snapshot '%s'", id);
	if (project > 0)
		quota_forget(store->snapshots, project);
	return 0;
}

int snapshot_list(struct store *store, char ***ret, struct error *err)
{
	_cleanup_close_ int fd = openat(store->snapshots, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(err, errno, "list '%s/snapshots'", store->path);
	TAKE_FD(fd);
	_cleanup_strv_ char **ids = NULL;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (store_is_hex64(entry->d_name))
			strv_append(&ids, entry->d_name);
	*ret = TAKE_PTR(ids);
	return 0;
}
