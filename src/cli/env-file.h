/* SPDX-License-Identifier: Apache-2.0 */
/* Files of environment variables, for --env-file. */
#pragma once

#include "base/error.h"

enum { ENV_FILE_SIZE_MAX = 1 << 20 };

/*
 * Append the lines of @path to the strv *env: "KEY=value", or "KEY" for one that is taken from our environment. Lines
 * that are empty or start with "#" are skipped; nothing is unquoted or expanded. Errors: ERR_USAGE with file and line.
 *
 * Source: docs.docker.com, "docker container run", --env-file; checked against docker 28.
 */
int env_file_read(const char *path, char ***env, struct error *err);

/* Whether @text can be a variable: a name, and perhaps a value. */
int env_check(const char *text, struct error *err);
