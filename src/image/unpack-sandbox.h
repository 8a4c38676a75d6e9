/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process that parses hostile bytes can still do, should the bytes win:
 *
 *  - see files: none but beneath directories that it got as fds. Its root directory is an empty one, detached from
 *    everything; a directory for it to write comes as a mount of its own, so ".." ends there, no device in it can be
 *    opened and no program executed (sandbox_confine());
 *  - talk: over the socket that it has. Its network namespace is empty, and it can make no sockets;
 *  - use privileges: those for making any file with any owner, mode and attribute, and no others. Of them CAP_MKNOD and
 *    CAP_SYS_ADMIN (for trusted.* attributes) are the dangerous ones, for which see the two lines above, and below;
 *  - call the kernel: about fifty system calls, none of which mounts, executes, forks, signals others or makes memory
 *    executable. Who only parses has no privileges, and calls that read, write and take memory: it opens nothing;
 *  - take memory: 1 GiB.
 *
 * Landlock would add nothing to it, and cannot be used together with a detached mount: its rules are looked for on the
 * way up to the root directory, which a detached mount has no way to.
 *
 * Steps that an outer sandbox or an unprivileged user cannot take are left out, and logged; privileges are always
 * dropped. Sources: fsopen(2), open_tree(2), mount_setattr(2), capabilities(7), seccomp(2).
 */
#pragma once

#include "base/error.h"

enum sandbox_duty {
	SANDBOX_UNPACK, /* makes files in directories that it gets */
	SANDBOX_PARSE,	/* reads from an fd that it has, and writes what that says to another one */
};

/* For this process and for ever. Everything that is to be read from files later has to be loaded before. */
int sandbox_enter(enum sandbox_duty duty, struct error *err);

/*
 * The directory @dir as a mount of its own, for a process in a sandbox. Returns an fd of it; where such a mount cannot
 * be made, one of the directory as it is; or -errno.
 */
int sandbox_confine(int dir);
