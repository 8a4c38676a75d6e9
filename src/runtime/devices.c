/* SPDX-License-Identifier: Apache-2.0 */
/* /dev: the devices and links that every container has, and those that the spec adds. Source: config-linux.md. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/mount-options.h"
#include "runtime/rootfs.h"

static const struct {
	const char *path;
	int major, minor;
} DEFAULT_DEVICES[] = {
	{ "/dev/null", 1, 3 },	 { "/dev/zero", 1, 5 },	   { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct {
	const char *path, *target;
} LINKS[] = {
	{ "fd", "/proc/self/fd" },	 { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "core", "/proc/kcore" },	 { "ptmx", "pts/ptmx" },
};

static mode_t type_bits(char type)
{
	return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
}

static bool is_same_device(int parent, const char *name, const struct spec_device *device)
{
	struct stat st;
	return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_mode & S_IFMT) == type_bits(device->type) &&
	       (device->type == 'p' || st.st_rdev == makedev((unsigned)device->major, (unsigned)device->minor));
}

/* Where mknod() is not permitted (a user namespace), the host's own node is bound instead, if it is the same device. */
static int bind_device(int parent, const char *name, const struct spec_device *device, struct error *err)
{
	_cleanup_close_ int source = open(device->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (source < 0)
		return err_sys_code(err, ERR_DEV, errno, "open the host's '%s'", device->path);
	if (!is_same_device(AT_FDCWD, device->path, device))
		return err_set(err, ERR_DEV, "cannot make device %s, and the host's is another device", device->path);
	_cleanup_close_ int file = openat(parent, name, O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (file < 0)
		return err_sys_code(err, ERR_DEV, errno, "make '%s'", device->path);
	_cleanup_close_ int target = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return err_sys_code(err, ERR_DEV, errno, "open '%s'", device->path);
	const struct mount_place place = { .root = parent, .path = name, .target = target };
	static const struct mount_change none = { 0 };
	_cleanup_close_ int mount = mount_place_bind(source, false, &place, &none, err);
	return mount < 0 ? err_wrap(err, "give the host's device '%s'", device->path) : 0;
}

static int make_device(struct rootfs *rootfs, const struct spec_device *device, struct error *err)
{
	const char *name;
	_cleanup_close_ int parent = path_open_parent_in_root(rootfs->mount, device->path, true, 0755, &name);
	if (parent < 0)
		return err_sys_code(err, ERR_DEV, -parent, "make the directory of device '%s'", device->path);
	dev_t number = makedev((unsigned)device->major, (unsigned)device->minor);
	if (mknodat(parent, name, type_bits(device->type) | device->mode, number) < 0) {
		if (errno == EPERM)
			return bind_device(parent, name, device, err);
		if (errno == EEXIST && is_same_device(parent, name, device))
			return 0;
		return err_sys_code(err, ERR_DEV, errno, "make device '%s'", device->path);
	}
	if ((device->uid || device->gid) &&
	    fchownat(parent, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys_code(err, ERR_DEV, errno, "give device '%s' to its owner", device->path);
	return 0;
}

/* What the spec says of a default device (its mode, its owner) is said instead. */
static bool is_listed(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->n_devices; i++) {
		_cleanup_free_ char *listed = path_normalize(spec->devices[i].path);
		if (streq(listed, path))
			return true;
	}
	return false;
}

static int make_defaults(struct rootfs *rootfs, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(DEFAULT_DEVICES); i++) {
		const struct spec_device device = { .path = (char *)DEFAULT_DEVICES[i].path,
						    .type = 'c',
						    .major = DEFAULT_DEVICES[i].major,
						    .minor = DEFAULT_DEVICES[i].minor,
						    .mode = 0666 };
		if (!is_listed(rootfs->spec, device.path))
			r = make_device(rootfs, &device, err);
	}
	return r;
}

static int make_links(int dev, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(LINKS); i++) {
		if (symlinkat(LINKS[i].target, dev, LINKS[i].path) == 0)
			continue;
		/* An image may bring a /dev of its own; its ptmx would be the host's. */
		bool replace = errno == EEXIST && streq(LINKS[i].path, "ptmx");
		if (errno != EEXIST || (replace && (unlinkat(dev, LINKS[i].path, 0) < 0 ||
						    symlinkat(LINKS[i].target, dev, LINKS[i].path) < 0)))
			return err_sys_code(err, ERR_DEV, errno, "make link '/dev/%s'", LINKS[i].path);
	}
	return 0;
}

/* A /dev that the spec binds from somewhere is as it should be. */
static bool has_bound_dev(const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		_cleanup_free_ char *place = path_normalize(mount->destination);
		if (mount_is_bind(mount) && (streq(place, "/dev") || streq(place, "dev")))
			return true;
	}
	return false;
}

int devices_make(struct rootfs *rootfs, struct error *err)
{
	const struct spec *spec = rootfs->spec;
	if (has_bound_dev(spec))
		return 0;
	_cleanup_close_ int dev = path_make_dirs_in_root(rootfs->mount, "/dev", 0755);
	if (dev < 0)
		return err_sys_code(err, ERR_DEV, -dev, "open /dev of the root filesystem");
	int r = make_defaults(rootfs, err);
	for (size_t i = 0; r == 0 && i < spec->n_devices; i++)
		r = make_device(rootfs, &spec->devices[i], err);
	return r < 0 ? r : make_links(dev, err);
}
