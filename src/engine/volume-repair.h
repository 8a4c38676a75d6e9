/* SPDX-License-Identifier: Apache-2.0 */
/* What a crash has left of volumes, or is left to be done for one that is to go (V2, V3). */
#pragma once

#include "base/error.h"

struct engine;

/* Take away a volume that is marked: its directory, then its row; 1. One that is not (any more) is left alone; 0. */
int volume_finish_removal(struct engine *engine, const char *name, struct error *err);

/* Mend all that is to be mended. Goes on after a failure, and returns the first. */
int volumes_repair(struct engine *engine, struct error *err);
