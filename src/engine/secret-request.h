/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What --secret was given, and what a container gets of it: "NAME[,type=mount|env][,target=T][,uid=0][,gid=0][,mode=0444]".
 *
 * A secret that is mounted is a file of the container's run directory, which lies in memory, and shows at T below
 * /run/secrets, a tmpfs, or at the absolute path T. One of type env is a variable; it stands in config.json of the run
 * directory and nowhere else. Both are read when the container starts.
 *
 * Source: podman-run(1), --secret.
 */
#pragma once

#include <json-c/json.h>

#include "engine/container-config.h"

/* Whether what --secret was given makes sense, and is there. Errors: ERR_INVALID, ERR_NO_SECRET. */
int secret_requests_check(struct engine *engine, const struct container_spec *spec, struct error *err);

/*
 * The files of those that are mounted, into the run directory @dir, and *ret_env becomes the variables, a strv. Errors:
 * ERR_NO_SECRET; ERR_IDMAP for an owner whom the container's user namespace does not have.
 */
int secret_requests_write(struct engine *engine, const struct container_config *config, int dir, char ***ret_env,
			  struct error *err);

/*
 * Append what has to be mounted, as requests; @run_dir is the absolute path of the run directory. mount_requests_free()
 * them.
 */
void secret_requests_mount(const struct container_spec *spec, const char *run_dir, struct mount_request **mounts,
			   size_t *n_mounts);

/* The variables that are secrets of those in @process, a "process" of config.json, into *env. */
void secret_requests_keep_env(const struct container_spec *spec, struct json_object *process, char ***env);

/* "Secrets" of `inspect`, if there are any. */
void secret_requests_describe(const struct container_spec *spec, struct json_object *config);
