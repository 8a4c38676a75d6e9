/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_open(): what comes from the host, opened by the creator. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "runtime/credentials.h"
#include "runtime/mount-idmap.h"
#include "runtime/mount-options.h"
#include "runtime/rootfs.h"

int rootfs_wrap_mount(const struct rootfs *rootfs, size_t index, struct error *err)
{
	const struct spec_mount *mount = &rootfs->spec->mounts[index];
	return err_wrap(err, "cannot mount %s on %s (/mounts/%zu)",
			mount->source ? mount->source :
			mount->type   ? mount->type :
					"nothing",
			mount->destination, index);
}

unsigned long rootfs_default_propagation(const struct spec *spec)
{
	bool recursive;
	const char *word = str_is_empty(spec->rootfs_propagation) ? "rslave" : spec->rootfs_propagation;
	unsigned long flag = mount_propagation_from_name(word, &recursive);
	return flag == MS_SHARED ? 0 : flag == MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
}

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

/* The text of the link @fd (O_PATH), or NULL if it is none. */
static char *read_link(int fd)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(fd, "", target, sizeof target - 1);
	return len < 0 ? NULL : mem_strndup(target, (size_t)len);
}

/* Links inside of it are followed as if it were the root. */
static int open_part(int source, const char *path, struct error *err)
{
	int fd = path_open_in_root(source, path, O_PATH | O_CLOEXEC, 0);
	return fd < 0 ? err_sys_code(err, ERR_MNT_SRC, -fd, "cannot access path '%s' in the source", path) : fd;
}

static int open_source(struct rootfs *rootfs, int bundle, size_t index, const struct mount_options *options,
		       struct error *err)
{
	const struct spec_mount *mount = &rootfs->spec->mounts[index];
	struct rootfs_source *source = &rootfs->sources[index];
	if (mount->mount) {
		source->fd = fcntl(*mount->mount, F_DUPFD_CLOEXEC, 3);
		return source->fd < 0 ? err_sys(err, errno, "duplicate a file descriptor") : 0;
	}
	if (str_is_empty(mount->source))
		return err_set(err, ERR_SPEC, "a bind mount needs a source");
	bool nofollow = options->source_nofollow || options->copy_symlink;
	_cleanup_close_ int whole = openat(bundle, mount->source, O_PATH | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0));
	if (whole < 0)
		return source_missing(mount->source, errno, err);
	const char *subpath = options->source_subpath;
	_cleanup_close_ int fd = subpath ? open_part(whole, subpath, err) : TAKE_FD(whole);
	if (fd < 0)
		return fd;
	if (options->copy_symlink && (source->link = read_link(fd)))
		return 0;
	if (mount_can(MOUNT_CAN_CLONE)) {
		int clone = mount_clone(fd, mount_options_bind_tree(options), err);
		if (clone < 0)
			return clone;
		source->fd = clone;
	} else {
		source->path = path_of_fd(fd);
		source->fd = TAKE_FD(fd);
	}
	if (!mount_idmap_is_wanted(mount, options))
		return 0;
	if (source->path)
		return err_set(err, ERR_UNSUPPORTED, "ids of a mount cannot be mapped here: open_tree() is missing");
	return mount_idmap_apply(source->fd, rootfs->spec, mount, options, rootfs->user_namespace, err);
}

/* Where the option has no meaning, it would be one that is left out. */
static int check_new(const struct spec_mount *mount, const struct mount_options *options, struct error *err)
{
	if (mount_idmap_is_wanted(mount, options))
		return err_set(err, ERR_SPEC, "ids can be mapped for a bind mount only");
	if (options->copy_symlink || options->source_nofollow)
		return err_set(err, ERR_SPEC, "mount option \"%s\" is for a bind mount only",
			       options->copy_symlink ? "copy-symlink" : "src-nofollow");
	if (str_is_empty(mount->type) && !options->remount)
		return err_set(err, ERR_SPEC, "a mount that is no bind mount needs a type");
	return 0;
}

static int open_one(struct rootfs *rootfs, int bundle, size_t index, struct error *err)
{
	const struct spec_mount *mount = &rootfs->spec->mounts[index];
	_cleanup_mount_options_ struct mount_options options = { 0 };
	int r = mount_options_parse(mount->options, &options, err);
	if (r < 0)
		return r;
	if (options.copy_up && (mount_is_bind(mount) || !streq_null(mount->type, "tmpfs")))
		return err_set(err, ERR_SPEC, "mount option \"tmpcopyup\" is for a tmpfs only");
	if (options.remount || !mount_is_bind(mount))
		return check_new(mount, &options, err);
	return open_source(rootfs, bundle, index, &options, err);
}

/*
 * The root is a mount of its own from now on. Whatever it will be in the container, it has no share in mounts of the host,
 * or what init mounts in it would appear there.
 */
static int open_root(struct rootfs *rootfs, int bundle, struct error *err)
{
	const char *path = rootfs->spec->root.path;
	_cleanup_close_ int dir = openat(bundle, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys_code(err, ERR_SPEC, errno, "open root filesystem '%s'", path);
	if (!mount_can(MOUNT_CAN_CLONE)) {
		rootfs->path = path_of_fd(dir);
		rootfs->mount = TAKE_FD(dir);
		return 0;
	}
	int clone = mount_clone(dir, true, err);
	if (clone < 0)
		return err_wrap(err, "root filesystem '%s'", path);
	rootfs->mount = clone;
	return 0;
}

int rootfs_open(struct rootfs *rootfs, int bundle, struct error *err)
{
	const struct spec *spec = rootfs->spec;
	int r = credentials_check_selinux(spec->mount_label, err);
	if (r == 0 && rootfs->mount < 0)
		r = open_root(rootfs, bundle, err);
	if (r < 0)
		return r;
	rootfs->sources = mem_alloc(spec->n_mounts * sizeof *rootfs->sources);
	for (size_t i = 0; i < spec->n_mounts; i++)
		rootfs->sources[i].fd = -1;
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (open_one(rootfs, bundle, i, err) < 0)
			return rootfs_wrap_mount(rootfs, i, err);
	return 0;
}

void rootfs_close(struct rootfs *rootfs)
{
	for (size_t i = 0; rootfs->sources && i < rootfs->spec->n_mounts; i++) {
		fd_close(rootfs->sources[i].fd);
		free(rootfs->sources[i].path);
		free(rootfs->sources[i].link);
	}
	free(rootfs->sources);
	free(rootfs->path);
	rootfs->sources = NULL;
	rootfs->path = NULL;
	fd_close(TAKE_FD(rootfs->mount));
}

int rootfs_source_reopen(int fd, const char *path, struct error *err)
{
	struct stat wanted, found;
	_cleanup_close_ int ours = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (ours < 0 || fstat(fd, &wanted) < 0 || fstat(ours, &found) < 0)
		return err_sys_code(err, ERR_MNT_SRC, errno, "open '%s' again", path);
	if (wanted.st_dev != found.st_dev || wanted.st_ino != found.st_ino)
		return err_set(err, ERR_MNT_SRC, "'%s' was exchanged while the container was made", path);
	return TAKE_FD(ours);
}
