/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and their texts. Times are nanoseconds since the epoch, 0 means "never". */
#pragma once

#include <stdint.h>

#include "base/error.h"

enum { TIME_TEXT_MAX = 40 };

#define NSEC_PER_SEC INT64_C(1000000000)
#define NSEC_PER_MSEC INT64_C(1000000)

int64_t time_now_ns(void);       /* CLOCK_REALTIME */
int64_t time_monotonic_ns(void); /* CLOCK_MONOTONIC */

/* "2026-11-21T12:34:56.123456789Z"; 0 is Go's zero time, "0001-01-01T00:00:00Z". Returns @buf. */
const char *time_format_rfc3339(int64_t ns, char buf[static TIME_TEXT_MAX]);

/* RFC 3339 with any fraction and offset. */
int time_parse_rfc3339(const char *text, int64_t *ret_ns, struct error *err);

/*
 * What --since, --until and such filters take: RFC 3339 in full or in part ("2026-11-21", "2026-11-21T12:34"), local time
 * unless it names an offset; seconds since the epoch, with a fraction or without; or a duration ("10m"), back from @now.
 */
int time_parse_when(const char *text, int64_t now, int64_t *ret_ns, struct error *err);

/* "30s", "1m30s", "1.5s", "500ms", "0s": as Go's time.Duration prints itself. Returns @buf. */
const char *time_format_go_duration(int64_t ns, char buf[static TIME_TEXT_MAX]);

/* "Less than a second", "5 seconds", "About a minute", "2 hours", "3 weeks", ...: Docker's words. Returns @buf. */
const char *time_format_duration(int64_t ns, char buf[static TIME_TEXT_MAX]);
