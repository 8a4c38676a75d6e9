/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes: directories that outlive the containers that have them. Each is a row of the database, and its files are in
 * ROOT/volumes/NAME/_data.
 *
 * Invariants:
 *  V1  A name belongs to one volume, by a constraint of the database. Who has a volume is told by rows (volume_uses), which
 *      come and go with the containers' own: while there is one, the volume's row cannot be removed, by another constraint.
 *      Nobody counts references in any other way.
 *  V2  The row is the truth. The directory is made after it, and again whenever it is missing. A volume that is to go is
 *      marked, loses its directory (renamed to a name that is no volume's, at once), and then its row; what is marked is
 *      seen by nobody but whoever finishes it.
 *  V3  So a crash leaves a row without a directory, a marked row, or a directory with a name that is no volume's; the next
 *      command that lists or removes mends them. A directory that has lost its row in some other way becomes a volume
 *      again: nobody has asked to remove those files.
 *
 * Source: docs.docker.com, "docker volume", "Volumes"; Docker Engine API, "Volume".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct engine;
struct json_object;

#define VOLUME_DRIVER "local"			       /* the only one */
#define VOLUME_ANONYMOUS "com.docker.volume.anonymous" /* the label of one whose name nobody has chosen */

/* What a person asks for. */
struct volume_request {
	const char *name;     /* NULL or "": 64 digits, and the label VOLUME_ANONYMOUS */
	const char *driver;   /* NULL: VOLUME_DRIVER */
	char *const *options; /* "type=tmpfs": volume-options.h */
	char *const *labels;
};

struct volume {
	char *name;
	char *mountpoint; /* the absolute path of its files */
	char **options, **labels;
	size_t links;	    /* containers that have it */
	int64_t created_at; /* ns */
};
void volume_free(struct volume *volume);
DEFINE_CLEANUP(struct volume *, volume_free);
#define _cleanup_volume_ _cleanup_(volume_freep)

bool volume_is_anonymous(const struct volume *volume);
bool volume_is_mounted_on_demand(const struct volume *volume); /* volume-attach.h */

/* As Docker's names are: two characters at least, the first a letter or a digit. Errors: ERR_INVALID. */
int volume_name_check(const char *name, struct error *err);

/* One that is there already is the answer, too. Errors: ERR_INVALID; ERR_EXISTS if that one has other options. */
int engine_volume_create(struct engine *engine, const struct volume_request *request, struct volume **ret,
			 struct error *err);

/* Errors: ERR_NO_VOLUME. */
int engine_volume_find(struct engine *engine, const char *name, struct volume **ret, struct error *err);

/* By name. free() the array and volume_free() what is in it. */
int engine_volume_list(struct engine *engine, struct volume ***ret, size_t *ret_count, struct error *err);

/* Errors: ERR_NO_VOLUME; ERR_BUSY for one that containers have, naming them. */
int engine_volume_remove(struct engine *engine, const char *name, struct error *err);

/* "create", "mount", "unmount", "destroy"; @more is a strv of further attributes, or NULL. */
void volume_event(struct engine *engine, const char *name, const char *action, char *const *more);

/* Bytes in its files. */
int engine_volume_size(struct engine *engine, const struct volume *volume, int64_t *ret, struct error *err);

/* Docker's document. json_object_put() it. */
struct json_object *volume_describe(const struct volume *volume);
