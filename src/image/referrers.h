/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests that refer to another one, their subject: signatures, bills of materials and the like. A registry without a list of
 * them has an index that its clients keep, under a tag made of the subject's digest. Here is what that index is made of.
 *
 * Source: OCI distribution-spec 1.1, "Pushing Manifests with Subject", "Referrers Tag Schema"; image-spec, manifest.md.
 */
#pragma once

#include <json-c/json.h>
#include <stddef.h>

#include "base/error.h"

enum { REFERRERS_TAG_MAX = 32 + 1 + 64 };

/* The tag for the referrers of what has this digest, of any algorithm. Returns @buf. */
const char *referrers_tag(const char *digest, char buf[static REFERRERS_TAG_MAX + 1]);

struct referrer {
	char *subject;			/* digest; NULL: it refers to nothing */
	struct json_object *descriptor; /* of the manifest itself, as the list has it */
};
void referrer_done(struct referrer *referrer);
#define _cleanup_referrer_ _cleanup_(referrer_done)

/* What the manifest @text, which has this type and digest, is in a list of referrers. Errors: ERR_IMG_MANIFEST. */
int referrer_parse(const char *text, size_t len, const char *media_type, const char *digest, struct referrer *ret,
		   struct error *err);

/*
 * The list @text (NULL: an empty one) with @referrer added: 1 with *ret, to be freed, or 0 if it is in there. Errors:
 * ERR_REG_ANSWER for what is no image index.
 */
int referrers_add(const char *text, size_t len, const struct referrer *referrer, char **ret, struct error *err);

/* A list, parsed: *ret becomes its "manifests". Errors: ERR_REG_ANSWER for what is no image index. */
struct json_document;
struct json_node;
int referrers_parse(const char *text, size_t len, struct json_document *document, struct json_node *root,
		    struct json_node *ret, struct error *err);
