/* SPDX-License-Identifier: Apache-2.0 */
/* The content of a file into another one, as cheaply as the two file systems can. */
#pragma once

#include <sys/types.h>

/*
 * The first @size bytes of the regular file @from into the empty one @to: cloned where that can be (FICLONE), else copied
 * by the kernel, holes left out. Where @to stands afterwards is not said. Returns 0 or -errno.
 *
 * Sources: ioctl_ficlone(2), copy_file_range(2), sendfile(2), lseek(2) SEEK_DATA.
 */
int fd_copy_content(int from, int to, off_t size);
