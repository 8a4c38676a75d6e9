/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's ps(1) says about some processes. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Run `ps OPTIONS...` ("-ef" if there are none). *ret_lines is its header and the lines of @pids, which its column PID
 * tells; @pids is sorted by this. strv_free() it. Errors: ERR_INVALID for options that ps does not take, or that leave
 * that column out; ERR_EXEC_NOTFOUND where there is no ps.
 */
int ps_lines(pid_t *pids, size_t count, char *const *options, char ***ret_lines, struct error *err);
