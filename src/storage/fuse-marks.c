/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/fuse-marks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "storage/overlay-marks.h"

/* The second is a whiteout, as of a name that nobody can have. */
static const char *const FILES[] = { ".wh..wh..opq", ".wh..opq" };

#define OPAQUE_XATTR "user.fuseoverlayfs.opaque"

/* What says the same from now on comes first, so that it is said at any moment. */
static int replace(int dir)
{
	bool has_file = faccessat(dir, FILES[0], F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	bool has_xattr = fgetxattr(dir, OPAQUE_XATTR, NULL, 0) >= 0;
	if (!has_file && !has_xattr)
		return 0;
	int r = overlay_set_mark(dir, OVERLAY_OPAQUE);
	if (r < 0)
		return r;
	for (size_t i = 0; has_file && i < ARRAY_SIZE(FILES); i++)
		if (unlinkat(dir, FILES[i], 0) < 0 && errno != ENOENT)
			return -errno;
	return has_xattr && fremovexattr(dir, OPAQUE_XATTR) < 0 && errno != ENODATA ? -errno : 0;
}

static bool may_be_directory(const struct dirent *entry)
{
	return (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) && !streq(entry->d_name, ".") &&
	       !streq(entry->d_name, "..");
}

/* One that is no directory, or none any more, has no marks. */
static int enter(int dir, const char *name)
{
	_cleanup_close_ int below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below >= 0)
		return fuse_marks_replace(below);
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
}

int fuse_marks_replace(int upper)
{
	int r = replace(upper);
	_cleanup_close_ int copy = r < 0 ? r : openat(upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return r < 0 ? r : -errno;
	TAKE_FD(copy);
	for (struct dirent *entry; r == 0 && (entry = readdir(dir));)
		if (may_be_directory(entry))
			r = enter(upper, entry->d_name);
	return r;
}
