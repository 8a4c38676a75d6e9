/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a process runs: "scheduler", "ioPriority" and "execCPUAffinity" of config.json's process.
 * Sources: sched(7), sched_setattr(2), ioprio_set(2); config.md, "Linux Process".
 */
#pragma once

#include "base/error.h"
#include "runtime/spec.h"

/* "SCHED_FIFO" and "SCHED_FLAG_RECLAIM": false if there is none of that name. */
bool scheduler_policy_from_name(const char *name, uint32_t *ret);
bool scheduler_flag_from_name(const char *name, uint64_t *ret);

/* "IOPRIO_CLASS_BE" */
bool io_priority_class_from_name(const char *name, int *ret);

/* Of another process, by who has the rights for it on the host. Errors: ERR_PERMISSION, ERR_SYSTEM. */
int scheduling_apply(const struct spec_process *process, pid_t pid, struct error *err);

/* Bind ourselves to @cpus; NULL undoes that: every processor of our cgroup. */
int scheduling_bind(const struct number_set *cpus, struct error *err);
