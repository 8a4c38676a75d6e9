/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuse-overlayfs(1) leaves in an upper directory. A name that is gone is a whiteout, as with overlayfs; but a directory
 * that hides those below it has a file ".wh..wh..opq", and an attribute of the program's own where it may not set
 * overlayfs'. It reads overlayfs' marks as well as these.
 */
#pragma once

/*
 * Replace them by overlayfs' marks, in the directory @upper and all below it; somebody may be writing there. Returns 0 or
 * -errno.
 */
int fuse_marks_replace(int upper);
