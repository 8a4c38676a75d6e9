/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy.h"

#include <stdlib.h>
#include <unistd.h>

#include "runtime/fs-identity.h"

/* Source: user_namespaces(7), "Unmapped user and group IDs". */
enum { NOBODY = 65534 };

static int to_host(const struct id_maps *maps, struct entry *entry, struct error *err)
{
	uint32_t uid, gid;
	if (!id_map_to_host(maps->uids, maps->n_uids, entry->uid, &uid) ||
	    !id_map_to_host(maps->gids, maps->n_gids, entry->gid, &gid))
		return err_set(err, ERR_IDMAP,
			       "'%s' belongs to %u:%u, which the container's user namespace does not have", entry->raw,
			       entry->uid, entry->gid);
	entry->uid = uid;
	entry->gid = gid;
	return 0;
}

/* What the container has no id for, it sees as nobody's. */
static void to_container(const struct id_maps *maps, struct entry *entry)
{
	uint32_t uid = NOBODY, gid = NOBODY;
	(void)id_map_to_container(maps->uids, maps->n_uids, entry->uid, &uid);
	(void)id_map_to_container(maps->gids, maps->n_gids, entry->gid, &gid);
	entry->uid = uid;
	entry->gid = gid;
}

static int put_entry(void *context, const struct entry *given, struct error *err)
{
	const struct copy_ids *ids = context;
	struct entry entry = *given;
	int r = 0;
	if (ids->to_host)
		r = to_host(&ids->maps, &entry, err);
	else
		to_container(&ids->maps, &entry);
	return r < 0 ? r : ids->sink.entry(ids->sink.context, &entry, err);
}

static int put_data(void *context, const void *data, size_t len, struct error *err)
{
	const struct copy_ids *ids = context;
	return ids->sink.data(ids->sink.context, data, len, err);
}

struct copy_sink copy_ids_sink(struct copy_ids *ids)
{
	return (struct copy_sink){ .context = ids, .entry = put_entry, .data = put_data };
}

int copy_ids_enter(const struct id_maps *maps, struct error *err)
{
	uint32_t uid, gid;
	if (!id_map_to_host(maps->uids, maps->n_uids, 0, &uid) || !id_map_to_host(maps->gids, maps->n_gids, 0, &gid))
		return err_set(err, ERR_IDMAP, "the container's user namespace has no root to make files for");
	int r = fs_identity_set(uid, gid);
	return r < 0 ? err_sys(err, -r, "act as the root of the container's user namespace") : 0;
}

void copy_ids_leave(void)
{
	if (fs_identity_set(geteuid(), getegid()) < 0)
		abort(); /* nothing that follows would be right */
}
