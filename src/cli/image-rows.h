/* SPDX-License-Identifier: Apache-2.0 */
/* Images in lists, with Docker's fields and headers: a row for each name of each image. */
#pragma once

#include "cli/rows.h"
#include "engine/engine.h"

extern const struct rows_kind IMAGE_ROWS;

/* The length of the repository in "host:5000/team/app:1": up to an "@", or the last colon, if that is not a port's. */
size_t repository_length(const char *name);

/* A row for each: its names, and of repositories that have no tag for it, the digests. A strv, NULL if there are none. */
char **image_row_names(const struct image *image);

/* For rows_add(); @name is one of those, or NULL. */
struct json_object *image_fields(const struct image *image, const char *name, bool no_trunc, int64_t now);
