/* SPDX-License-Identifier: Apache-2.0 */
/* What the first bytes of an archive say of its compression, and what such a layer is called in a manifest. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "image/manifest.h"

enum { LAYER_FORM_LENGTH = 6 }; /* bytes that tell it */

/* Errors: ERR_IMG_LAYER (a compression that we know only by its name). @command, for the hint, is what reads archives. */
int layer_form_detect(const char *data, size_t len, const char *command, enum layer_compression *ret,
		      struct error *err);

const char *layer_form_media_type(enum layer_compression compression);
