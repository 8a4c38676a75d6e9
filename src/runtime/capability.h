/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities by name, and dropping them. Source: capabilities(7). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/spec.h"

/*
 * "CAP_NET_ADMIN" or "net_admin", in any case, as its number. Errors: ERR_SEC_CAP, with the nearest name as the hint.
 */
int capability_from_name(const char *name, struct error *err);

/* "CAP_NET_ADMIN", or NULL. */
const char *capability_name(int capability);

/* NULL-terminated, in the order of their numbers. */
const char *const *capability_names(void);

/* All that this kernel knows, and those in our bounding set. */
uint64_t capability_all(void);
uint64_t capability_bounding(void);

static inline uint64_t capability_bit(int capability)
{
	return UINT64_C(1) << capability;
}

/*
 * The two halves of becoming what @wanted says, around the change of user: first the bounding set (needs CAP_SETPCAP),
 * with the permitted set kept over setuid(); then, as the final user, the other four. Capabilities that the kernel does
 * not know, or that we do not have, are left out with a warning in the log, as runc does.
 */
int capability_drop_bounding(const struct spec_capabilities *wanted, struct error *err);
int capability_apply(const struct spec_capabilities *wanted, struct error *err);
