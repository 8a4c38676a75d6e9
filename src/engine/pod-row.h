/* SPDX-License-Identifier: Apache-2.0 */
/* A pod as the database has it. */
#pragma once

#include "engine/db.h"
#include "engine/pod.h"

/* In the transaction that inserts its infra container. Errors: ERR_NAME. */
int pod_row_insert(struct db *db, const struct pod *pod, const char *infra, struct error *err);

/* Whether the pod @id, or none if that is NULL, takes one more container, in the transaction that inserts this. Errors: ERR_NO_POD. */
int pod_row_admit(struct db *db, const char *id, struct error *err);

/* It takes no more from now on. 0 if it has containers yet, beside the infra container. */
int pod_row_set_going(struct db *db, const char *id, struct error *err);

/* By its whole id, without containers: 1, or 0 if there is none. */
int pod_row_load(struct db *db, const char *id, struct pod **ret, struct error *err);

/* "No such pod: NAME". */
int pod_not_found(const char *name, struct error *err);

/* The id that @name means. Errors: ERR_NO_POD; ERR_INVALID for the beginning of several. */
int pod_row_find(struct db *db, const char *name, char id[static ID_HEX_LENGTH + 1], struct error *err);

/* Without containers, newest first; @going: only those that are being removed. pods_free() them. */
int pod_row_list(struct db *db, bool going, struct pod ***ret, size_t *ret_count, struct error *err);
