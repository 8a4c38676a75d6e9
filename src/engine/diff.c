/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `diff`: a container's upper directory, compared with the layers below it by overlayfs' rules. Nothing is mounted, and no
 * link is followed: each directory is opened in the one before.
 *
 * Source: kernel Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "engine/merged.h"
#include "engine/record.h"
#include "storage/overlay-marks.h"
#include "storage/snapshot.h"

struct changes {
	struct container_change *list;
	size_t count;
};

void container_changes_free(struct container_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(changes[i].path);
	free(changes);
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

/* What an opaque directory hides is gone, but for names that are there anew. */
static int add_hidden(int dir, struct merged *lower, char ***names)
{
	_cleanup_strv_ char **hidden = NULL;
	int r = lower && overlay_is_marked(dir, OVERLAY_OPAQUE) ? merged_names(lower, &hidden) : 0;
	for (char **name = hidden; r >= 0 && name && *name; name++)
		if (!strv_contains(*names, *name))
			strv_append(names, *name);
	return r;
}

static int compare_directory(int dir, struct merged *lower, const char *path, struct changes *changes);

/* @lower is NULL where there was no directory. */
static int compare_name(int dir, struct merged *lower, const char *name, const char *path, struct changes *changes)
{
	_cleanup_merged_ struct merged *below = NULL;
	_cleanup_free_ char *whole = mem_printf("%s/%s", path, name);
	struct stat st;
	int was = lower ? merged_enter(lower, name, &below) : -ENOENT;
	if (was < 0 && was != -ENOENT)
		return was;
	bool is = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!is && errno != ENOENT)
		return -errno;
	if (!is || overlay_is_whiteout(&st)) {
		if (was >= 0)
			add_change(changes, 'D', whole);
		return 0;
	}
	add_change(changes, was < 0 ? 'A' : 'C', whole);
	if (!S_ISDIR(st.st_mode))
		return 0;
	_cleanup_close_ int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub < 0)
		return errno == ENOENT ? 0 : -errno; /* it runs, and has just removed it */
	return compare_directory(sub, below, whole, changes);
}

static int compare_directory(int dir, struct merged *lower, const char *path, struct changes *changes)
{
	_cleanup_strv_ char **names = NULL;
	int r = read_names(dir, &names);
	if (r >= 0)
		r = add_hidden(dir, lower, &names);
	if (r < 0 || !names)
		return r;
	qsort(names, strv_count(names), sizeof *names, compare_names);
	for (char **name = names; r >= 0 && *name; name++)
		r = compare_name(dir, lower, *name, path, changes);
	return r;
}

/* The layers of its image, topmost first. */
static int open_layers(struct engine *engine, const struct container_row *row, struct merged **ret, struct error *err)
{
	_cleanup_image_ struct image *image = NULL;
	_cleanup_strv_ char **dirs = NULL;
	int r = storage_need_changes(engine, row->id, err);
	if (r >= 0)
		r = engine_image_find(engine, row->image_id, &image, err);
	if (r >= 0)
		r = launch_layers(engine, image->id, image->diff_ids, &dirs, err);
	return r < 0 ? r : merged_open(dirs, ret, err);
}

int engine_container_diff(struct engine *engine, const char *name, struct container_change **ret, size_t *ret_count,
			  struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_merged_ struct merged *lower = NULL;
	struct changes changes = { 0 };
	int r = container_load_row(engine, name, &row, err);
	if (r < 0 || (r = open_layers(engine, &row, &lower, err)) < 0)
		return r;
	_cleanup_free_ char *path = snapshot_upper(engine->store, row.id);
	_cleanup_close_ int upper = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (upper < 0)
		return err_sys(err, errno, "open directory '%s'", path);
	r = compare_directory(upper, lower, "", &changes);
	if (r < 0) {
		container_changes_free(changes.list, changes.count);
		return err_sys(err, -r, "compare the files of container \"%s\"", row.name);
	}
	*ret = changes.list;
	*ret_count = changes.count;
	return 0;
}
