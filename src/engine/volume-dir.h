/* SPDX-License-Identifier: Apache-2.0 */
/* The directories of volumes: ROOT/volumes/NAME/_data. Names are checked by the caller (volume_name_check()). */
#pragma once

#include "engine/engine-internal.h"

#define VOLUME_DATA "_data"
#define VOLUME_STAGE "filling" /* beside it, while the volume is filled (volume-fill.h) */

/* The absolute path of the directory that has all of them, and of a volume's files. free() them. */
char *volumes_path(const struct engine *engine);
char *volume_path(const struct engine *engine, const char *name);

/* Make the volume's directories, unless they are there. Returns an fd of its _data. */
int volume_dir_make(struct engine *engine, const char *name, struct error *err);

/*
 * Hold the volume's lock until the returned fd of its directory, in which _data is, is closed. Waits. It is there already.
 */
int volume_dir_lock(struct engine *engine, const char *name, struct error *err);

/* Remove what somebody who was killed has left beside its files. Returns 0 or -errno. */
int volume_dir_sweep(struct engine *engine, const char *name);

/* Give the directory a name that is no volume's, which *ret is then; NULL if it is not there. free() it. */
int volume_dir_set_aside(struct engine *engine, const char *name, char **ret, struct error *err);

/* Remove what was set aside. */
int volume_dir_remove(struct engine *engine, const char *name, struct error *err);

/* All directories: of volumes, and those that were set aside. strv_free() them. */
int volume_dir_list(struct engine *engine, char ***ret_names, char ***ret_aside, struct error *err);

/* Whether a volume's directories are there. */
bool volume_dir_exists(struct engine *engine, const char *name);
