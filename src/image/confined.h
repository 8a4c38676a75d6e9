/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child process for hostile bytes, between its fork and its end: what it inherits, and how to learn what became of it.
 * What it can do is unpack-sandbox.h's.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

enum { CONFINED_FD_FIRST = 3, CONFINED_FDS_MAX = 2 };

/*
 * Fork; call it while this process has no threads and no secrets. The child has @fds as CONFINED_FD_FIRST and so on,
 * standard error where the log goes, nothing else that was open; default signals, but Ctrl-C does not reach it; and it is
 * killed when we die. Returns 0 in the child, its pid in us, or a code. @what it is for, in the error's words.
 */
pid_t confined_fork(const int *fds, size_t n_fds, const char *what, struct error *err);

/* Kill and collect it. */
void confined_end(pid_t pid);

/*
 * The same with one that has failed us: the error says what became of it, "the process that <did> ...". Its code is
 * ERR_IMG_LAYER, for only the bytes can have done that.
 */
int confined_explain(pid_t pid, const char *did, struct error *err);
