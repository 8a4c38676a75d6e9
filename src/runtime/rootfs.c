/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"
#include "runtime/mount-options.h"
#include "runtime/mount.h"

/* Where in config.json a failing mount stands, and what it was. */
static int wrap_mount(const struct rootfs *rootfs, size_t index, struct error *err)
{
	const struct spec_mount *mount = &rootfs->spec->mounts[index];
	return err_wrap(err, "cannot mount %s on %s (/mounts/%zu)", mount->source ? mount->source : mount->type,
			mount->destination, index);
}

/* --- 1. sources --- */

static int source_missing(const char *path, int error, struct error *err)
{
	if (error != ENOENT)
		return err_sys_code(err, ERR_MNT_SRC, error, "open bind source '%s'", path);
	int r = err_set(err, ERR_MNT_SRC, "bind source path does not exist: %s", path);
	_cleanup_free_ char *parent = mem_strdup(path);
	for (char *slash; path[0] == '/' && (slash = strrchr(parent, '/'));) {
		slash[slash == parent] = '\0';
		if (access(parent, F_OK) == 0 || slash == parent)
			break;
	}
	err_cause(err, "the last existing parent is %s", parent);
	err_hint(err, "mkdir -p %s", path);
	return r;
}

static int open_source(struct rootfs *rootfs, int bundle, size_t index, struct error *err)
{
	const struct spec_mount *mount = &rootfs->spec->mounts[index];
	if (str_is_empty(mount->source))
		return err_set(err, ERR_SPEC, "a bind mount needs a source");
	_cleanup_close_ int fd = openat(bundle, mount->source, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return source_missing(mount->source, errno, err);
	int clone = mount_clone(fd, !strv_contains(mount->options, "bind") || strv_contains(mount->options, "rbind"), err);
	if (clone < 0)
		return clone;
	rootfs->sources[index] = clone;
	return 0;
}

static int open_root(struct rootfs *rootfs, int bundle, struct error *err)
{
	const char *path = rootfs->spec->root.path;
	_cleanup_close_ int dir = openat(bundle, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys_code(err, ERR_SPEC, errno, "open root filesystem '%s'", path);
	int clone = mount_clone(dir, true, err);
	if (clone < 0)
		return err_wrap(err, "root filesystem '%s'", path);
	rootfs->mount = clone;
	return 0;
}

int rootfs_open(struct rootfs *rootfs, int bundle, struct error *err)
{
	const struct spec *spec = rootfs->spec;
	int r = rootfs->mount >= 0 ? 0 : open_root(rootfs, bundle, err);
	if (r < 0)
		return r;
	rootfs->sources = mem_alloc(spec->n_mounts * sizeof *rootfs->sources);
	for (size_t i = 0; i < spec->n_mounts; i++)
		rootfs->sources[i] = -1;
	for (size_t i = 0; i < spec->n_mounts; i++) {
		if (!mount_is_bind(&spec->mounts[i]))
			continue;
		if (open_source(rootfs, bundle, i, err) < 0)
			return wrap_mount(rootfs, i, err);
	}
	return 0;
}

void rootfs_close(struct rootfs *rootfs)
{
	for (size_t i = 0; rootfs->sources && i < rootfs->spec->n_mounts; i++)
		fd_close(rootfs->sources[i]);
	free(rootfs->sources);
	rootfs->sources = NULL;
	fd_close(TAKE_FD(rootfs->mount));
}

/* --- 2. the root --- */

/* No mount or unmount of ours reaches the host, whatever the container's are to reach. */
static int isolate_propagation(const struct spec *spec, struct error *err)
{
	const char *word = str_is_empty(spec->rootfs_propagation) ? "rslave" : spec->rootfs_propagation;
	bool recursive, private = str_ends_with(word, "private");
	unsigned long flag = mount_propagation_from_name(private ? "rprivate" : "rslave", &recursive);
	if (mount(NULL, "/", NULL, flag | MS_REC, NULL) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "cut the mount namespace off from the host's");
	return 0;
}

int rootfs_attach(struct rootfs *rootfs, struct error *err)
{
	int r = isolate_propagation(rootfs->spec, err);
	if (r < 0)
		return r;
	/* Over "/": our root directory stays what it was, for it is held by the process, until pivot_root() changes it. */
	_cleanup_close_ int place = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "open /");
	return mount_attach(rootfs->mount, place, "/", err);
}

/* --- 3. mounts --- */

/* An O_PATH fd of the place for a mount, made as a directory or an empty file where there is none. */
static int open_target(struct rootfs *rootfs, const char *destination, bool directory, struct error *err)
{
	int fd = path_open_in_root(rootfs->mount, destination, O_PATH, 0);
	if (fd < 0 && fd != -ENOENT)
		return err_sys_code(err, ERR_MOUNT, -fd, "open mount point '%s'", destination);
	if (fd < 0)
		fd = directory ? path_make_dirs_in_root(rootfs->mount, destination, 0755) :
				 path_make_file_in_root(rootfs->mount, destination, 0644, 0755);
	return fd < 0 ? err_sys_code(err, ERR_MOUNT, -fd, "make mount point '%s'", destination) : fd;
}

static int finish_attributes(int mount, const struct mount_options *options, bool with_own, struct error *err)
{
	int r = with_own ? mount_change(mount, options->set, options->clear, false, err) : 0;
	if (r == 0)
		r = mount_change(mount, options->recursive_set, options->recursive_clear, true, err);
	if (r == 0 && options->propagation)
		r = mount_set_propagation(mount, options->propagation, options->propagation_recursive, err);
	return r;
}

static int mount_bind(struct rootfs *rootfs, size_t index, const struct mount_options *options, struct error *err)
{
	const char *destination = rootfs->spec->mounts[index].destination;
	int source = rootfs->sources[index];
	struct stat st;
	if (fstat(source, &st) < 0)
		return err_sys(err, errno, "look at the source");
	_cleanup_close_ int target = open_target(rootfs, destination, S_ISDIR(st.st_mode), err);
	if (target < 0)
		return target;
	int r = finish_attributes(source, options, true, err);
	return r < 0 ? r : mount_attach(source, target, destination, err);
}

static int mount_file_system(struct rootfs *rootfs, const struct spec_mount *spec, const struct mount_options *options,
			     struct error *err)
{
	_cleanup_close_ int target = open_target(rootfs, spec->destination, true, err);
	if (target < 0)
		return target;
	_cleanup_close_ int mount = mount_new(spec->type, str_is_empty(spec->source) ? spec->type : spec->source,
					      (const char *const *)options->data, options->set, options->superblock, err);
	if (mount < 0)
		return mount;
	int r = finish_attributes(mount, options, false, err);
	return r < 0 ? r : mount_attach(mount, target, spec->destination, err);
}

static int mount_one(struct rootfs *rootfs, size_t index, struct error *err)
{
	const struct spec_mount *mount = &rootfs->spec->mounts[index];
	_cleanup_mount_options_ struct mount_options options = { 0 };
	int r = mount_options_parse(mount->options, &options, err);
	if (r < 0)
		return r;
	if (options.copy_up)
		return err_set(err, ERR_UNSUPPORTED, "option \"tmpcopyup\" is not supported");
	if (mount->n_uid_mappings > 0)
		return err_set(err, ERR_UNSUPPORTED, "mappings of a mount are not supported");
	if (mount_is_bind(mount))
		return mount_bind(rootfs, index, &options, err);
	if (str_is_empty(mount->type))
		return err_set(err, ERR_SPEC, "a mount that is no bind mount needs a type");
	if (streq(mount->type, "cgroup") || streq(mount->type, "cgroup2"))
		return cgroup_view_mount(rootfs, mount->destination, options.set, err);
	return mount_file_system(rootfs, mount, &options, err);
}

int rootfs_mount_all(struct rootfs *rootfs, struct error *err)
{
	for (size_t i = 0; i < rootfs->spec->n_mounts; i++)
		if (mount_one(rootfs, i, err) < 0)
			return wrap_mount(rootfs, i, err);
	return 0;
}

/* --- 4. protection --- */

/* Put a read-only view of the place over itself. */
static int make_readonly(struct rootfs *rootfs, const char *path, struct error *err)
{
	_cleanup_close_ int target = path_open_in_root(rootfs->mount, path, O_PATH, 0);
	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return err_sys_code(err, ERR_MOUNT, -target, "open '%s' to make it read-only", path);
	_cleanup_close_ int clone = mount_clone(target, true, err);
	int r = clone < 0 ? clone : mount_change(clone, MOUNT_ATTR_RDONLY, 0, true, err);
	if (r < 0 || (r = mount_attach(clone, target, path, err)) < 0)
		return err_wrap(err, "make '%s' read-only", path);
	return 0;
}

/* What masked paths are hidden behind; one of each serves all. */
struct masks {
	int null_device;
	int empty_directory;
};

static void masks_done(struct masks *masks)
{
	fd_close(masks->null_device);
	fd_close(masks->empty_directory);
}

static int hide_directory(struct masks *masks, int target, const char *path, struct error *err)
{
	/* Only what is attached can be cloned (before Linux 6.15), so the first one is the original. */
	if (masks->empty_directory >= 0) {
		_cleanup_close_ int clone = mount_clone(masks->empty_directory, false, err);
		return clone < 0 ? clone : mount_attach(clone, target, path, err);
	}
	const char *const data[] = { "mode=0555", "size=4k", "nr_inodes=1", NULL };
	uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	masks->empty_directory = mount_new("tmpfs", "tmpfs", data, attributes, MS_RDONLY, err);
	return masks->empty_directory < 0 ? masks->empty_directory :
					    mount_attach(masks->empty_directory, target, path, err);
}

static int hide_file(struct masks *masks, int target, const char *path, struct error *err)
{
	if (masks->null_device < 0)
		masks->null_device = mount_open_null_device(err);
	_cleanup_close_ int clone = masks->null_device < 0 ? masks->null_device :
							     mount_clone(masks->null_device, false, err);
	return clone < 0 ? clone : mount_attach(clone, target, path, err);
}

static int mask_path(struct rootfs *rootfs, struct masks *masks, const char *path, struct error *err)
{
	_cleanup_close_ int target = path_open_in_root(rootfs->mount, path, O_PATH, 0);
	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	struct stat st;
	if (target < 0 || fstat(target, &st) < 0)
		return err_sys_code(err, ERR_MOUNT, target < 0 ? -target : errno, "open '%s' to hide it", path);
	int r = S_ISDIR(st.st_mode) ? hide_directory(masks, target, path, err) : hide_file(masks, target, path, err);
	return r < 0 ? err_wrap(err, "hide '%s'", path) : 0;
}

int rootfs_protect(struct rootfs *rootfs, struct error *err)
{
	int r;
	for (char **path = rootfs->spec->readonly_paths; path && *path; path++)
		if ((r = make_readonly(rootfs, *path, err)) < 0)
			return r;
	_cleanup_(masks_done) struct masks masks = { -1, -1 };
	for (char **path = rootfs->spec->masked_paths; path && *path; path++)
		if ((r = mask_path(rootfs, &masks, *path, err)) < 0)
			return r;
	if (rootfs->spec->root.readonly && (r = mount_change(rootfs->mount, MOUNT_ATTR_RDONLY, 0, false, err)) < 0)
		return err_wrap(err, "make the root filesystem read-only");
	return 0;
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

static int set_root_propagation(const struct rootfs *rootfs, struct error *err)
{
	const char *word = rootfs->spec->rootfs_propagation;
	bool recursive;
	unsigned long flag = str_is_empty(word) ? 0 : mount_propagation_from_name(word, &recursive);
	if (flag == 0)
		return 0;
	if (mount(NULL, "/", NULL, flag | (recursive ? MS_REC : 0), NULL) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "set the propagation of the root filesystem to %s", word);
	return 0;
}

int rootfs_enter(struct rootfs *rootfs, struct error *err)
{
	if (fchdir(rootfs->mount) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "change to the root filesystem");
	/* For roots that cannot be pivoted away from (the initial ramfs): ours lies over it already. */
	int r = !rootfs->no_pivot ? pivot(err) :
		chroot(".") < 0	  ? err_sys_code(err, ERR_MOUNT, errno, "change the root directory") :
				    0;
	if (r < 0)
		return r;
	if (chdir("/") < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "change to the new root");
	return set_root_propagation(rootfs, err);
}
