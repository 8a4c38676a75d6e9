/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image-mount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "engine/rootless.h"
#include "image/digest.h"
#include "storage/layer.h"
#include "storage/overlay.h"
#include "storage/parents.h"

#define IMAGES "images"

enum { PLACE_MODE = 0700 };

/* --- places --- */

static char *place_of(const struct engine *engine, const char *id)
{
	return mem_printf("%s/" IMAGES "/%s", engine->runroot, digest_hex(id));
}

static bool is_mounted(const char *path)
{
	struct statx st;
	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) == 0 &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int make_place(const struct engine *engine, const char *path, struct error *err)
{
	_cleanup_free_ char *images = path_join(engine->runroot, IMAGES);
	if (mkdir(images, PLACE_MODE) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory '%s'", images);
	if (mkdir(path, PLACE_MODE) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory '%s'", path);
	return 0;
}

/* --- mounting --- */

/* As it is, without what every container gets below it. */
static int open_layers(struct engine *engine, const struct image *image, struct error *err)
{
	_cleanup_free_ char *parents = parents_path(engine->store, image->id);
	_cleanup_strv_ char **lower = NULL;
	if (parents && strv_count(image->diff_ids) < OVERLAY_LOWER_MAX)
		strv_append(&lower, parents);
	for (size_t i = strv_count(image->diff_ids); i-- > 0;)
		strv_take(&lower, layer_path(engine->store, image->diff_ids[i]));
	if (!lower)
		return err_set(err, ERR_INVALID, "it has no layers");
	return overlay_mount(&(const struct overlay_options){ .lower = lower }, err);
}

static int mount_at(struct engine *engine, const struct image *image, const char *path, struct error *err)
{
	_cleanup_close_ int mount = open_layers(engine, image, err);
	if (mount < 0)
		return mount;
	int r = make_place(engine, path, err);
	if (r < 0)
		return r;
	if (move_mount(mount, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) == 0)
		return 0;
	r = err_sys_code(err, ERR_MOUNT, errno, "mount it at '%s'", path);
	(void)rmdir(path);
	return r;
}

/* A user's coffer has mounts of its own, in which the person who asks is not; unless he has gone there (`unshare`). */
static int not_seen(const char *name, struct error *err)
{
	err_set(err, ERR_UNSUPPORTED,
		"cannot mount image \"%s\": without root, nobody outside of containers would see it", name);
	return err_hint(err, "coffer unshare, and there coffer image mount %s", name);
}

int engine_image_mount(struct engine *engine, const char *name, char **ret_path, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	_cleanup_image_ struct image *image = NULL;
	struct db *db;
	if (rootless_has_entered())
		return not_seen(name, err);
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = engine_image_find(engine, name, &image, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *path = place_of(engine, image->id);
	r = is_mounted(path) ? 0 : mount_at(engine, image, path, err);
	if (r < 0)
		return err_wrap(err, "cannot mount image \"%s\"", name);
	*ret_path = TAKE_PTR(path);
	return 0;
}

/* --- what is mounted --- */

void image_mounts_free(struct image_mount *mounts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(mounts[i].id);
		free(mounts[i].name);
		free(mounts[i].path);
	}
	free(mounts);
}

/* A place without a mount is a rest, or somebody is about to mount there: who finds it gone makes it again. */
static void add_mount(struct engine *engine, const char *hex, struct image_mount **mounts, size_t *count)
{
	_cleanup_image_ struct image *image = NULL;
	_cleanup_free_ char *id = mem_printf("sha256:%s", hex), *path = place_of(engine, id);
	if (!is_mounted(path)) {
		if (rmdir(path) < 0)
			log_debug("remove '%s': errno %d", path, errno);
		return;
	}
	(void)engine_image_find(engine, id, &image, NULL);
	*ARRAY_APPEND(*mounts, *count) = (struct image_mount){
		.id = TAKE_PTR(id),
		.name = image && image->names ? mem_strdup(image->names[0]) : NULL,
		.path = TAKE_PTR(path),
	};
}

/* In a transaction, so that nobody is about to mount there. */
int engine_image_mounts(struct engine *engine, struct image_mount **ret, size_t *ret_count, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	_cleanup_free_ char *images = path_join(engine->runroot, IMAGES);
	_cleanup_closedir_ DIR *dir = opendir(images);
	struct image_mount *mounts = NULL;
	size_t count = 0;
	struct db *db;
	if (!dir && errno != ENOENT)
		return err_sys(err, errno, "open directory '%s'", images);
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_begin(db, &transaction, err);
	if (r < 0)
		return r;
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (store_is_hex64(entry->d_name))
			add_mount(engine, entry->d_name, &mounts, &count);
	*ret = mounts;
	*ret_count = count;
	return 0;
}

int image_mount_check(struct engine *engine, const char *id, const char *what, struct error *err)
{
	_cleanup_free_ char *path = place_of(engine, id);
	if (!is_mounted(path))
		return 0;
	err_set(err, ERR_IMG_IN_USE, "conflict: unable to %s image %.12s: it is mounted", what, digest_hex(id));
	err_cause(err, "its files are at %s", path);
	return err_hint(err, "coffer image unmount %.12s", digest_hex(id));
}

/* --- unmounting --- */

int engine_image_unmount(struct engine *engine, const char *name, bool force, struct error *err)
{
	_cleanup_free_ char *id = NULL;
	int r = image_resolve(engine, name, &id, NULL, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *path = place_of(engine, id);
	if (!is_mounted(path))
		return err_set(err, ERR_STATE, "cannot unmount image \"%s\": it is not mounted", name);
	if (umount2(path, UMOUNT_NOFOLLOW | (force ? MNT_DETACH : 0)) < 0) {
		r = err_sys(err, errno, "cannot unmount image \"%s\" from '%s'", name, path);
		return r == -ERR_BUSY ? err_hint(err, "coffer image unmount --force %s", name) : r;
	}
	if (rmdir(path) < 0)
		log_debug("remove '%s': errno %d", path, errno);
	return 0;
}
