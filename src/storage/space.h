/* SPDX-License-Identifier: Apache-2.0 */
/* Why a file system is full: bytes, inodes or a quota, looked up once something has failed for it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * To be put around err_sys(): return space_explain(err_sys(err, errno, ...), fd, 0, err);
 *
 * If @err is of ENOSPC or EDQUOT: set its code (ERR_NOSPC, ERR_NOINODE) and its cause, from the file system that @fd is
 * on. @needed_bytes, if it is known, is what would have been written. Returns the code, negative, as it is then;
 * for all other errors @r as it came.
 */
int space_explain(int r, int fd, uint64_t needed_bytes, struct error *err);

/*
 * Where @fd is, for such a cause: "/var/lib/coffer (ext4 /dev/vda)". Empty where there is no /proc to ask. Returns @buf.
 */
const char *space_place(int fd, char *buf, size_t size);
