/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: everything that outlives a boot, below one directory (/var/lib/coffer) of mode 0700.
 *
 *	oci-layout, index.json     the OCI image layout, so that other tools can read the store
 *	blobs/sha256/HEX           manifests, indexes, configs, compressed layers (image/blob.h)
 *	layers/HEX/                an unpacked layer, named by its DiffID (storage/layer.h)
 *	parents/HEX/               what an image has besides its layers, by its id (storage/parents.h)
 *	mapped/HEX/NAME/           copies of an image for containers with other ids (storage/mapped-copy.h)
 *	snapshots/ID/{upper,work}  what a container wrote (storage/snapshot.h)
 *	logs/ID.log                what a container printed
 *	records/ID/                what is kept of a container's run beyond its end (monitor/recorder.h);
 *	                           .removed/ID of containers that were removed (engine/tombstone.h)
 *	volumes/NAME/_data         the files of a volume (engine/volume.h)
 *	secrets/NAME/              a secret (engine/secret.h)
 *	events/                    the journal of events (monitor/journal.h)
 *	cache/seccomp/             compiled system call filters
 *	cache/partial/             beginnings of blobs, for the next download (storage/partial.h)
 *	tmp/                       unfinished things; what no running process has locked is rubbish
 *	coffer.db                  names, containers, images (engine/)
 *	lock                       shared: somebody adds content; exclusive: somebody collects garbage
 *
 * Invariants, cited by number in the code:
 *  S1  A name below blobs/ or layers/ exists only if its content is complete and has the digest that names it.
 *  S2  Things are made below tmp/ and renamed into place; a crash leaves rubbish in tmp/ only.
 *  S3  Nothing that is referenced is removed: references are added under the shared lock, garbage is collected under
 *      the exclusive one.
 *  S4  No path below the store is ever made from a name that was not checked against its grammar; and blobs/, layers/,
 *      parents/, mapped/ and snapshots/ hold only what has such a name.
 *  S5  A container that has been created has a snapshot with both its directories; a snapshot has a container.
 *  S6  index.json says what the database says. It is derived, and never read by us.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct store {
	int root;	/* fds of directories */
	int blobs;	/* blobs/sha256 */
	int layers;
	int parents;
	int mapped;
	int snapshots;
	int logs;
	int records;
	int cache;	/* cache/seccomp */
	int tmp;
	char *path;	/* absolute, of the root */
};

/*
 * Open the store at @path, making what is missing. Its mode becomes 0700 if it is anything else.
 */
int store_open(const char *path, struct store **ret, struct error *err);
void store_free(struct store *store);
static inline void store_freep(struct store **store)
{
	store_free(*store);
}
#define _cleanup_store_ _cleanup_(store_freep)

/* Hold the store's lock until the returned fd is closed (S3). Waits. */
int store_lock(struct store *store, bool exclusive, struct error *err);

/*
 * A fresh, locked directory below tmp/; its name in ret_name (freed by the caller), its fd returned. It is rubbish as
 * soon as the fd is closed, unless it was renamed away before.
 */
int store_stage(struct store *store, char **ret_name, struct error *err);

/* Remove what lies in tmp/ and belongs to no live process. Goes on after an error, and returns the first one. */
int store_sweep(struct store *store, struct error *err);

/* The names of what a sweep would remove; a strv. */
int store_list_rubbish(struct store *store, char ***ret, struct error *err);

/*
 * For the other files of this layer: remove @name in the store's directory @dir so that it is there whole or not at
 * all (S1), by renaming it into tmp/ first. Missing is success. Returns 0 or -errno.
 */
int store_discard(struct store *store, int dir, const char *name);

/* A fresh name for something in tmp/ (free() it), and whether a name is such a one (S4). */
char *store_stage_name(void);
bool store_stage_name_is_valid(const char *name);

enum { STORE_HEX_LENGTH = 64 };

/* Whether @text is 64 lower-case hexadecimal digits: the name of a blob, a layer, a snapshot (S4). */
bool store_is_hex64(const char *text);

/*
 * ENOSPC and EDQUOT explained: no bytes or no inodes left (statvfs), on which file system; for other errnos it does
 * nothing. Call it right after err_sys().
 */
void store_explain_full(struct store *store, struct error *err);
