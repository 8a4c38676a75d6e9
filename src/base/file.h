/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read with a ceiling, written so that a reader or a crash sees the old one or the new one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* As fd_read_text() on the file @path relative to @dir (AT_FDCWD for the working directory). */
int file_read(int dir, const char *path, size_t max, char **ret, size_t *ret_len, struct error *err);

/* One line of a kernel file (procfs, sysfs, cgroupfs) into @buf, without its newline. Returns its length or -errno. */
ssize_t file_read_line(int dir, const char *path, char *buf, size_t size);

/* Write to a kernel file with one write(). Returns 0 or -errno. */
int file_write_line(int dir, const char *path, const char *text);

enum file_flags {
	FILE_SYNC = 1 << 0,	  /* fsync the file and its directory: it survives a power cut */
	FILE_EXACT_MODE = 1 << 1, /* the mode that is given, whatever our umask is */
};

/* Replace @name in @dir by @data: temporary file, (fsync,) rename. */
int file_write_atomic(int dir, const char *name, const void *data, size_t len, mode_t mode, int flags,
		      struct error *err);

/*
 * Open (making it, mode 0600) and lock @name in @dir with flock(). The lock goes with the fd, so a crash releases it.
 * Returns the fd; ERR_BUSY when @wait is false and somebody holds it.
 */
int file_lock(int dir, const char *name, bool exclusive, bool wait, struct error *err);
