/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of volumes. Those that are marked to go (V2) are not there for anybody but volume_row_going(). */
#pragma once

#include "engine/db.h"
#include "engine/volume.h"

/* Errors: ERR_EXISTS, also for one that is marked. */
int volume_row_insert(struct db *db, const struct volume *volume, struct error *err);

/* 1, or 0 if there is none. The mountpoint is not filled in. */
int volume_row_load(struct db *db, const char *name, struct volume **ret, struct error *err);
int volume_row_list(struct db *db, struct volume ***ret, size_t *ret_count, struct error *err);

/* The names of the containers that have it. strv_free() them. */
int volume_row_users(struct db *db, const char *name, char ***ret, struct error *err);

/* Mark one to go. */
int volume_row_mark(struct db *db, const char *name, struct error *err);

/* The same, unless a container has it. */
int volume_row_mark_unused(struct db *db, const char *name, struct error *err);

/* Whether it is marked; and the names of all that are. */
int volume_row_is_marked(struct db *db, const char *name, struct error *err);
int volume_row_marked(struct db *db, char ***ret, struct error *err);

int volume_row_delete(struct db *db, const char *name, struct error *err);

/* Container @container has volume @name. @fill: its image's files are to be copied to it yet. */
int volume_use_insert(struct db *db, const char *container, const char *name, bool fill, struct error *err);

/* Image @image is mounted into container @container. Errors: ERR_BUSY if it has just been removed. */
int image_use_insert(struct db *db, const char *container, const char *image, struct error *err);

/* Whether they are to be, and that they are. */
int volume_use_fills(struct db *db, const char *container, const char *name, struct error *err);
int volume_use_filled(struct db *db, const char *container, const char *name, struct error *err);

/* How many containers that run have it; how many others than @container, running or not. */
int volume_use_running(struct db *db, const char *name, int64_t *ret, struct error *err);
int volume_use_others(struct db *db, const char *container, const char *name, int64_t *ret, struct error *err);
