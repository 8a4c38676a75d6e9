/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers laid over each other by copying, where overlayfs cannot do it: overlayfs' own rules (whiteouts, opaque directories,
 * a file hides what is below it), each file cloned where the file system can (FICLONE), else copied by the kernel
 * (copy_file_range), holes left out, hard links kept.
 *
 * Sources: kernel Documentation/filesystems/overlayfs.rst; ioctl_ficlone(2), copy_file_range(2), lseek(2) SEEK_DATA.
 */
#pragma once

#include "base/error.h"

/*
 * Fill the empty directory @into with what @layers, topmost first (a strv), show together. With @maps, unless NULL, the
 * files are given to those that the layers' ids are mapped to, and access lists name them. Errors: ERR_IDMAP for a file
 * whose id is not mapped.
 */
struct id_maps;
int vfs_fill(int into, char *const *layers, const struct id_maps *maps, struct error *err);
