/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
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

/* --- fuse-overlayfs --- */

/*
 * Where it cannot make them, it makes files of another kind that say so, which nobody else here understands. On overlays of its
 * own kind they are made, and not seen.
 */
static int make_whiteout(struct store *store, struct error *err)
{
	_cleanup_free_ char *name = NULL;
	_cleanup_close_ int stage = store_stage(store, &name, err);
	if (stage < 0)
		return stage;
	bool made = mknodat(stage, "whiteout", S_IFCHR, makedev(0, 0)) == 0 &&
		    faccessat(stage, "whiteout", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	int r = made ? 0 : err_sys_code(err, ERR_UNSUPPORTED, errno, "make a whiteout in '%s'", store->path);
	(void)path_remove_tree(store->tmp, name);
	return r;
}

static int fuse_probe(struct store *store, struct error *err)
{
	int r = overlay_probe_fuse(err);
	return r < 0 ? r : make_whiteout(store, err);
}

static int fuse_create(struct store *store, const char *id, char *const *layers, uint64_t size, struct error *err)
{
	return snapshot_create_fuse(store, id, size, err);
}

/* --- vfs --- */

static int vfs_probe(struct store *store, struct error *err)
{
	return 0;
}

/* --- the table --- */

static const struct storage_driver DRIVERS[] = {
	{
		.name = "overlay2",
		.summary = "containers share their image's layers, and copy a file when they write to it",
		.probe = overlay_probe,
		.create = overlay_create,
	},
	{
		.name = "fuse-overlayfs",
		.summary = "the same by a program of each container, through which all of its files go",
		.fuse = true,
		.probe = fuse_probe,
		.create = fuse_create,
	},
	{
		.name = "vfs",
		.summary = "every container has a copy of its image, shared only where the file system can clone files",
		.copies = true,
		.probe = vfs_probe,
		.create = snapshot_create_whole,
	},
};
enum { OVERLAY, FUSE, VFS };

static const struct {
	const char *name, *use, *why;
} OTHERS[] = {
	{ "aufs", "overlay2", "it is not a part of Linux" },
	{ "devicemapper", "overlay2", "it was removed from Docker, too" },
	{ "zfs", "overlay2", "it is not a part of Linux" },
	{ "btrfs", "overlay2", "overlay2 works on btrfs" },
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
	return err_hint(err, "--storage-driver overlay2, fuse-overlayfs or vfs");
}

static bool overlay_is_known_to_work(struct store *store)
{
	return faccessat(store->root, OVERLAY_WORKS, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Returns 1 if @driver works, 0 if it does not, which @reasons says then. */
static int try(struct store *store, const struct storage_driver *driver, struct str *reasons, struct error *err)
{
	struct error why = { 0 };
	int r = driver->probe(store, &why);
	if (r >= 0)
		return 1;
	if (r == -ERR_NOSPC || r == -ERR_NOINODE) {
		if (err)
			*err = why;
		return r;
	}
	str_appendf(reasons, "%s%s: %s", reasons->len > 0 ? "; " : "", driver->name, why.message);
	if (*why.cause)
		str_appendf(reasons, " (%s)", why.cause);
	return 0;
}

int storage_driver_choose(struct store *store, const struct storage_driver **ret, char **ret_reason, struct error *err)
{
	_cleanup_str_ struct str reasons = { 0 };
	bool known = overlay_is_known_to_work(store);
	size_t i = OVERLAY;
	int r = known;
	while (r == 0 && (r = try(store, &DRIVERS[i], &reasons, err)) == 0)
		i++;
	if (r < 0)
		return r;
	if (i == OVERLAY && !known)
		fd_close(openat(store->root, OVERLAY_WORKS, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	*ret = &DRIVERS[i];
	*ret_reason = i == OVERLAY ? NULL : str_take(&reasons);
	return 0;
}

const struct storage_driver *storage_driver_of(struct store *store, const char *id)
{
	return &DRIVERS[snapshot_is_whole(store, id, NULL) ? VFS : snapshot_is_fuse(store, id) ? FUSE : OVERLAY];
}
