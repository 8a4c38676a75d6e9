/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel executes what runs in a container: "personality" and "memoryPolicy" of config.json's linux section. Both
 * are attributes of a process, that its children inherit.
 * Sources: personality(2), set_mempolicy(2); config-linux.md, "Personality", "Memory policy".
 */
#pragma once

#include "base/error.h"
#include "runtime/spec.h"

/* "LINUX32": false if there is none of that name. */
bool personality_from_name(const char *name, unsigned long *ret);

/* "MPOL_BIND", "MPOL_F_STATIC_NODES"; and all of them, NULL-terminated. */
bool memory_policy_mode_from_name(const char *name, int *ret);
bool memory_policy_flag_from_name(const char *name, unsigned *ret);
const char *const *memory_policy_mode_names(void);
const char *const *memory_policy_flag_names(void);

/* Whether a policy of that @mode is nothing without nodes, or cannot have any. */
bool memory_policy_needs_nodes(int mode);
bool memory_policy_takes_nodes(int mode);

/* Set them for ourselves; the nodes are those that our cgroup allows. Errors: ERR_UNSUPPORTED, ERR_SYSTEM. */
int execution_apply(const struct spec *spec, struct error *err);
