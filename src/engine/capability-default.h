/* SPDX-License-Identifier: Apache-2.0 */
/* The capabilities of a container, from --cap-add, --cap-drop and --privileged. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* What Docker gives if nothing is said: 14 of them, CapEff 00000000a80425fb. */
uint64_t capability_default(void);

/*
 * The set that results from @add and @drop (NULL-terminated, or NULL), by Docker's rules:
 *
 *  1. privileged: all, whatever is added or dropped;
 *  2. "ALL" is added: all but those that are dropped by name;
 *  3. "ALL" is dropped: none but those that are added;
 *  4. else the default ones, without those that are dropped, with those that are added.
 *
 * "All" are those in our own bounding set. Names are taken in any case, with or without "CAP_".
 * Errors: ERR_SEC_CAP, with the nearest name as the hint.
 */
int capability_set_resolve(char *const *add, char *const *drop, bool privileged, uint64_t *ret, struct error *err);
