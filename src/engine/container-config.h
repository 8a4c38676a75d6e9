/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a person's wishes and an image's configuration: the two laid over each other, by Docker's rules. It is
 * made when a container is created, kept in the database, and read again whenever the container is started anew.
 */
#pragma once

#include "base/json.h"
#include "engine/engine.h"
#include "image/config.h"

struct container_config {
	const struct container_spec *borrowed; /* what was asked for, while the container is made; or NULL: own */
	struct container_spec own;
	char **entrypoint, **command; /* what is run is both, one behind the other */
	char **env;   /* of the image and the person; the engine's own defaults come in when it is started */
	char **env_sources; /* of each of env: "NAME=image", ... (env-source.h) */
	char **labels;
	char **security_options; /* with absolute paths */
	char **exposed_ports;	 /* exposed-ports.h */
	char **joins;		 /* "ipc=ID": whose namespaces it lives in (sharing.h) */
	char **uid_map, **gid_map;    /* of its user namespace (id-mapping.h); NULL: it has the engine's */
	struct mount_request *mounts; /* all, by whomever asked for; no two on one place (volume-mounts.h) */
	size_t n_mounts;
	char *working_dir; /* absolute */
	char *user;	   /* "" is the superuser */
	char *hostname;
	int stop_signal;
	struct image_health health;
};

static inline const struct container_spec *config_spec(const struct container_config *config)
{
	return config->borrowed ? config->borrowed : &config->own;
}

/*
 * @spec has to live as long as *ret. Errors: ERR_NO_CMD, ERR_WORKDIR, ERR_INVALID (hostname, signal, port), ERR_SEC_SECCOMP.
 */
int container_config_resolve(const struct container_spec *spec, const struct image_config *image, const char *id,
			     struct container_config *ret, struct error *err);
void container_config_done(struct container_config *config);
#define _cleanup_container_config_ _cleanup_(container_config_done)

struct json_object *container_config_to_json(const struct container_config *config);
int container_config_from_text(const char *text, struct container_config *ret, struct error *err);

static inline bool config_has_volumes(const struct container_config *config)
{
	for (size_t i = 0; i < config->n_mounts; i++)
		if (config->mounts[i].kind == MOUNT_VOLUME)
			return true;
	return false;
}

static inline bool config_has_userns(const struct container_config *config)
{
	return config->uid_map != NULL;
}

/* Entry point and command in one. strv_free() it. */
char **config_args(const struct container_config *config);

/* How long it has to end when it is stopped; -1: as long as it likes. */
int64_t config_stop_timeout_s(const struct container_config *config);

/* The environment of a program that runs in it as a user whose home is @home. strv_free() it. */
char **config_env(const struct container_config *config, bool tty, const char *home);

/*
 * Lay @changes over *env: a variable that is there already keeps its place and gets the new value; a name without "="
 * removes it.
 */
void env_merge(char ***env, char *const *changes);

/*
 * The same with a person's wishes: a name alone is taken from our environment, and what is not there is removed from the
 * container's.
 */
void env_merge_own(char ***env, char *const *wishes);

/* The value of @name in @env, or NULL. */
const char *env_value(char *const *env, const char *name);
