/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids of the host that containers have to themselves: --userns auto.
 *
 * Root has those that /etc/subuid and /etc/subgid both give to the user "containers", as with Podman; who is not root those
 * of his own that are not 0. A container's ranges are rows of the database from its creation to its removal, whether it
 * runs or not, for what it has written may belong to them.
 *
 * Invariant:
 *  UR1  The range of a container with --userns auto overlaps no range of any other container of the same store: it is
 *       inserted by a statement that finds none, in the transaction that inserts the container.
 *
 * Sources: subuid(5); podman-run(1), "--userns", auto.
 */
#pragma once

#include "base/error.h"
#include "engine/db.h"
#include "engine/subordinate-ids.h"

#define ID_RANGE_USER "containers"

struct id_range {
	uint32_t first, size;
};

/* Where ranges can be. Errors: ERR_IDMAP, with what to type. */
int id_range_pool(struct id_list *ret, struct error *err);

/*
 * A range of @size ids in @pool that nobody has just now. The first there is, or, where @attempt is not 0 because somebody
 * else was faster, any. Errors: ERR_IDMAP if none is left.
 */
int id_range_choose(struct db *db, const struct id_list *pool, uint32_t size, int attempt, struct id_range *ret,
		    struct error *err);

/* Give it to @container, whose row is there: 1; 0 if somebody has come to have it, or a part of it. */
int id_range_insert(struct db *db, const char *container, const struct id_range *range, struct error *err);

/* The same for ranges that somebody has chosen, who may give one to several containers. */
int id_range_insert_chosen(struct db *db, const char *container, const struct id_list *list, struct error *err);
