/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program in new namespaces and nothing else of a container, for `coffer unshare`: what unshare(1) does, with what makes
 * the namespaces of use.
 *
 * Sources: unshare(2); pid_namespaces(7), "The namespace init process"; mount_namespaces(7), "Restrictions on mount
 * namespaces"; user_namespaces(7), "Defining user and group ID mappings".
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/spec.h"

/*
 * Enter new namespaces of the types for which @wanted is true. With a user namespace we are its root, and have no other id
 * in it. A new mount namespace gets no mounts of the old one's later, and gives it none.
 * Errors: ERR_PERMISSION, ERR_UNSUPPORTED.
 */
int new_namespaces_enter(const bool wanted[static NAMESPACE_COUNT], struct error *err);

/*
 * A namespace of process ids or of clocks has in it who is made afterwards. With one of them this makes a process, and in
 * it returns 0; in its parent, which lives as long as it does and is ended by nothing else, the pid. Without them: 0.
 */
pid_t new_namespaces_fork(const bool wanted[static NAMESPACE_COUNT], struct error *err);

/* In who stays: the loopback interface is up, and /proc shows the processes of the namespace where both are new. */
int new_namespaces_furnish(const bool wanted[static NAMESPACE_COUNT], struct error *err);
