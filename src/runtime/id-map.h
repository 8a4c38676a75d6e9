/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mappings of user and group ids, and the user namespaces that have them.
 *
 * @proc is what procfs_open() returns. Source: user_namespaces(7), "User and group ID mappings: uid_map and gid_map".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/spec.h"

struct id_maps {
	const struct spec_id_mapping *uids, *gids;
	size_t n_uids, n_gids;
};

/* Whether @id of the container is one of the host's, which *ret becomes; and the other way round. */
bool id_map_to_host(const struct spec_id_mapping *mappings, size_t count, uint32_t id, uint32_t *ret);
bool id_map_to_container(const struct spec_id_mapping *mappings, size_t count, uint32_t id, uint32_t *ret);

/* Give the user namespace that @pid has made its mappings. Errors: ERR_IDMAP. */
int id_maps_write(int proc, pid_t pid, const struct id_maps *maps, struct error *err);

/* A new user namespace with these mappings and no process in it, as an fd. */
int id_maps_namespace(int proc, const struct id_maps *maps, struct error *err);

/* The texts of uid_map and gid_map of the user namespace @fd, as seen from ours; free() them. */
int id_maps_read(int proc, int fd, char **ret_uids, char **ret_gids, struct error *err);

/* Whether the user namespace @fd has these mappings: 1, 0, or an error. */
int id_maps_match(int proc, int fd, const struct id_maps *maps, struct error *err);
