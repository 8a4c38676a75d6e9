/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which ids of a container are which of the host's: lists of ranges, as the kernel takes them, as people write them, and as
 * they are kept.
 *
 * "The host" is the user namespace that the engine is in. Of a user who is not root that is his own, in which he is 0 and
 * the ids that he was given begin at 1.
 *
 * Sources: user_namespaces(7), "User and group ID mappings"; podman-run(1), "--uidmap".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/subordinate-ids.h"
#include "runtime/id-map.h"

/* The kernel takes no more ranges. Source: user_namespaces(7). */
enum { ID_LIST_MAX = 340 };

/* Those of users and of groups. */
struct id_mapping {
	struct id_list uids, gids;
};
void id_mapping_done(struct id_mapping *mapping);
#define _cleanup_id_mapping_ _cleanup_(id_mapping_done)

/* As the runtime takes them; good for as long as @mapping is. */
struct id_maps id_mapping_maps(const struct id_mapping *mapping);

/* Append a range; nothing if it is empty. */
void id_list_append(struct id_list *list, uint64_t container, uint64_t host, uint64_t size);

/* Whether @id of the container is one of the host's, which *ret becomes. */
bool id_list_to_host(const struct id_list *list, uint32_t id, uint32_t *ret);

/* The last of the container's ids that are mapped from 0 on without a gap; 0 if there is none. */
uint32_t id_list_last(const struct id_list *list);

/*
 * "CONTAINER:HOST[:SIZE]", as --uidmap and --gidmap have it. "@" before the host's id makes it one of the machine's, where
 * the engine's user namespace is another, whose own map @own is. "+" before all of it takes the container's and the host's
 * ids away from what @list has of them, which is a map of everything if it is empty. Errors: ERR_IDMAP.
 */
int id_list_add_text(struct id_list *list, const char *text, const struct id_list *own, struct error *err);

/* Put a range in place of whatever @list has of these ids. */
void id_list_replace(struct id_list *list, struct spec_id_mapping mapping);

/* Whether the kernel takes it: no id twice on one side, and not too many ranges. Errors: ERR_IDMAP. */
int id_list_check(const struct id_list *list, const char *flag, struct error *err);

/* Whether all of these ids of the container are mapped. */
bool id_list_has(const struct id_list *list, uint32_t first, uint32_t size);

/* What the kernel says in "uid_map" and "gid_map", and so of the user namespace that we are in. */
void id_list_parse_kernel(const char *text, struct id_list *ret);
int id_mapping_of_our_own(struct id_mapping *ret, struct error *err);

/* --- as they are kept: "CONTAINER:HOST:SIZE", a strv --- */

char **id_list_texts(const struct id_list *list);
int id_mapping_from_texts(char *const *uids, char *const *gids, struct id_mapping *ret, struct error *err);
