/* SPDX-License-Identifier: Apache-2.0 */
/* The values of -v and --tmpfs. Source: docs.docker.com, "Bind mounts" and "tmpfs mounts". */
#pragma once

#include "engine/engine.h"

/*
 * "/host:/container[:ro,rslave,...]"; "./x" and "../x" are relative to the working directory. Errors: ERR_MNT_REL,
 * ERR_UNSUPPORTED (named and anonymous volumes, labels), ERR_USAGE.
 */
int mount_parse_volume(const char *text, struct mount_request *ret, struct error *err);

/* "/container[:size=64m,mode=1777,...]" */
int mount_parse_tmpfs(const char *text, struct mount_request *ret, struct error *err);
