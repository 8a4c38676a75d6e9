/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stays of a container that has run and was removed: the files of its flight recorder (monitor/recorder.h) and
 * container.json, so that it can still be said why it died, also after `run --rm`. They lie in ROOT/records/.removed/ID for a
 * week, those of the last TOMBSTONES_MAX containers. removed.h reads them.
 *
 *	container.json   {"id":..,"name":..,"image":..,"imageId":..,"createdAt":NS,"removedAt":NS,"status":{status.json},"config":{..}}
 */
#pragma once

#include "engine/container-row.h"

#define TOMBSTONE_DIR ".removed"
#define TOMBSTONE_FILE "container.json"

enum {
	TOMBSTONES_MAX = 512,
	TOMBSTONE_DAYS = 7,
};

/* Instead of removing its records. One that has never run has none that are worth keeping. */
int tombstone_make(struct engine *engine, const struct container_row *row, struct error *err);

/* The ids of those in @dir that are not too old, newest first, a strv. */
char **tombstones_list(int dir);

/* Remove those that are too old, and the oldest of too many. */
void tombstones_prune(struct engine *engine);
