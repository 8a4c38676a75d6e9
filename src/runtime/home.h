/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HOME, which every shell needs and config.json may leave out: engines rely on the runtime to find it.
 * Source: what runc 1.1 and crun 1.8 give; passwd(5).
 */
#pragma once

#include <sys/types.h>

/*
 * @env with the home directory that /etc/passwd (of the root that we are in) has for @uid, or "/". NULL if it has a HOME,
 * and so is fine as it is; else free it by strv_free(). To be called while reading a file needs nobody's leave.
 */
char **home_complete(char *const *env, uid_t uid);
