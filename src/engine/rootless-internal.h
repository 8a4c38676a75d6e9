/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of rootless.h share. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "engine/rootless.h"

/* Who holds the namespaces. The latter by number, since they can outlive him. */
struct holder {
	pid_t pid;
	uint64_t start_time;
	ino_t user, mount;
};

/* --- rootless-places.c --- */

/* The directory "coffer" in the user's runtime directory; made if it is missing, his, and closed to others (U1). An fd. */
int rootless_open_directory(struct error *err);

/* --- rootless-holder.c --- */

/* Make a process that holds @new_namespaces (CLONE_NEWUSER, CLONE_NEWNS), and for the others those that we are in. */
int holder_make(int new_namespaces, struct holder *ret, struct error *err);

/* --- rootless-map.c --- */

/* Map the user's ids in the user namespace that @pid has made: as many as he may use. */
int rootless_map_ids(pid_t pid, struct error *err);

/*
 * Whether the program at @path can map ids, for which it needs rights that root has given to its file, on a file system
 * where they count. True of one that cannot be looked at.
 */
bool rootless_tool_has_rights(const char *path);

/* Why the kernel has refused a user namespace with @sys_errno, and what can be done about it. */
int rootless_refused(int sys_errno, struct error *err);
