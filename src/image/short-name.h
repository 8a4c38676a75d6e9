/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that do not say which registry they are of. Where nobody has configured anything they are Docker's (reference.h);
 * the files of registry-files.h may say otherwise, by an alias or by a list of registries to search.
 *
 * Where a name could be of several registries, whoever has a terminal is asked, and the answer is kept beside Podman's. Without
 * one they are tried in their order, unless short-name-mode is "enforcing".
 *
 * Source: containers-registries.conf(5), "unqualified-search-registries" and "Short-Name Aliasing"; what is kept where,
 * "Short-Name Aliasing: Modes".
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
	bool asks;    /* there are several, and a person is to be asked which one is meant */
	bool refused; /* ... and if there is nobody to be asked, none of them is taken */
};
void short_name_done(struct short_name *name);
#define _cleanup_short_name_ _cleanup_(short_name_done)

/* Errors: ERR_IMG_REF for what is no name, or means nothing; ERR_INVALID for files that make no sense. */
int short_name_find(const char *text, struct short_name *ret, struct error *err);

/* The registries at which a name without alias is looked for, docker.io if nothing is configured. strv_free(*ret). */
int short_name_registries(char ***ret, struct error *err);

/* It is the one at @i that is meant. */
void short_name_choose(struct short_name *name, size_t i);

/* From now on @text, without its tag, is an alias for @name, without its. Errors: of files. */
int short_name_record(const char *text, const char *name, struct error *err);

/* What is recorded so; it may be empty. $COFFER_SHORT_NAMES is for tests, and for who keeps it elsewhere. */
struct json_document;
int short_name_recorded(struct json_document *ret, struct error *err);

/* The error of one that is refused; else 0. */
int short_name_check(const struct short_name *name, const char *text, struct error *err);
