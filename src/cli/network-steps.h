/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of a way, and what was concluded from them: for `network trace` and `network check`. */
#pragma once

#include "cli/rows.h"
#include "engine/network-trace.h"

int network_steps_begin(struct rows *rows, const char *format, struct error *err);

/* The same for several containers, whose steps network_steps_add() adds: rows have a field for the container's name. */
int network_steps_begin_all(struct rows *rows, const char *format, struct error *err);

/* In a table for people, what is as it should be is left out. */
int network_steps_add(const char *container, const struct network_trace *trace, struct rows *rows, struct error *err);

/* Returns the exit status: 0 if nothing is in the way, or else 1. */
int network_steps_show(const struct network_trace *trace, struct rows *rows, struct error *err);
