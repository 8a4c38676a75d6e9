/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers whose first process is systemd, --systemd: it finds what it needs there, without any privilege.
 *
 *	/run, /run/lock, /tmp   a tmpfs, where the person has mounted nothing else
 *	/sys/fs/cgroup          writable on cgroup v2; on v1 it gets the hierarchy without controllers, which is its own
 *	container=coffer        tells it where it is; container_uuid, the id, becomes its machine id
 *	SIGRTMIN+3              stops it, unless the image or the person says something else
 *
 * Sources: systemd.io/CONTAINER_INTERFACE; podman-run(1), "--systemd".
 */
#pragma once

#include <json-c/json.h>

#include "engine/container-config.h"

#define SYSTEMD_STOP_SIGNAL "RTMIN+3"

/*
 * Whether it is one: somebody has said "always", or nobody has said no and the command is systemd, or an init that may
 * well be systemd's.
 */
bool systemd_mode(const struct container_config *config);

/*
 * Let *writable_cgroups become true where systemd needs it and the kernel keeps the container's limits from it. Where it
 * does not, that is an error (ERR_UNSUPPORTED) if somebody has said "always".
 */
int systemd_mode_open_cgroups(const struct container_config *config, bool *writable_cgroups, struct error *err);

/* Variables that container @id gets, or NULL; strv_free() them. */
char **systemd_mode_env(const struct container_config *config, const char *id);

/* Append the tmpfs that it is to have, but where somebody has mounted something else. */
void systemd_mode_mounts(const struct container_config *config, struct mount_request **list, size_t *count);

/* What comes behind the mount of /sys/fs/cgroup: the specification's "mounts". */
void systemd_mode_add_hierarchy(const struct container_config *config, struct json_object *mounts);
