/* SPDX-License-Identifier: Apache-2.0 */
/* The containers that a verb is about: one, or with --regex all whose ids match. */
#pragma once

#include <stdbool.h>

#include "programs/runtime/runtime.h"

/* @target is the caller's. */
typedef int (*select_fn)(const struct runtime_globals *globals, const char *id, void *target, struct error *err);

/*
 * Call @act for the container @id; or, with @regex, where @id is an extended regular expression that need not match the
 * whole id, for every one that it matches. With several, a failure does not stop it: each is logged, and the first is
 * returned. None that matches is no error.
 */
int select_and_act(const struct runtime_globals *globals, const char *id, bool regex, select_fn act, void *target,
		   struct error *err);
