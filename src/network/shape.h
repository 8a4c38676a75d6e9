/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much goes through a link in a second: a token bucket at its sending end. What is too much waits for a while, and is
 * dropped if that would be too long.
 *
 * Source: tc-tbf(8), linux/pkt_sched.h.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* "10mbit", "500kbit", "1gbit", or a number of bits a second, as tc(8) has them: bytes a second. Errors: ERR_INVALID. */
int shape_parse_rate(const char *text, uint64_t *ret, struct error *err);

/* Let the link called @name send no more than that. Errors: ERR_UNSUPPORTED where the kernel has no token buckets. */
int shape_link(int rtnl, const char *name, uint64_t bytes_per_s, struct error *err);
