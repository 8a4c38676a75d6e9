/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a registry asks for (WWW-Authenticate) and what it gets: parsing and composing, no traffic.
 *
 * Source: RFC 7235, section 2.1 and 4.1; distribution, "Token Authentication Specification", "OAuth2".
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

/* Where tokens are asked for by http: nowhere, on this machine, anywhere. */
enum plain_realms { PLAIN_NOWHERE, PLAIN_HERE, PLAIN_ANYWHERE };

/*
 * The URL to fetch a token from, for @scopes ("repository:x:pull"); free() it. NULL if the realm is none that we ask: it
 * must be https:, or http: where @plain allows that.
 */
char *challenge_token_url(const struct challenge *challenge, char *const *scopes, enum plain_realms plain);

/* What a token service gives. */
struct token {
	char *authorization; /* the value of an Authorization header, "Bearer ..." */
	char *identity;	     /* what can be exchanged for further ones; or NULL */
};
/* Errors: ERR_REG_ANSWER. */
int token_parse(const char *text, size_t len, struct token *ret, struct error *err);
void token_done(struct token *token);
#define _cleanup_token_ _cleanup_(token_done)
