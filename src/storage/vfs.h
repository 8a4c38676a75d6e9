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

/* Fill the empty directory @into with what @layers, topmost first (a strv), show together. */
int vfs_fill(int into, char *const *layers, struct error *err);
