/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work in another network namespace, for who cannot come back from there: who is not root of the host's network may enter a
 * namespace of his own, but never the host's again. So a thread goes, does the work, and ends, while its caller waits.
 * What it opens and starts there stays there.
 *
 * Nobody runs beside it: caller and thread take turns, so work may use whatever its caller does.
 *
 * Source: setns(2), "network namespace".
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

typedef int (*netns_work_function)(void *argument, struct error *err);

/* Returns what @work returns; or an error of ours, and it was not called. */
int netns_work(int netns, netns_work_function work, void *argument, struct error *err);

/* Whether the caller is such work. */
bool netns_work_is_inside(void);

/* From inside, do @work where the caller of netns_work() is; from anywhere else, where we are. */
int netns_work_outside(netns_work_function work, void *argument, struct error *err);
