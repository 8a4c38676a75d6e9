/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets: small pieces of data that containers get as files or variables, and that no image, log or document of `inspect`
 * shows. Each is a directory ROOT/secrets/NAME, with its bytes in the file "data" and the rest in "about.json"; nobody but
 * their owner may read them. They are as safe as that directory is: nothing is encrypted.
 *
 * A secret is there whole or not at all (S2 of storage/store.h), and is read whenever a container that has it starts.
 *
 * Source: podman-secret-create(1).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct engine;
struct json_object;

#define SECRET_DRIVER "file" /* the only one */

enum { SECRET_SIZE_MAX = 512000 };

struct secret {
	char *name, *id;
	char **labels;			/* "key=value" */
	int64_t created_at, updated_at; /* ns */
};
void secret_free(struct secret *secret);
DEFINE_CLEANUP(struct secret *, secret_free);
#define _cleanup_secret_ _cleanup_(secret_freep)

struct secret_data {
	const char *name;
	char *const *labels;
	const void *data;
	size_t len;
	bool replace; /* the one that has the name already */
};

/* Errors: ERR_INVALID (name, size); ERR_EXISTS. */
int engine_secret_create(struct engine *engine, const struct secret_data *data, struct secret **ret, struct error *err);

/* By name, id or unique prefix of an id. Errors: ERR_NO_SECRET. */
int engine_secret_find(struct engine *engine, const char *name, struct secret **ret, struct error *err);

/* By name. free() the array and secret_free() what is in it. */
int engine_secret_list(struct engine *engine, struct secret ***ret, size_t *ret_count, struct error *err);
int engine_secret_remove(struct engine *engine, const char *name, struct error *err);

/* Its bytes, with a zero behind them. Wipe and free() them. Errors: ERR_NO_SECRET. */
int engine_secret_read(struct engine *engine, const char *name, char **ret, size_t *ret_len, struct error *err);

/* Podman's document, which has nothing of the data. json_object_put() it. */
struct json_object *secret_describe(const struct secret *secret);
