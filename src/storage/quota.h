/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a directory may hold: a project of its own, which all that is made in it belongs to, and the file system's limit
 * for that project. ext4 and xfs have these, where they are made and mounted so.
 *
 * Source: quotactl(2), ioctl_xfs_fsgetxattr(2), xfs_quota(8) "PROJECT ID MANAGEMENT"; kernel include/uapi/linux/fs.h.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/*
 * Give the empty directory @dir a fresh project that may have @bytes. Errors: ERR_UNSUPPORTED, saying what the file system
 * lacks and how to get it; ERR_PERMISSION.
 */
int quota_limit(int dir, uint64_t bytes, struct error *err);

/* The project of @dir, 0 if it has none that is passed on. */
uint32_t quota_project(int dir);

/* Forget the limit of @project, whose files are gone, in the file system of @dir. */
void quota_forget(int dir, uint32_t project);
