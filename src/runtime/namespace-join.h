/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The init process itself: made by clone3() straight into its new namespaces and cgroup.
 *
 * A user, pid or time namespace that exists is entered only by children of the process that joins it, so with one of
 * them an intermediate process joins, makes init as our own child (CLONE_PARENT), and is gone.
 *
 * Source: clone(2), setns(2), pid_namespaces(7).
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "runtime/spec.h"

/*
 * Make the process, in @cgroup_fd if that is not -1 (CLONE_INTO_CGROUP). Returns 0 in it and its pid in us, with a pidfd
 * in *ret_pidfd. Errors name the namespace. No thread but ours may exist.
 */
pid_t namespace_clone(const struct spec *spec, int cgroup_fd, int *ret_pidfd, struct error *err);

/* Open the namespace at @path and check that it is of @type; the message names both types if it is not. */
int namespace_open(const char *path, enum namespace_type type, struct error *err);
