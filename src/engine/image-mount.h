/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images that are mounted for people to look into: RUNROOT/images/HEX, read-only. The kernel's table of mounts is the only
 * record of them: a directory there on which nothing is mounted (after a restart of the machine, say) is a rest that the
 * next call takes away.
 *
 * An image that is mounted is not removed. Both happen inside a transaction of the database, so never at once.
 */
#pragma once

#include "engine/engine.h"

/*
 * Mount it, unless it is. *ret_path: free() it. Errors: as engine_image_find(); ERR_INVALID for one without layers;
 * ERR_UNSUPPORTED without root.
 */
int engine_image_mount(struct engine *engine, const char *name, char **ret_path, struct error *err);

/* With @force, also while somebody uses it, for whom it stays. Errors: ERR_STATE if it is not mounted; ERR_BUSY. */
int engine_image_unmount(struct engine *engine, const char *name, bool force, struct error *err);

struct image_mount {
	char *id;   /* "sha256:HEX" */
	char *name; /* the first that the image has, or NULL */
	char *path;
};
int engine_image_mounts(struct engine *engine, struct image_mount **ret, size_t *ret_count, struct error *err);
void image_mounts_free(struct image_mount *mounts, size_t count);

/* Errors: ERR_IMG_IN_USE if image @id is mounted. For who is about to do @what with it: "remove", in a transaction. */
int image_mount_check(struct engine *engine, const char *id, const char *what, struct error *err);
