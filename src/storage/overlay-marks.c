/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/overlay-marks.h"

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

static const char *const PREFIXES[] = { "trusted.overlay.", "user.overlay." };

/* Behind both prefixes. */
static const char *const NAMES[][ARRAY_SIZE(PREFIXES)] = {
	[OVERLAY_OPAQUE] = { "trusted.overlay.opaque", "user.overlay.opaque" },
	[OVERLAY_IMPLIED] = { "trusted.overlay.coffer.implied", "user.overlay.coffer.implied" },
};

bool overlay_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool overlay_is_mark(const char *xattr)
{
	for (size_t i = 0; i < ARRAY_SIZE(PREFIXES); i++)
		if (str_starts_with(xattr, PREFIXES[i]))
			return true;
	return false;
}

static bool has(int dir, const char *name)
{
	char value;
	ssize_t len = fgetxattr(dir, name, &value, 1);
	if (len < 0 && errno == EBADF) /* O_PATH */
		len = getxattr(fd_path(dir).text, name, &value, 1);
	return len == 1 && value == 'y';
}

bool overlay_is_marked(int dir, enum overlay_mark mark)
{
	return has(dir, NAMES[mark][0]) || has(dir, NAMES[mark][1]);
}

int overlay_set_mark(int dir, enum overlay_mark mark)
{
	if (fsetxattr(dir, NAMES[mark][0], "y", 1, 0) == 0)
		return 0;
	/* The second is for who may not set the first. */
	return errno == EPERM && fsetxattr(dir, NAMES[mark][1], "y", 1, 0) == 0 ? 0 : -errno;
}
