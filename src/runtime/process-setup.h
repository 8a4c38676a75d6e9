/* SPDX-License-Identifier: Apache-2.0 */
/* The last steps before a container's program, the same for its first process (init.c) and for others (exec.c). */
#pragma once

#include "base/error.h"
#include "runtime/seccomp.h"
#include "runtime/spec.h"

/* What our parent ignores or blocks is not the program's affair: all signals as a process is born with them. */
void process_reset_signals(void);

/*
 * A session keyring of our own instead of our parent's. It has no name: by a name we could join one that is there already,
 * made by a container with the same id. Source: keyctl(2), KEYCTL_JOIN_SESSION_KEYRING.
 */
int process_join_keyring(struct error *err);

/* Make these fds the standard streams. */
int process_take_stdio(const int stdio[3], struct error *err);

/* Make the terminal @slave the standard streams and the controlling terminal; we lead a session. */
int process_take_terminal(int slave, struct error *err);

/*
 * Working directory (an O_PATH fd of process->cwd, resolved inside the root), owner of the streams, no_new_privs, user,
 * capabilities, filter (NULL: none). A filter needs no_new_privs or CAP_SYS_ADMIN: with the first it comes last, without it
 * before the capabilities go; if it notifies, its listener goes over @sync. The process is not dumpable afterwards.
 */
int process_become(const struct spec_process *process, const struct seccomp_filter *filter, int cwd, int sync,
		   struct error *err);
