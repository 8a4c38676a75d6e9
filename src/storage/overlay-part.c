/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is at a path of a detached mount, as a mount of its own. Before Linux 6.15 the kernel clones nothing of what is
 * attached nowhere; so it is attached for that, where nobody sees it (overlay_run_privately()).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "storage/overlay-internal.h"

struct part {
	int whole;
	const char *path;
};

static int cut_out(const void *what, struct error *err)
{
	const struct part *part = what;
	if (move_mount(part->whole, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, errno, "attach a mount for a moment");
	_cleanup_close_ int place = path_open_in_root(part->whole, part->path, O_PATH, 0);
	if (place < 0)
		return err_sys_code(err, ERR_MNT_SRC, -place, "cannot access path '%s'", part->path);
	int fd = open_tree(place, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "detach '%s'", part->path) : fd;
}

int overlay_part(int whole, const char *path, struct error *err)
{
	return overlay_run_privately(cut_out, &(const struct part){ .whole = whole, .path = path }, err);
}
