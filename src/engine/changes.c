/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/changes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "storage/overlay-marks.h"
#include "storage/snapshot.h"

struct comparison {
	const struct timespec *filled; /* NULL: it is an upper directory */
	const struct id_mapping *ids;
	struct changes *changes;
};

void container_changes_free(struct container_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(changes[i].path);
	free(changes);
}

void changes_done(struct changes *changes)
{
	container_changes_free(changes->list, changes->count);
}

static void add_change(struct changes *changes, char kind, const char *path)
{
	*ARRAY_APPEND(changes->list, changes->count) = (struct container_change){ kind, mem_strdup(path) };
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(int dir, char ***names)
{
	_cleanup_close_ int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream)
		return -errno;
	TAKE_FD(fd);
	for (struct dirent *entry; (entry = readdir(stream));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			strv_append(names, entry->d_name);
	return 0;
}

/* --- names --- */

/* What is not in a directory any more; of an upper one, a whiteout says so, unless the directory is opaque. */
static int add_gone(const struct comparison *comparison, int dir, struct merged *image, char ***names)
{
	_cleanup_strv_ char **before = NULL;
	bool says = !comparison->filled && !overlay_is_marked(dir, OVERLAY_OPAQUE);
	int r = image && !says ? merged_names(image, &before) : 0;
	size_t count = strv_count(*names);
	for (char **name = before; r >= 0 && name && *name; name++)
		if (count == 0 || !bsearch(name, *names, count, sizeof *name, compare_names))
			strv_append(names, *name);
	return r;
}

static int list_names(const struct comparison *comparison, int dir, struct merged *image, char ***names)
{
	int r = read_names(dir, names);
	if (r >= 0 && *names)
		qsort(*names, strv_count(*names), sizeof **names, compare_names);
	if (r >= 0)
		r = add_gone(comparison, dir, image, names);
	if (r >= 0 && *names)
		qsort(*names, strv_count(*names), sizeof **names, compare_names);
	return r;
}

/* --- what has become of them --- */

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* A directory's own time moves with what is in it. */
static bool looks_other(const struct stat *was, const struct stat *is)
{
	if (was->st_mode != is->st_mode || was->st_uid != is->st_uid || was->st_gid != is->st_gid)
		return true;
	if (S_ISDIR(is->st_mode))
		return false;
	return was->st_rdev != is->st_rdev || was->st_size != is->st_size || is_later(&was->st_mtim, &is->st_mtim) ||
	       is_later(&is->st_mtim, &was->st_mtim);
}

/* An id of the image as the directory has it. */
static uint32_t on_disk(const struct id_list *list, uint32_t id)
{
	(void)id_list_to_host(list, id, &id);
	return id;
}

/* What an upper directory has was changed, or it would not be there. */
static bool has_changed(const struct comparison *comparison, struct stat *was, const struct stat *is)
{
	was->st_uid = on_disk(&comparison->ids->uids, was->st_uid);
	was->st_gid = on_disk(&comparison->ids->gids, was->st_gid);
	return !comparison->filled || is_later(&is->st_ctim, comparison->filled) || looks_other(was, is);
}

static int compare_directory(const struct comparison *comparison, int dir, struct merged *image, const char *path);

static int compare_below(const struct comparison *comparison, int dir, const char *name, struct merged *image,
			 const char *path)
{
	_cleanup_merged_ struct merged *below = NULL;
	_cleanup_close_ int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub < 0)
		return errno == ENOENT ? 0 : -errno; /* it runs, and has just removed it */
	int r = image ? merged_enter(image, name, &below) : 0;
	return r < 0 && r != -ENOENT ? r : compare_directory(comparison, sub, below, path);
}

/* A directory has changed with what is in it, as one that overlayfs has copied up. */
static int compare_name(const struct comparison *comparison, int dir, struct merged *image, const char *name,
			const char *path)
{
	_cleanup_free_ char *whole = mem_printf("%s/%s", path, name);
	struct changes *changes = comparison->changes;
	struct stat was, is;
	int before = image ? merged_stat(image, name, &was) : -ENOENT;
	if (before < 0 && before != -ENOENT)
		return before;
	bool there = fstatat(dir, name, &is, AT_SYMLINK_NOFOLLOW) == 0;
	if (!there && errno != ENOENT)
		return -errno;
	if (!there || overlay_is_whiteout(&is)) {
		if (before == 0)
			add_change(changes, 'D', whole);
		return 0;
	}
	bool changed = before < 0 || has_changed(comparison, &was, &is);
	size_t own = changes->count;
	add_change(changes, before < 0 ? 'A' : 'C', whole);
	int r = S_ISDIR(is.st_mode) ? compare_below(comparison, dir, name, image, whole) : 0;
	if (!changed && changes->count == own + 1)
		free(changes->list[--changes->count].path);
	return r;
}

/* @image is NULL where there was no directory. */
static int compare_directory(const struct comparison *comparison, int dir, struct merged *image, const char *path)
{
	_cleanup_strv_ char **names = NULL;
	int r = list_names(comparison, dir, image, &names);
	for (char **name = names; r >= 0 && name && *name; name++)
		r = compare_name(comparison, dir, image, *name, path);
	return r;
}

int changes_find(const struct changes_source *source, struct changes *ret, struct error *err)
{
	_cleanup_changes_ struct changes changes = { 0 };
	const struct comparison comparison = { source->whole ? &source->filled : NULL, &source->ids, &changes };
	int r = compare_directory(&comparison, source->dir, source->image, "");
	if (r < 0)
		return err_sys(err, -r, "compare its files with those of its image");
	*ret = changes;
	changes = (struct changes){ 0 };
	return 0;
}

/* --- where --- */

int changes_open(struct engine *engine, const struct container_row *row, struct changes_source *ret, struct error *err)
{
	_cleanup_changes_source_ struct changes_source source = CHANGES_SOURCE_NONE;
	_cleanup_image_ struct image *image = NULL;
	_cleanup_strv_ char **layers = NULL;
	_cleanup_free_ char *path = snapshot_upper(engine->store, row->id);
	source.whole = snapshot_is_whole(engine->store, row->id, &source.filled);
	int r = snapshot_settle(engine->store, row->id, err);
	if (r < 0)
		return r;
	source.dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (source.dir < 0)
		return err_sys(err, errno, "open directory '%s'", path);
	r = engine_image_find(engine, row->image_id, &image, err);
	if (r >= 0)
		r = ids_on_disk(engine, row, &source.ids, err);
	if (r >= 0)
		r = launch_layers(engine, image->id, image->diff_ids, &layers, err);
	if (r >= 0)
		r = merged_open(layers, &source.image, err);
	if (r < 0)
		return r;
	*ret = source;
	source = (struct changes_source)CHANGES_SOURCE_NONE;
	return 0;
}

void changes_source_done(struct changes_source *source)
{
	fd_close(source->dir);
	merged_free(source->image);
	id_mapping_done(&source->ids);
}
