/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a pid namespace, for containers without a cgroup. Source: pid_namespaces(7). */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Those that are in the pid namespace of process @pid, as our /proc shows them; not those of namespaces below it.
 * free(*ret). One that we may not look at is left out.
 */
int pid_namespace_members(pid_t pid, pid_t **ret, size_t *ret_count, struct error *err);
