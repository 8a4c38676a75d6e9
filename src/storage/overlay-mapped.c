/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overlays whose layers are seen through mapped mounts: each directory is cloned as a mount of its own, which maps the ids,
 * and the overlay is made of those. So nothing on disk has to be given to anybody, and what is written comes to the disk
 * with the ids that it would have without a user namespace.
 *
 *	kernel          the mapped mounts
 *	6.15 and later  are detached
 *	5.19 and later  are attached over the very directories that they show, in a mount namespace that lives no longer
 *	older           cannot be an overlay's layers
 *
 * Which of the first two works is found out by trying.
 *
 * Overlayfs makes files below "work" as who has mounted it, and our root has no id on a mapped mount: so we take on those
 * of the namespace's root while it mounts. What we may do stays the same.
 *
 * Sources: mount_setattr(2), "ID-mapped mounts"; Linux, fs/namespace.c, clone_private_mount().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "runtime/fs-identity.h"
#include "runtime/mount.h"
#include "storage/overlay-internal.h"

/* What the kernel shows of an id that nobody has. Source: user_namespaces(7), "Unmapped user and group IDs". */
enum { OVERFLOW_ID = 65534 };

static int clone_mapped(const char *path, int user_namespace, struct error *err)
{
	_cleanup_close_ int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys_code(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, errno, "open layer '%s'", path);
	_cleanup_close_ int mount = mount_clone(dir, false, err);
	int r = mount < 0 ? mount : mount_map_ids(mount, user_namespace, false, err);
	return r < 0 ? err_wrap(err, "layer '%s'", path) : TAKE_FD(mount);
}

/* Overlayfs wants upper and work on one mount, so it is that of the directory which both are in. */
static char *parent_of(const char *path)
{
	size_t len = (size_t)(path_base(path) - path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	return mem_strndup(path, len);
}

/* --- as the namespace's root --- */

struct identity {
	uid_t uid;
	gid_t gid;
};

/* As the mapped mount of the directory that the superuser has on disk shows him. */
static int root_of(int mount, struct identity *ret, struct error *err)
{
	struct stat st;
	if (fstat(mount, &st) < 0)
		return err_sys(err, errno, "examine a mapped mount");
	if (st.st_uid == OVERFLOW_ID || st.st_gid == OVERFLOW_ID)
		return err_set(err, ERR_IDMAP, "the user namespace has no id 0, whose the image's directories are");
	*ret = (struct identity){ st.st_uid, st.st_gid };
	return 0;
}

static int mount_as(const struct identity *who, const struct overlay_options *options, struct error *err)
{
	int r = fs_identity_set(who->uid, who->gid);
	int mount = r < 0 ? err_sys(err, -r, "act as the root of a user namespace") : overlay_mount(options, err);
	if (fs_identity_set(geteuid(), getegid()) < 0)
		abort(); /* nothing that follows would be right */
	return mount;
}

/* --- the mapped mounts --- */

struct mapped {
	int *fds; /* one of each lower directory, and, with an upper, one of the directory that has it */
	size_t n_fds;
	struct identity root;
};

static void mapped_done(struct mapped *mapped)
{
	for (size_t i = 0; i < mapped->n_fds; i++)
		fd_close(mapped->fds[i]);
	free(mapped->fds);
}
#define _cleanup_mapped_ _cleanup_(mapped_done)

static int add(struct mapped *mapped, const char *path, int user_namespace, struct error *err)
{
	int mount = clone_mapped(path, user_namespace, err);
	if (mount >= 0)
		*ARRAY_APPEND(mapped->fds, mapped->n_fds) = mount;
	return mount;
}

static int open_mapped(const struct overlay_options *options, struct mapped *mapped, struct error *err)
{
	_cleanup_free_ char *parent = options->upper ? parent_of(options->upper) : NULL;
	int r = 0;
	for (char *const *lower = options->lower; r >= 0 && *lower; lower++)
		r = add(mapped, *lower, *options->user_namespace, err);
	if (r >= 0 && parent)
		r = add(mapped, parent, *options->user_namespace, err);
	return r >= 0 && parent ? root_of(r, &mapped->root, err) : r;
}

/* --- an overlay of them: detached --- */

static int mount_detached(const struct overlay_options *options, struct error *err)
{
	_cleanup_mapped_ struct mapped mapped = { 0 };
	_cleanup_strv_ char **lower = NULL;
	_cleanup_free_ char *upper = NULL, *work = NULL;
	struct overlay_options plain = *options;
	int r = open_mapped(options, &mapped, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < strv_count(options->lower); i++)
		strv_append(&lower, fd_path(mapped.fds[i]).text);
	plain.user_namespace = NULL;
	plain.lower = lower;
	if (!options->upper)
		return overlay_mount(&plain, err);
	struct fd_path parent = fd_path(mapped.fds[mapped.n_fds - 1]);
	plain.upper = upper = path_join(parent.text, path_base(options->upper));
	plain.work = work = path_join(parent.text, path_base(options->work));
	return mount_as(&mapped.root, &plain, err);
}

/* --- attached, in a mount namespace of our own --- */

static int cover(int mount, const char *path, struct error *err)
{
	if (move_mount(mount, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "cover '%s' with itself", path);
	return 0;
}

/* Those further up first, or they would hide the others. */
static int mount_covered(const void *what, struct error *err)
{
	struct overlay_options options = *(const struct overlay_options *)what;
	_cleanup_free_ char *parent = options.upper ? parent_of(options.upper) : NULL;
	_cleanup_mapped_ struct mapped mapped = { 0 };
	int r = open_mapped(&options, &mapped, err);
	if (r >= 0 && parent)
		r = cover(mapped.fds[mapped.n_fds - 1], parent, err);
	for (size_t i = 0; r >= 0 && options.lower[i]; i++)
		r = cover(mapped.fds[i], options.lower[i], err);
	if (r < 0)
		return r;
	options.user_namespace = NULL;
	return parent ? mount_as(&mapped.root, &options, err) : overlay_mount(&options, err);
}

int overlay_mount_covered(const struct overlay_options *options, struct error *err)
{
	return overlay_run_privately(mount_covered, options, err);
}

int overlay_mount_copy(const char *path, int user_namespace, struct error *err)
{
	return clone_mapped(path, user_namespace, err);
}

int overlay_mount_mapped(const struct overlay_options *options, struct error *err)
{
	struct error why = { 0 };
	int mount = mount_detached(options, &why);
	/* Where ids cannot be mapped, or for another reason, it is refused in any way. */
	if (mount < 0 && mount != -ERR_IDMAP && why.sys_errno == EINVAL)
		return overlay_mount_covered(options, err);
	if (mount < 0 && err)
		*err = why;
	return mount;
}
