/* SPDX-License-Identifier: Apache-2.0 */
/* Where an archive goes: -o FILE, or standard output if that is no terminal. */
#pragma once

#include "base/error.h"

typedef int archive_write_fn(void *context, int fd, struct error *err);

/*
 * Have @write write to @path; NULL: to standard output. A file appears when it is complete; one that is there and is none
 * of disk (a device, a pipe) is written to.
 */
int archive_output(const char *path, archive_write_fn *write, void *context, struct error *err);

/* The same with a new directory @path, which @write gets an fd of. One that is there has to be empty. */
int archive_output_directory(const char *path, archive_write_fn *write, void *context, struct error *err);
