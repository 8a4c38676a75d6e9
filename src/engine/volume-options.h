/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver "local" can be told of a volume: the words of mount(8), in Docker's spelling.
 *
 *	type=tmpfs device=tmpfs o=size=64m,uid=1000	a file system of its own, mounted while containers use it
 *	type=none device=/srv/data o=bind		a directory of the host
 *	type=nfs device=:/export o=addr=10.0.0.1,rw	a server's
 *
 * Source: docs.docker.com, "docker volume create", "Driver-specific options".
 */
#pragma once

#include "base/error.h"

/* @options are "key=value". Errors: ERR_INVALID, ERR_UNSUPPORTED. */
int volume_options_check(char *const *options, struct error *err);

/*
 * Whether a volume that is there is what somebody asks for with @options, of whom none are any. Errors: ERR_EXISTS.
 */
struct volume;
int volume_options_agree(const struct volume *volume, char *const *options, struct error *err);

/* The value of @key in @options, or NULL. */
const char *volume_option(char *const *options, const char *key);
