/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "storage/store.h"

/* The bytes in the files of an unpacked layer; a file with several names counts once, as in the archive. */
int layer_measure(struct store *store, const char *diff_id, int64_t *ret, struct error *err);

/* The same of any directory. */
int directory_measure(const char *path, int64_t *ret, struct error *err);
