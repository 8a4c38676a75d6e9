/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's root filesystem. The creator opens what comes from the host; the init process, in its new mount
 * namespace, builds and enters it. In this order:
 *
 *  1. rootfs_open(): the root and all that is bind mounted become detached mounts, held by fds, before a container could
 *     exchange anything (CVE-2025-31133). An fd of one mount namespace is no place to mount on or from in another:
 *     detached mounts belong to none. Where the kernel makes none, init opens the same paths again, and only what it
 *     finds to be the same file is used.
 *  2. rootfs_attach(): the root becomes a mount of the new namespace, on top of its "/" or at its own path.
 *  3. rootfs_mount_all(), devices_make(), console: everything is resolved from the root's fd, inside it.
 *  4. rootfs_protect(): masked and read-only paths, a read-only root.
 *  5. rootfs_enter(): pivot_root; the host is out of sight.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "runtime/cgroup.h"
#include "runtime/mount-place.h"
#include "runtime/spec.h"

/* Something of the host, as the creator found it. */
struct rootfs_source {
	int fd;	    /* a detached clone; or, where the kernel cannot make one, what stands at ... */
	char *path; /* ... this path, and has to be found there again by init */
	char *link; /* "copy-symlink": the text of the link, there is nothing to mount */
};

struct rootfs {
	const struct spec *spec;
	struct cgroup *cgroup; /* may be NULL */
	int user_namespace;    /* the one that the container joins by its path, or -1 */
	int mount;		     /* the root: given as a detached mount, or -1 and opened by rootfs_open() */
	char *path;		     /* as of rootfs_source */
	struct rootfs_source *sources; /* of each of the spec's mounts */
	const char *place; /* where it lies until pivot_root(), for hooks to find it; NULL: over "/" */
	bool no_pivot;
};

/* @bundle is a directory fd, for relative paths. */
int rootfs_open(struct rootfs *rootfs, int bundle, struct error *err);

/* Close the fds; what they stand for stays mounted where it is attached. */
void rootfs_close(struct rootfs *rootfs);

/* An fd of what @source is, in our own mount namespace; for one that has a path. */
int rootfs_source_reopen(int fd, const char *path, struct error *err);

/*
 * The place, while we still have the rights of the host: the root of a user namespace may not be let through to it.
 * Returns an fd that the caller closes, or -1: it will lie over "/".
 */
int rootfs_open_place(const struct rootfs *rootfs);

int rootfs_attach(struct rootfs *rootfs, int place_fd, struct error *err);
int rootfs_mount_all(struct rootfs *rootfs, struct error *err);
int rootfs_protect(struct rootfs *rootfs, struct error *err);
int rootfs_make_working_directory(struct rootfs *rootfs, struct error *err);
int rootfs_enter(struct rootfs *rootfs, struct error *err);

/* Put the index of a mount in config.json, and what it was to be, in front of @err. */
int rootfs_wrap_mount(const struct rootfs *rootfs, size_t index, struct error *err);

/* The propagation that mounts of the host get in the container, unless their options say another: MS_*, or 0. */
unsigned long rootfs_default_propagation(const struct spec *spec);

/*
 * runtime/cgroup-view.c: the mount of type "cgroup" at @place, with the attributes of @change. @data can name a hierarchy
 * of v1 that the container is in, of which alone it is then.
 */
int cgroup_view_mount(struct rootfs *rootfs, const struct mount_place *place, const struct mount_change *change,
		      char *const *data, struct error *err);

/* runtime/devices.c: device nodes and links in /dev, unless the spec binds a /dev of its own. */
int devices_make(struct rootfs *rootfs, struct error *err);

/*
 * runtime/console.c: a terminal from the devpts of the root filesystem @root, with the size that @process asks for. Returns
 * the master; *ret_slave is its peer. console_make() also puts that on /dev/console.
 */
int console_open(int root, const struct spec_process *process, int *ret_slave, struct error *err);
int console_make(struct rootfs *rootfs, int *ret_slave, struct error *err);
