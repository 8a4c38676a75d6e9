/* SPDX-License-Identifier: Apache-2.0 */
/* The host's /proc, held by an fd that is known to be procfs, so that no write to it lands elsewhere (CVE-2025-52881). */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/* Returns an fd of the root of a procfs, checked by type and inode. */
int procfs_open(struct error *err);

/* Write @text to @path below it; no links, no other mounts. Returns 0 or -errno. */
int procfs_write(int proc, const char *path, const char *text);
