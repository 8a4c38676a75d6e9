/* SPDX-License-Identifier: Apache-2.0 */
/* What a copy has beside its content, for vfs.c. */
#pragma once

#include <sys/stat.h>

#include "storage/id-shift.h"

/*
 * Owner, mode, extended attributes (but for overlayfs' own) and times, in place of those that it has; @st has the owner's ids as
 * they shall be, @shift makes so those of access lists. Both may be open with O_PATH. Returns 0 or -errno; -EOVERFLOW for an
 * id that is not mapped.
 */
int vfs_copy_metadata(int from, int to, const struct stat *st, struct id_shift *shift);
