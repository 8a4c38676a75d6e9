/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether two unpacked layers are the same: names, types, owners, modes, sizes, times, links, extended attributes and
 * every byte. Only the times of directories are not looked at, for one that its archive does not mention has the time of
 * its unpacking.
 */
#pragma once

#include "base/error.h"

/*
 * One difference: @path is relative to the directories ("." for themselves), @why a clause ("its mode is 0644, not
 * 0755"). Returns 0, or a code that ends the comparison.
 */
typedef int verify_differ_fn(void *context, const char *path, const char *why, struct error *err);

/* Is called now and then; returns 0, or a code that ends the comparison. */
typedef int verify_pause_fn(void *context, struct error *err);

struct verify_tree {
	int wanted, got; /* directories; stay the caller's */
	verify_differ_fn *differ;
	verify_pause_fn *pause;
	void *context;
};

/* A difference is no failure. Errors: of the disk, and those of the functions. */
int verify_tree(const struct verify_tree *tree, struct error *err);
