/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user has for registries, where Docker keeps it: in config.json ($DOCKER_CONFIG or ~/.docker), or with the
 * programs docker-credential-NAME that it names ("credHelpers" for one registry, "credsStore" for all). What is not there may
 * be where Podman keeps it, and is read from there.
 *
 * Source: docs.docker.com/reference/cli/docker/login, "Credential stores"; github.com/docker/docker-credential-helpers,
 * README, "Development".
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct credentials {
	char *authorization;  /* "Basic ...", or "Bearer ..." of a token for the registry; or NULL */
	char *identity_token; /* to be exchanged for tokens, in place of a password; or NULL */
	char *user;	      /* for messages */
	char *source;	      /* the file or program where it was found or looked for, for messages */
};
void credentials_done(struct credentials *credentials);
#define _cleanup_credentials_ _cleanup_(credentials_done)

/*
 * For @repository (NULL: whichever) of @registry ("docker.io", "localhost:5000"). A missing file is no error, a broken one is; a program that is missing or
 * fails is a warning in the log. Waits for the program. Errors: ERR_REG_AUTH.
 */
int credentials_find(const char *registry, const char *repository, struct credentials *ret, struct error *err);

/* Of a user who has just said it. */
void credentials_make(const char *user, const char *password, struct credentials *ret);

/* What is kept for a registry: a password, or with an @identity_token that in its place. */
struct credentials_entry {
	const char *registry, *user, *password;
	const char *identity_token; /* or NULL */
};

/*
 * *ret_where, which the caller frees, is the file, or the program that has got it (*ret_plain is false then). Other
 * content of the file stays. Errors: ERR_REG_AUTH.
 */
int credentials_store(const struct credentials_entry *entry, char **ret_where, bool *ret_plain, struct error *err);

/* *ret_any: there was something. */
int credentials_erase(const char *registry, bool *ret_any, struct error *err);
