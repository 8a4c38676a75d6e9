/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume-attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/volume-dir.h"
#include "engine/volume-fill.h"
#include "engine/volume-options.h"
#include "engine/volume-row.h"
#include "runtime/mount-options.h"
#include "runtime/mount.h"

bool volume_is_mounted(int dir, const char *path)
{
	struct statx stx;
	return statx(dir, path, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &stx) == 0 &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* --- mounting --- */

/* What @device says, as a detached mount: a directory or file of the host, or a file system of its own. */
static int open_device(const struct volume *volume, const struct mount_options *options, struct error *err)
{
	const char *type = volume_option(volume->options, "type"), *device = volume_option(volume->options, "device");
	if (!options->bind)
		return mount_new(type, device, (const char *const *)options->data, options->change.set,
				 options->superblock, err);
	_cleanup_close_ int fd = open(device, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return err_sys_code(err, ERR_MNT_SRC, errno, "open '%s'", device);
	return mount_clone(fd, options->recursive, err);
}

static int mount_device(const struct volume *volume, int target, struct error *err)
{
	const char *words = volume_option(volume->options, "o");
	_cleanup_strv_ char **split = strv_split(words ? words : "", ',');
	_cleanup_mount_options_ struct mount_options options = { 0 };
	int r = mount_options_parse(split, &options, err);
	if (r < 0)
		return r;
	_cleanup_close_ int mount = open_device(volume, &options, err);
	if (mount < 0)
		return mount;
	r = options.bind ? mount_apply(mount, &options.change, err) : 0;
	return r < 0 ? r : mount_attach(mount, target, volume->mountpoint, err);
}

static int mount_volume(struct engine *engine, const struct volume *volume, struct error *err)
{
	_cleanup_close_ int data = volume_dir_make(engine, volume->name, err);
	_cleanup_close_ int lock = data < 0 ? data : volume_dir_lock(engine, volume->name, err);
	if (lock < 0)
		return lock;
	int r = volume_is_mounted(AT_FDCWD, volume->mountpoint) ? 0 : mount_device(volume, data, err);
	return r < 0 ? err_wrap(err, "mount volume %s", volume->name) : 0;
}

static void record_mount(struct engine *engine, const struct container_row *row, const struct mount_request *mount)
{
	_cleanup_strv_ char **attributes = NULL;
	strv_take(&attributes, mem_printf("container=%s", row->id));
	strv_take(&attributes, mem_printf("destination=%s", mount->target));
	strv_take(&attributes, mem_printf("read/write=%s", mount->readonly ? "false" : "true"));
	strv_append(&attributes, "propagation=");
	volume_event(engine, mount->source, "mount", attributes);
}

static int attach(struct engine *engine, const struct container_row *row, const struct mount_request *mount,
		  struct volume_source *source, struct error *err)
{
	_cleanup_volume_ struct volume *volume = NULL;
	int r = engine_volume_find(engine, mount->source, &volume, err);
	if (r >= 0 && volume_is_mounted_on_demand(volume))
		r = mount_volume(engine, volume, err);
	if (r >= 0 && volume_is_mounted_on_demand(volume))
		r = volume_fill_mounted(engine, mount, source, err);
	if (r >= 0)
		record_mount(engine, row, mount);
	return r;
}

int volumes_attach(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_volume_source_ struct volume_source source = VOLUME_SOURCE(row);
	int r = 0;
	for (size_t i = 0; r >= 0 && i < row->config.n_mounts; i++)
		if (row->config.mounts[i].kind == MOUNT_VOLUME)
			r = attach(engine, row, &row->config.mounts[i], &source, err);
	return r;
}

/* --- unmounting --- */

int volume_unmount_unused(struct engine *engine, const char *name, struct error *err)
{
	_cleanup_free_ char *path = volume_path(engine, name);
	int64_t running;
	struct db *db;
	if (!volume_is_mounted(AT_FDCWD, path))
		return 0;
	_cleanup_close_ int lock = volume_dir_lock(engine, name, err);
	if (lock < 0)
		return lock;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = volume_use_running(db, name, &running, err);
	if (r < 0 || running > 0)
		return r;
	/* Whoever still looks at it keeps it until he goes. */
	if (umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT)
		return err_sys(err, errno, "unmount volume %s", name);
	return 0;
}

int volumes_detach(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_free_ char *container = mem_printf("container=%s", row->id);
	int first = 0;
	for (size_t i = 0; i < row->config.n_mounts; i++) {
		const struct mount_request *mount = &row->config.mounts[i];
		if (mount->kind != MOUNT_VOLUME)
			continue;
		int r = volume_unmount_unused(engine, mount->source, first < 0 ? NULL : err);
		if (r < 0 && first == 0)
			first = r;
		volume_event(engine, mount->source, "unmount", (char *[]){ container, NULL });
	}
	return first;
}
