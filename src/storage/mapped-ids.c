/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/mapped-ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"
#include "runtime/id-map.h"
#include "runtime/procfs.h"
#include "runtime/user-namespace.h"
#include "storage/overlay.h"

#define MAPPING_WORKS "cache/idmap-works" /* an empty file */

static int make_namespace(struct error *err)
{
	static const struct spec_id_mapping some = { 0, 100000, 1 };
	const struct id_maps maps = { .uids = &some, .gids = &some, .n_uids = 1, .n_gids = 1 };
	_cleanup_close_ int proc = procfs_open(err);
	return proc < 0 ? proc : id_maps_namespace(proc, &maps, err);
}

static int mount_in(struct store *store, const char *name, int user_namespace, struct error *err)
{
	static const char *const parts[] = { "a", "upper", "work" };
	char *paths[ARRAY_SIZE(parts)] = { 0 };
	int r = 0;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		paths[i] = mem_printf("%s/tmp/%s/%s", store->path, name, parts[i]);
		if (r == 0 && mkdir(paths[i], 0700) < 0)
			r = err_sys(err, errno, "make directory '%s'", paths[i]);
	}
	const struct overlay_options options = { .lower = (char *const[]){ paths[0], NULL },
						 .upper = paths[1],
						 .work = paths[2],
						 .user_namespace = &user_namespace };
	if (r == 0)
		r = overlay_mount(&options, err);
	if (r >= 0)
		fd_close(r);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		free(paths[i]);
	return MIN(r, 0);
}

/* By doing it, with directories of this store. */
static int probe(struct store *store, struct error *err)
{
	_cleanup_free_ char *name = NULL;
	_cleanup_close_ int user_namespace = make_namespace(err);
	if (user_namespace < 0)
		return user_namespace;
	_cleanup_close_ int stage = store_stage(store, &name, err);
	int r = stage < 0 ? stage : mount_in(store, name, user_namespace, err);
	if (stage >= 0)
		(void)path_remove_tree(store->tmp, name);
	return r;
}

bool store_can_map_ids(struct store *store)
{
	struct error why = { 0 };
	if (user_namespace_is_own())
		return false;
	if (faccessat(store->root, MAPPING_WORKS, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	if (probe(store, &why) < 0) {
		log_failure(LOG_LEVEL_WARN, "ids cannot be mapped here, so the image is copied", &why);
		return false;
	}
	fd_close(openat(store->root, MAPPING_WORKS, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	return true;
}
