/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making files as somebody else. On a mount whose ids are mapped our root may have no id, and can make nothing there; root of
 * the user namespace that they are mapped for can.
 *
 * Sources: setfsuid(2); capabilities(7), "Effect of user ID changes on capabilities"; mount_setattr(2), "ID-mapped mounts".
 */
#pragma once

#include <sys/types.h>

/*
 * Files that this thread makes from now on are theirs. What it may do stays the same: the capabilities that other ids take
 * away are taken back. Returns 0 or -errno.
 */
int fs_identity_set(uid_t uid, gid_t gid);
