/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "runtime/mount-options.h"

/* --- 2. the root --- */

/* No mount or unmount of ours reaches the host, whatever the container's are to reach. */
static int isolate_propagation(const struct spec *spec, struct error *err)
{
	unsigned long flag = rootfs_default_propagation(spec) == MS_PRIVATE ? MS_PRIVATE : MS_SLAVE;
	if (mount(NULL, "/", NULL, flag | MS_REC, NULL) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "cut the mount namespace off from the host's");
	return 0;
}

/* The same without detached mounts: the root is bound to its own place, and found there again. */
static int bind_root(struct rootfs *rootfs, struct error *err)
{
	_cleanup_close_ int above = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int ours = above < 0 ? err_sys_code(err, ERR_MOUNT, errno, "open /") :
					       rootfs_source_reopen(rootfs->mount, rootfs->path, err);
	if (ours < 0)
		return ours;
	const struct mount_change change = { .propagation = MS_PRIVATE, .propagation_recursive = false };
	const struct mount_place place = { .root = above, .path = rootfs->path, .target = ours };
	int mount = mount_place_bind(ours, true, &place, &change, err);
	if (mount < 0)
		return err_wrap(err, "root filesystem '%s'", rootfs->path);
	fd_close(rootfs->mount);
	rootfs->mount = mount;
	return 0;
}

int rootfs_open_place(const struct rootfs *rootfs)
{
	return rootfs->place ? open(rootfs->place, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

int rootfs_attach(struct rootfs *rootfs, int place_fd, struct error *err)
{
	int r = isolate_propagation(rootfs->spec, err);
	if (r < 0)
		return r;
	if (rootfs->path)
		return bind_root(rootfs, err);
	/* Over "/": our root directory stays what it was, for it is held by the process, until pivot_root() changes it. */
	_cleanup_close_ int above = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (above < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "open /");
	const unsigned long propagation = rootfs_default_propagation(rootfs->spec);
	const struct mount_place place = { .root = above,
					   .path = place_fd < 0 ? "/" : rootfs->place,
					   .target = place_fd < 0 ? above : place_fd };
	const struct mount_change change = { .propagation = propagation ? propagation : MS_PRIVATE,
					     .propagation_recursive = propagation };
	return mount_place(rootfs->mount, &place, &change, err);
}

int rootfs_make_working_directory(struct rootfs *rootfs, struct error *err)
{
	const char *cwd = rootfs->spec->process ? rootfs->spec->process->cwd : "/";
	_cleanup_close_ int fd = path_make_dirs_in_root(rootfs->mount, cwd, 0755);
	if (fd >= 0)
		return 0;
	if (fd == -ENOTDIR)
		return err_set(err, ERR_WORKDIR, "working directory %s is a file, or leads through one", cwd);
	return err_sys_code(err, ERR_WORKDIR, -fd, "make working directory %s", cwd);
}

/* --- 5. entering --- */

/*
 * pivot_root(".", "."): the old root ends up stacked below the new one and is taken off at once, so that no directory is
 * needed to hold it. Source: pivot_root(2), "pivot_root(".", ".")".
 */
static int pivot(struct error *err)
{
	if (syscall(SYS_pivot_root, ".", ".") < 0) {
		int r = err_sys_code(err, ERR_MOUNT, errno, "pivot_root into the root filesystem");
		if (err && err->sys_errno == EINVAL)
			err_hint(err, "a root that is on the initial ramfs needs --no-pivot");
		return r;
	}
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "take the host's root away");
	return 0;
}

/* Without detached mounts there was no way to put it over "/" at once; for --no-pivot it has to be. */
static int move_over_root(struct error *err)
{
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "put the root filesystem over /");
	return 0;
}

static int change_root(const struct rootfs *rootfs, struct error *err)
{
	int r = 0;
	if (!rootfs->no_pivot)
		return pivot(err);
	/* For roots that cannot be pivoted away from (the initial ramfs): ours lies over it. */
	if (rootfs->path && (r = move_over_root(err)) < 0)
		return r;
	return chroot(".") < 0 ? err_sys_code(err, ERR_MOUNT, errno, "change the root directory") : 0;
}

/* Private is what it and all that the host has a share in are already, and what options ask for is to stay. */
static int set_root_propagation(const struct rootfs *rootfs, struct error *err)
{
	const char *word = rootfs->spec->rootfs_propagation;
	bool recursive;
	unsigned long flag = str_is_empty(word) ? 0 : mount_propagation_from_name(word, &recursive);
	if (flag == 0 || flag == MS_PRIVATE)
		return 0;
	if (mount(NULL, "/", NULL, flag | (recursive ? MS_REC : 0), NULL) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "set the propagation of the root filesystem to %s", word);
	return 0;
}

int rootfs_enter(struct rootfs *rootfs, struct error *err)
{
	if (fchdir(rootfs->mount) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "change to the root filesystem");
	int r = change_root(rootfs, err);
	if (r < 0)
		return r;
	if (chdir("/") < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "change to the new root");
	return set_root_propagation(rootfs, err);
}
