/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/id-shift.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>

#include "base/str.h"

static bool to_host(struct id_shift *shift, bool is_user, uint32_t id, uint32_t *ret)
{
	const struct id_maps *maps = shift->maps;
	bool has = is_user ? id_map_to_host(maps->uids, maps->n_uids, id, ret)
			   : id_map_to_host(maps->gids, maps->n_gids, id, ret);
	if (!has)
		shift->stranger = id;
	return has;
}

int id_shift_owner(struct id_shift *shift, struct stat *st)
{
	if (!shift->maps)
		return 0;
	return to_host(shift, true, st->st_uid, &st->st_uid) && to_host(shift, false, st->st_gid, &st->st_gid)
		       ? 0
		       : -EOVERFLOW;
}

bool id_shift_is_acl(const char *name)
{
	return streq(name, "system.posix_acl_access") || streq(name, "system.posix_acl_default");
}

/* Only entries of named users and groups have an id. */
static int shift_entry(struct id_shift *shift, struct posix_acl_xattr_entry *entry)
{
	uint16_t tag = le16toh(entry->e_tag);
	uint32_t id;
	if (tag != ACL_USER && tag != ACL_GROUP)
		return 0;
	if (!to_host(shift, tag == ACL_USER, le32toh(entry->e_id), &id))
		return -EOVERFLOW;
	entry->e_id = htole32(id);
	return 0;
}

int id_shift_acl(struct id_shift *shift, void *value, size_t len)
{
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entry;
	if (!shift->maps)
		return 0;
	if (len < sizeof header || (len - sizeof header) % sizeof entry != 0)
		return -EINVAL;
	memcpy(&header, value, sizeof header);
	if (le32toh(header.a_version) != POSIX_ACL_XATTR_VERSION)
		return -EINVAL;
	int r = 0;
	for (size_t at = sizeof header; r == 0 && at < len; at += sizeof entry) {
		memcpy(&entry, (char *)value + at, sizeof entry);
		r = shift_entry(shift, &entry);
		memcpy((char *)value + at, &entry, sizeof entry);
	}
	return r;
}
