/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits by name, and setting them. Sources: getrlimit(2); config.md, "rlimits". */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "runtime/spec.h"

/* "RLIMIT_NOFILE" (or, as Docker writes it, "nofile") as its number. Errors: ERR_INVALID, the nearest name as hint. */
int rlimit_from_name(const char *name, struct error *err);

/* "RLIMIT_NOFILE", or NULL. */
const char *rlimit_name(int resource);

/*
 * Set them for ourselves. Raising a hard limit needs CAP_SYS_RESOURCE, which nested environments often lack: the limit in
 * force then stays, and the log says so at debug level. Whoever must have a limit checks before (rlimit_can_be()).
 */
int rlimit_apply(const struct spec_rlimit *limits, size_t count, struct error *err);

/* Whether we may set @limit as it is. */
bool rlimit_can_be(const struct spec_rlimit *limit);
