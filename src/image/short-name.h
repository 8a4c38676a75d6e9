/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that do not say which registry they are of. Where nobody has configured anything they are Docker's (reference.h);
 * the files of registry-files.h may say otherwise, by an alias or by a list of registries to search.
 *
 * Podman asks which one is meant where there are several and a terminal. Here the first one that has the image counts, and
 * short-name-mode = "enforcing" refuses a name that several could mean.
 *
 * Source: containers-registries.conf(5), "unqualified-search-registries" and "Short-Name Aliasing".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum short_name_rule {
	SHORT_NAME_NONE, /* it is in full, or nothing is configured: as reference_parse() reads it */
	SHORT_NAME_ALIAS,
	SHORT_NAME_SEARCH,
};

struct short_name {
	enum short_name_rule rule;
	char *origin; /* the file that says so; NULL with SHORT_NAME_NONE */
	char **names; /* what it may mean, in full, in the order to try; at least one */
	bool refused; /* there are several, and the first one must not just be taken */
};
void short_name_done(struct short_name *name);
#define _cleanup_short_name_ _cleanup_(short_name_done)

/* Errors: ERR_IMG_REF for what is no name, or means nothing; ERR_INVALID for files that make no sense. */
int short_name_find(const char *text, struct short_name *ret, struct error *err);

/* The registries at which a name without alias is looked for, docker.io if nothing is configured. strv_free(*ret). */
int short_name_registries(char ***ret, struct error *err);

/* The error of one that is refused; else 0. */
int short_name_check(const struct short_name *name, const char *text, struct error *err);
