/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/user-namespace.h"
#include "storage/overlay.h"
#include "storage/snapshot.h"

#define OVERLAY_WORKS "cache/overlay-works" /* an empty file */

/* --- overlay2 --- */

static int mount_in(struct store *store, const char *name, struct error *err)
{
	static const char *const parts[] = { "a", "b", "upper", "work" };
	_cleanup_strv_ char **paths = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		strv_take(&paths, mem_printf("%s/tmp/%s/%s", store->path, name, parts[i]));
		if (mkdir(paths[i], 0700) < 0)
			return err_sys(err, errno, "make directory '%s'", paths[i]);
	}
	char *lower[] = { paths[0], paths[1], NULL };
	_cleanup_close_ int mount = overlay_mount(
		&(const struct overlay_options){
			.lower = lower, .upper = paths[2], .work = paths[3], .userxattr = user_namespace_is_own() },
		err);
	return mount < 0 ? mount : 0;
}

/* By doing it, with directories of this store. */
static int overlay_probe(struct store *store, struct error *err)
{
	_cleanup_free_ char *name = NULL;
	_cleanup_close_ int stage = store_stage(store, &name, err);
	if (stage < 0)
		return stage;
	int r = mount_in(store, name, err);
	(void)path_remove_tree(store->tmp, name);
	return r;
}

static int overlay_create(struct store *store, const char *id, char *const *layers, uint64_t size, struct error *err)
{
	return snapshot_create(store, id, size, err);
}

/* --- vfs --- */

static int vfs_probe(struct store *store, struct error *err)
{
	return 0;
}

/* --- the table --- */

static const struct storage_driver DRIVERS[] = {
	{ "overlay2", "containers share their image's layers, and copy a file when they write to it", overlay_probe,
	  overlay_create },
	{ "vfs", "every container has a copy of its image, shared only where the file system can clone files",
	  vfs_probe, snapshot_create_whole },
};
enum { OVERLAY, VFS };

static const struct {
	const char *name, *use, *why;
} OTHERS[] = {
	{ "aufs", "overlay2", "it is not a part of Linux" },
	{ "devicemapper", "overlay2", "it was removed from Docker, too" },
	{ "zfs", "overlay2", "it is not a part of Linux" },
	{ "btrfs", "overlay2", "overlay2 works on btrfs" },
	{ "fuse-overlayfs", "overlay2", "overlay2 needs no privileges since Linux 5.11" },
	{ "windowsfilter", "overlay2", "this is Linux" },
};

int storage_driver_find(const char *name, const struct storage_driver **ret, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(DRIVERS); i++) {
		if (streq(name, DRIVERS[i].name) || (i == OVERLAY && streq(name, "overlay"))) {
			*ret = &DRIVERS[i];
			return 0;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(OTHERS); i++) {
		if (!streq(name, OTHERS[i].name))
			continue;
		err_set(err, ERR_UNSUPPORTED, "there is no storage driver \"%s\": %s", name, OTHERS[i].why);
		return err_hint(err, "--storage-driver %s", OTHERS[i].use);
	}
	err_set(err, ERR_INVALID, "\"%s\" is not a storage driver", name);
	return err_hint(err, "--storage-driver overlay2, or vfs");
}

int storage_driver_choose(struct store *store, const struct storage_driver **ret, struct error *err)
{
	struct error why = { 0 };
	*ret = &DRIVERS[OVERLAY];
	if (faccessat(store->root, OVERLAY_WORKS, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	int r = overlay_probe(store, &why);
	if (r == -ERR_NOSPC || r == -ERR_NOINODE) {
		if (err)
			*err = why;
		return r;
	}
	if (r < 0) {
		log_failure(LOG_LEVEL_WARN, "no overlays here, so the image is copied (storage driver vfs)", &why);
		*ret = &DRIVERS[VFS];
		return 0;
	}
	fd_close(openat(store->root, OVERLAY_WORKS, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	return 0;
}

const struct storage_driver *storage_driver_of(struct store *store, const char *id)
{
	return &DRIVERS[snapshot_is_whole(store, id, NULL) ? VFS : OVERLAY];
}
