/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts that show other ids than their file system has: "idmap", "ridmap", and a mount's own uidMappings, gidMappings.
 *
 * Sources: config.md, "Linux mount options" and "uidMappings"; mount_setattr(2), "ID-mapped mounts"; crun(1), "idmap mount
 * options".
 */
#pragma once

#include "base/error.h"
#include "runtime/mount-options.h"
#include "runtime/spec.h"

/* Whether @mount is to be mapped at all. */
bool mount_idmap_is_wanted(const struct spec_mount *mount, const struct mount_options *options);

/*
 * Map the ids of the detached @fd as @mount asks for: by its mappings, by those behind "idmap=", or by those of the
 * container's user namespace, of which @user_namespace is an fd if it is joined by a path, and -1 otherwise.
 */
int mount_idmap_apply(int fd, const struct spec *spec, const struct spec_mount *mount, const struct mount_options *options,
		      int user_namespace, struct error *err);

/* Mappings of a mount; each array is ours. */
struct mount_idmap {
	struct spec_id_mapping *uids, *gids;
	size_t n_uids, n_gids;
};
void mount_idmap_done(struct mount_idmap *map);

/*
 * "uids=0-1000-10#20-2000-1;gids=@0-0-1": each triple is first id in the file system, first id that is seen, count. "@"
 * makes the second one an id of the container, of the user namespace of @spec. Errors: ERR_SPEC.
 */
int mount_idmap_parse(const char *text, const struct spec *spec, struct mount_idmap *ret, struct error *err);
