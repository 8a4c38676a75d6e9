/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in: ask a registry whether it takes a user's name and password, and keep them if it does; or, if its token
 * service gives one for it, an identity token in the password's place.
 *
 * Source: distribution, "Token Authentication Specification", "offline_token".
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/transfer.h"

struct login_options {
	char *registry;	       /* "docker.io", "localhost:5000" */
	char *user, *password; /* NULL: what is kept already */
	unsigned timeout_ms;   /* 0: as usual */
};
void login_options_done(struct login_options *options);

struct login_result {
	char *user;
	char *stored; /* the file, or the program, that has it now; NULL: nothing was stored */
	bool plain;   /* as it is, in a file */
};
void login_result_done(struct login_result *result);
#define _cleanup_login_result_ _cleanup_(login_result_done)

/* Errors: ERR_NOT_FOUND if nothing is kept, ERR_REG_AUTH if it is refused, ERR_REG_*. */
int login_registry(const struct transfer *transfer, const struct login_options *options, struct login_result *ret,
		   struct error *err);
