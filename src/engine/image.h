/* SPDX-License-Identifier: Apache-2.0 */
/* Images in the database, for the other files of the engine. */
#pragma once

#include "base/cleanup.h"
#include "engine/db.h"
#include "engine/engine.h"
#include "image/manifest.h"
#include "storage/store.h"

DEFINE_CLEANUP(struct image *, image_free);
#define _cleanup_image_ _cleanup_(image_freep)


/*
 * The id of the image that @text means: *ret_reference, if not NULL, is the name or name@digest in full by which it was
 * found, or NULL if it was its id. As engine_image_find().
 */
int image_resolve(struct engine *engine, const char *text, char **ret_id, char **ret_reference, struct error *err);

/* The configuration blob of the image with this id. */
int image_config_load(struct store *store, const char *id, struct image_config *ret, struct error *err);

/* --- image-record.c --- */

/* What came into the store, and by which names. Texts are not owned. */
struct image_arrival {
	const char *manifest; /* digest */
	const char *index;    /* digest of an index that it was chosen from, or NULL */
	const char *config;   /* digest, which is the image's id */
	const char *name;     /* reference in full with a tag, or NULL */
	const char *digest;   /* "registry/repository@digest", or NULL */
};

/*
 * Record it in one transaction, after a look at what is really there. Who calls this holds the store's lock (S3).
 * *ret_known: the name meant this image before.
 */
int image_record(struct engine *engine, const struct image_arrival *arrival, bool *ret_known, struct error *err);

/* --- gc.c --- */

/*
 * Remove blobs and layers that no image has (E3). When somebody is adding some just now, it is left for later (due).
 * *ret_deleted, if not NULL, gets the removed layers appended.
 */
int gc_collect(struct engine *engine, char ***ret_deleted, struct error *err);

/*
 * What a collection would remove, as paths in the store; a strv. Says something lasting only under the store's exclusive
 * lock.
 */
int gc_list(struct engine *engine, char ***ret, struct error *err);

/* --- index-json.c --- */

/* Whether it says what the database says (S6). 1 or 0. */
int index_json_is_current(struct engine *engine, struct error *err);

/* Write ROOT/index.json anew, so that other tools see the images that the database has. */
int index_json_write(struct engine *engine, struct error *err);

/* --- due.c --- */

#define DUE_INDEX "index.json"
#define DUE_GARBAGE "garbage"

/* Remember, in the same transaction as its cause, that something has to be done. */
int due_add(struct db *db, const char *work, struct error *err);

/*
 * Around doing it: what becomes due in between stays due. Returns 1 if it is due at all.
 */
int due_begin(struct db *db, const char *work, int64_t *ret_times, struct error *err);
int due_end(struct db *db, const char *work, int64_t times, struct error *err);

/* Do what is left to be done. */
int due_work(struct engine *engine, struct error *err);
