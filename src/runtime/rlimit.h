/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits by name, and setting them. Sources: getrlimit(2); config.md, "rlimits". */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/spec.h"

/* "RLIMIT_NOFILE" (or, as Docker writes it, "nofile") as its number. Errors: ERR_INVALID, the nearest name as hint. */
int rlimit_from_name(const char *name, struct error *err);

/* "RLIMIT_NOFILE", or NULL. */
const char *rlimit_name(int resource);

/*
 * In two steps, since raising a hard limit needs CAP_SYS_RESOURCE on the host, which nobody in a user namespace has, and
 * lowering one can hinder whoever still has work to do: who has the right raises those of @pid (0: ours) that are too
 * low, and the process itself sets them when it is about to run its program. Errors: ERR_PERMISSION, ERR_SYSTEM.
 */
int rlimit_raise(pid_t pid, const struct spec_rlimit *limits, size_t count, struct error *err);
int rlimit_apply(const struct spec_rlimit *limits, size_t count, struct error *err);
