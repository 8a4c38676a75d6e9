/* SPDX-License-Identifier: Apache-2.0 */
/* The user namespace that we are in. Source: user_namespaces(7). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether it is another one than the machine's first, so that what we may do ends at what belongs to it. */
bool user_namespace_is_own(void);

/* The last id of those that are mapped from 0 on without a gap; 0 if that is not known. */
uint32_t user_namespace_last_uid(void);
uint32_t user_namespace_last_gid(void);

/* Whether a process may choose its groups: not where a user has mapped his own group without newgidmap(1). */
bool user_namespace_has_groups(void);
