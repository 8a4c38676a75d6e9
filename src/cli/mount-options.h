/* SPDX-License-Identifier: Apache-2.0 */
/* The values of -v and --tmpfs. Source: docs.docker.com, "Volumes", "Bind mounts" and "tmpfs mounts". */
#pragma once

#include "engine/engine.h"

/*
 * "/host:/container[:ro,rslave,...]"; "./x" and "../x" are relative to the working directory. "name:/container[:ro,nocopy]"
 * and "/container" are volumes. Errors: ERR_MNT_REL, ERR_INVALID, ERR_USAGE.
 */
int mount_parse_volume(const char *text, struct mount_request *ret, struct error *err);

/* "/container[:size=64m,mode=1777,...]" */
int mount_parse_tmpfs(const char *text, struct mount_request *ret, struct error *err);

/* A tmpfs on each directory that programs expect to write to, unless something else is mounted there. */
void mount_add_scratch(struct container_spec *spec);

/* Where a mount may be: an absolute path, but not the root. Errors: ERR_MNT_REL. */
int mount_check_target(const char *target, struct error *err);

/* Make *path, which is absolute or begins with "./" or "../", absolute. Errors: ERR_MNT_REL. */
int mount_resolve_path(char **path, struct error *err);
