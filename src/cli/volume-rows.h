/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes in lists, with Docker's fields and headers. */
#pragma once

#include "cli/rows.h"
#include "engine/volume.h"

extern const struct rows_kind VOLUME_ROWS;

/* For rows_add(); @size is the text of its size, or NULL: then neither that nor the number of its users is shown. */
struct json_object *volume_fields(const struct volume *volume, const char *size);
