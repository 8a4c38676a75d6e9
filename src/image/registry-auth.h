/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a registry asks for (WWW-Authenticate) and what it gets: parsing and composing, no traffic.
 *
 * Source: RFC 7235, section 2.1 and 4.1; distribution, "Token Authentication Specification"; Docker's config.json.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_scheme scheme;
	char *realm; /* of Bearer: the URL of the token service; these are NULL if not said */
	char *service;
	char *scope;
};

/* The challenge that we can answer best out of the headers' values; CHALLENGE_NONE if there is none. */
void challenge_parse(char *const *headers, struct challenge *ret);
void challenge_done(struct challenge *challenge);
#define _cleanup_challenge_ _cleanup_(challenge_done)

/*
 * The URL to fetch a token from, for @scopes ("repository:x:pull"); free() it. NULL if the realm is none that we ask: it must be
 * https:, or, with @local because the registry is on this machine, be on this machine as well.
 */
char *challenge_token_url(const struct challenge *challenge, char *const *scopes, bool local);

/*
 * The token in a token service's answer, as the value of an Authorization header ("Bearer ..."); free() it.
 * Errors: ERR_REG_ANSWER.
 */
int token_parse(const char *text, size_t len, char **ret_authorization, struct error *err);

/* What the user has for a registry. */
struct credentials {
	char *authorization; /* "Basic ...", or NULL: nothing */
	char *user;	     /* for messages */
	char *source;	     /* the file where it was looked for, for messages */
};

/*
 * Look in Docker's config.json ($DOCKER_CONFIG or ~/.docker) for @registry ("docker.io", "localhost:5000"). A missing
 * file is no error, a broken one is. Only what is in the file itself is known: no credential helpers.
 * Errors: ERR_REG_AUTH.
 */
int credentials_find(const char *registry, struct credentials *ret, struct error *err);
void credentials_done(struct credentials *credentials);
#define _cleanup_credentials_ _cleanup_(credentials_done)
