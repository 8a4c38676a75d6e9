/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What control groups have used, and those below them: containers divide theirs, and have parents that others are in, too.
 * Sources: as usage.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct group_use {
	char *path;	 /* in every hierarchy */
	int64_t time_ns; /* of the look, on the monotonic clock */
	uint64_t cpu_ns;
	bool has_memory, has_pids, has_block; /* whether somebody counts that here */
	uint64_t memory, pids, read_bytes, written_bytes;
};

struct group_uses {
	struct group_use *list;
	size_t count;
};

/* Append @path and, with @deep, what is below it. One that is gone is none. */
void groups_read(const char *path, bool deep, struct group_uses *uses);

/* That of @path, or NULL. */
const struct group_use *groups_find(const struct group_uses *uses, const char *path);
void groups_done(struct group_uses *uses);
#define _cleanup_groups_ _cleanup_(groups_done)
