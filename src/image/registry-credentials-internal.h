/* SPDX-License-Identifier: Apache-2.0 */
/* The places for credentials: Docker's config.json, the programs that it names, and what Podman and its kin have. */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "image/registry-credentials.h"

/* Under this name Docker keeps what is for its own registry. */
#define DOCKER_HUB_KEY "https://index.docker.io/v1/"

/* The name of @registry in the file and for programs. */
const char *credentials_key(const char *registry);

/* --- registry-credentials-file.c --- */

struct credentials_file {
	char *path; /* NULL: there is no place for one */
	struct json_document document;
};

/* One that is missing is empty. */
int credentials_file_load(struct credentials_file *ret, struct error *err);
void credentials_file_done(struct credentials_file *file);
#define _cleanup_credentials_file_ _cleanup_(credentials_file_done)

int credentials_file_find(const struct credentials_file *file, const char *registry, struct credentials *ret,
			  struct error *err);

/* One registry's entry, as Docker and Podman have it. */
int credentials_entry_parse(const struct json_node *entry, struct credentials *ret, struct error *err);

/* *ret: which program keeps those of @registry, a copy; or NULL. */
int credentials_file_helper(const struct credentials_file *file, const char *registry, char **ret, struct error *err);

/*
 * Load it, make @change, and put it in place of the old one, while no other of us does the same. @change returns 1 if it
 * has changed something.
 */
typedef int credentials_change_fn(struct json_object *root, const void *context);
int credentials_file_change(credentials_change_fn *change, const void *context, struct error *err);

/* Two changes: an entry for a registry (NULL auth: without a secret in it), and none any more. */
struct credentials_file_entry {
	const char *registry;
	const char *auth, *identity_token;
};
credentials_change_fn credentials_file_set, credentials_file_remove;

/* --- registry-credentials-podman.c --- */

/* 1 with what there is for @repository (NULL: of any name) of @registry, or 0. */
int credentials_podman_find(const char *registry, const char *repository, struct credentials *ret, struct error *err);

/* --- registry-credentials-helper.c --- */

/* What docker-credential-@helper has for @key: 1, or 0 if it has nothing. */
int credentials_helper_get(const char *helper, const char *key, struct credentials *ret, struct error *err);
int credentials_helper_store(const char *helper, const struct credentials_entry *entry, struct error *err);
int credentials_helper_erase(const char *helper, const char *key, struct error *err);
