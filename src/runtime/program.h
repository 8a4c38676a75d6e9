/* SPDX-License-Identifier: Apache-2.0 */
/* The program that a container runs: found as execvp() would, and explained when the kernel does not take it. */
#pragma once

#include "base/error.h"

/*
 * The path of @name, as seen from the current root and working directory: itself if it has a slash, else the first
 * executable of PATH in @env. free() it.
 * Errors: ERR_EXEC_NOTFOUND (cause: the PATH; hint: a similar name), ERR_EXEC_PERM, ERR_EXEC_DIR.
 */
int program_find(const char *name, char *const *env, char **ret, struct error *err);

/*
 * Say why execve() of @path failed with @sys_errno: a missing interpreter or loader (ENOENT although it exists), a
 * script without "#!", another machine's ELF, a mode without x, a noexec mount. Looks only now, when it has failed.
 */
int program_explain(const char *path, int sys_errno, struct error *err);
