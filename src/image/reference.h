/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image names: [registry[:port]/]path[:tag][@digest], with Docker's defaults (docker.io, library/, latest).
 *
 * Source: distribution/reference, its grammar (github.com/distribution/reference, doc comment of reference.go), and OCI
 * distribution-spec, "Pulling manifests".
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct image_reference {
	char *registry;	  /* "docker.io", "localhost:5000", "[::1]:5000" */
	char *repository; /* "library/busybox" */
	char *tag;	  /* NULL only if there is a digest */
	char *digest;	  /* or NULL */
};

/* Errors: ERR_IMG_REF; the message keeps Docker's "invalid reference format" and says which character or rule. */
int reference_parse(const char *text, struct image_reference *ret, struct error *err);
void reference_done(struct image_reference *reference);
#define _cleanup_reference_ _cleanup_(reference_done)

/* Whether a name that reference_parse() takes leaves its registry to the default. */
bool reference_is_short(const char *text);

/* In full: "docker.io/library/busybox:latest". free() it. */
char *reference_full(const struct image_reference *reference);

/* As people write it: "busybox:latest". free() it. */
char *reference_familiar(const struct image_reference *reference);

/* "busybox" / "localhost:5000/team/app": the familiar name without tag and digest. free() it. */
char *reference_familiar_repository(const struct image_reference *reference);
