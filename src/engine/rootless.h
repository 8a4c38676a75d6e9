/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coffer of a user who is not root.
 *
 * He has a user namespace in which he is root, the ids that the machine's administrator gave him are the others, and a
 * mount namespace. All his commands work in these two, and from there on are root's commands. A process that does nothing
 * but be there holds them ("the holder"), so that what one command has made the next one reaches, and nothing has to be
 * made twice. It is found by a record in his runtime directory:
 *
 *	coffer/holder       "PID START-TIME USER-NAMESPACE MOUNT-NAMESPACE\n", the latter as their numbers
 *	coffer/holder.lock  who makes a holder has it
 *
 * Invariants:
 *  U1  No directory, and no namespace, is believed to be his only because of where it was found: it belongs to him by
 *      what the kernel says, or is not used.
 *  U2  As long as one of his containers runs, there is one pair of namespaces. A holder that was killed gets a successor
 *      in the namespaces of the monitors that are left; and where those were killed, too, one in the user namespace of
 *      whatever is left, so that what cleans up may end it.
 *  U3  Nothing here has rights that the user does not have, but newuidmap(1) and newgidmap(1), which are not ours.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Whether who we are has to enter namespaces of his own before he can do anything here. */
bool rootless_is_needed(void);

/*
 * Become root of them. The working directory and open files stay. The process must have one thread.
 * Errors: ERR_PERMISSION or ERR_UNSUPPORTED where the machine permits no user namespaces, ERR_IDMAP.
 */
int rootless_enter(struct error *err);

/* Whether we have come in by that, and whoever has called us is outside: what is mounted in here he does not see. */
bool rootless_has_entered(void);

/*
 * Where the user's store and run directory are by default: for root in /var/lib and /run, for others in their own
 * directories (XDG Base Directory Specification). free() them.
 */
int rootless_default_root(char **ret, struct error *err);
int rootless_default_runroot(char **ret, struct error *err);
