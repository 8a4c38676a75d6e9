/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/mapped-copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "storage/space.h"
#include "storage/vfs.h"

/* --- names --- */

static void append_ranges(struct str *name, const struct spec_id_mapping *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		str_appendf(name, "%s%u_%u_%u", i > 0 ? "." : "", ranges[i].container_id, ranges[i].host_id,
			    ranges[i].size);
}

char *mapped_copy_name(const struct id_maps *maps)
{
	_cleanup_str_ struct str name = { 0 };
	append_ranges(&name, maps->uids, maps->n_uids);
	str_append_char(&name, '-');
	append_ranges(&name, maps->gids, maps->n_gids);
	return name.len <= NAME_MAX ? str_take(&name) : NULL;
}

static bool is_name(const char *text)
{
	return *text >= '0' && *text <= '9' && strlen(text) <= NAME_MAX && !text[strspn(text, "0123456789_.-")];
}

static const char *id_hex(const char *id)
{
	const char *hex = str_after(id, "sha256:");
	return hex && store_is_hex64(hex) ? hex : NULL;
}

char *mapped_copy_path(struct store *store, const char *id, const char *name)
{
	const char *hex = id_hex(id);
	return hex && is_name(name) ? mem_printf("%s/mapped/%s/%s", store->path, hex, name) : NULL;
}

/* --- making one --- */

/* It is complete on the disk before it has its name. Somebody may have been faster. */
static int put_in_place(struct store *store, const char *stage, int images, const char *name)
{
	if (syncfs(store->tmp) < 0)
		return -errno;
	if (renameat(store->tmp, stage, images, name) < 0 && errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	return fsync(images) < 0 ? -errno : 0;
}

static int open_image(struct store *store, const char *hex)
{
	if (mkdirat(store->mapped, hex, 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(store->mapped, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int make(struct store *store, const char *hex, const char *name, char *const *layers, const struct id_maps *maps,
		struct error *err)
{
	_cleanup_free_ char *stage_name = NULL;
	_cleanup_close_ int stage = store_stage(store, &stage_name, err);
	int r = stage < 0 ? stage : vfs_fill(stage, layers, maps, err);
	if (r >= 0) {
		_cleanup_close_ int image = open_image(store, hex);
		r = image < 0 ? image : put_in_place(store, stage_name, image, name);
		r = r < 0 ? err_sys(err, -r, "make a copy of the image") : 0;
	}
	if (stage >= 0)
		(void)path_remove_tree(store->tmp, stage_name); /* unless it has its name */
	return r < 0 ? space_explain(r, store->tmp, 0, err) : 0;
}

int mapped_copy_make(struct store *store, const char *id, char *const *layers, const struct id_maps *maps,
		     struct error *err)
{
	_cleanup_free_ char *name = mapped_copy_name(maps);
	_cleanup_free_ char *path = name ? mapped_copy_path(store, id, name) : NULL;
	if (!path)
		return err_set(err, ERR_INVALID, "\"%s\" is not an image's id", id);
	return access(path, F_OK) == 0 ? 0 : make(store, id_hex(id), name, layers, maps, err);
}

int mapped_copies_remove(struct store *store, const char *id, struct error *err)
{
	const char *hex = id_hex(id);
	int r = hex ? store_discard(store, store->mapped, hex) : -EINVAL;
	return r < 0 ? err_sys(err, -r, "remove the copies of image '%s'", id) : 0;
}
