/* SPDX-License-Identifier: Apache-2.0 */
/* What a process is, set before its program runs: security labels, user, capabilities. */
#pragma once

#include "base/error.h"
#include "runtime/spec.h"

/*
 * How soon the kernel kills @pid when memory is short. Lowering it needs the host's CAP_SYS_RESOURCE, and a process of a
 * user namespace that is not dumpable may not even raise its own: so this is for one that has not joined yet, or for its
 * creator.
 */
int credentials_set_oom_score(const struct spec_process *process, int proc, pid_t pid, struct error *err);

/*
 * AppArmor profile and SELinux label for the next exec. @proc is a verified procfs. A label that no active security
 * module takes is ERR_SEC_LSM, never ignored.
 */
int credentials_set_labels(const struct spec_process *process, int proc, struct error *err);

/* ERR_SEC_LSM if @label (which may be NULL) is one that nobody here would apply. */
int credentials_check_selinux(const char *label, struct error *err);

/*
 * Become the user, with the capabilities, in the order that keeps the right to do so: bounding set, groups, gid, uid,
 * the other sets, umask. A seccomp filter without no_new_privileges is installed before, for it needs CAP_SYS_ADMIN.
 */
int credentials_become(const struct spec_process *process, struct error *err);
