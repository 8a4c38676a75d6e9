/* SPDX-License-Identifier: Apache-2.0 */
/* "sha256:HEX": the name of content. Source: OCI image-spec, descriptor.md, "Digests". */
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum { DIGEST_HEX_LENGTH = 64, DIGEST_TEXT_LENGTH = 7 + DIGEST_HEX_LENGTH };

/*
 * Whether @text is a digest that we can check: sha256, 64 lower-case hexadecimal digits, nothing else. The message
 * points at what is wrong ("digest needs 64 hex digits, has 4"). Errors: ERR_IMG_REF.
 */
int digest_check(const char *text, struct error *err);
bool digest_is_valid(const char *text);

/* The hexadecimal part of a valid digest; points into it. */
const char *digest_hex(const char *digest);
