/* SPDX-License-Identifier: Apache-2.0 */
/* Values as Docker's columns show them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/time.h"
#include "engine/engine.h"

enum { SIZE_TEXT_MAX = 24, SHORT_ID_LENGTH = 12 };

/* "0B", "1.09kB", "12.3MB": powers of 1000, three digits. Returns @buf. */
const char *format_size(uint64_t bytes, char buf[static SIZE_TEXT_MAX]);

/* "32 MiB", "1.5 GiB": powers of 1024, for limits, which people give that way. Returns @buf. */
const char *format_binary_size(uint64_t bytes, char buf[static SIZE_TEXT_MAX]);

/* "2 minutes ago"; "N/A" for a time of 0. */
void format_ago(struct str *out, int64_t then, int64_t now);

/* "2025-01-01 00:00:00 +0100 CET" */
void format_time(struct str *out, int64_t ns);

/* "Up 5 minutes", "Exited (0) 3 seconds ago", "Created", ... */
void format_container_status(struct str *out, const struct container_record *record, int64_t now);

/* The digits of an id without "sha256:", the first twelve unless @whole. */
void format_image_id(struct str *out, const char *id, bool whole);

/* "12" ids of containers. */
void format_container_id(struct str *out, const char *id, bool whole);

/* At most @max characters (not bytes) of @text, the last one an ellipsis if something was cut. */
void format_ellipsis(struct str *out, const char *text, size_t max);
