/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers out of hostile text: parsed whole (no sign, space or tail that the grammar does not name) and ranged.
 * On failure the output is untouched and the message names neither flag nor field; the caller wraps it with that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

int parse_u64(const char *s, uint64_t max, uint64_t *ret, struct error *err);
int parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret, struct error *err);
int parse_octal(const char *s, uint64_t max, uint64_t *ret, struct error *err);

/* A decimal fraction such as "1.5" as thousand-millionths (1500000000), at most @max of them. */
int parse_nano(const char *s, uint64_t max, uint64_t *ret, struct error *err);

/* "64m", "1.5g", "512", "10kb", "2 GiB": bytes, in powers of 1024, as Docker's command line reads sizes. */
int parse_size(const char *s, uint64_t *ret_bytes, struct error *err);

/* "true", "false", "1", "0", "t", "f" in any case, as Go's strconv.ParseBool() has them. */
int parse_bool(const char *s, bool *ret, struct error *err);

/* "300ms", "1.5h", "1h30m", "0": nanoseconds, zero or more, as Go's time.ParseDuration() has them. */
int parse_duration(const char *s, int64_t *ret_ns, struct error *err);

/* Standard base64 (RFC 4648, section 4) into @buf, which has room for strlen(@s) bytes. */
int parse_base64(const char *s, void *buf, size_t *ret_len, struct error *err);

/* "TERM", "SIGTERM", "15", "RTMIN+3". */
int parse_signal(const char *s, int *ret, struct error *err);

/* The name without "SIG", or a number as text; lives until the next call in this thread. */
const char *signal_name(int sig);
