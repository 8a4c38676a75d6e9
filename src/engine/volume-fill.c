/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume-fill.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/copy-view.h"
#include "engine/volume-dir.h"
#include "engine/volume-row.h"
#include "runtime/copy-up.h"

enum { DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* What the steps work with. */
struct filling {
	struct engine *engine;
	struct db *db;
	const char *id; /* of the container */
	const struct mount_request *mount;
	struct volume_source *source;
	int volume; /* the locked directory, which has _data */
};

void volume_source_done(struct volume_source *source)
{
	fd_close(source->root);
	source->root = -1;
}

static DIR *open_directory(int dir, const char *name)
{
	int fd = openat(dir, name, DIRECTORY_FLAGS);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream)
		fd_close(fd);
	return stream;
}

/* The next name that is not "." or "..", or NULL. */
static const char *next_name(DIR *dir)
{
	struct dirent *entry;
	while ((entry = readdir(dir)) && (streq(entry->d_name, ".") || streq(entry->d_name, "..")))
		;
	return entry ? entry->d_name : NULL;
}

static bool is_empty(int dir, const char *name)
{
	_cleanup_closedir_ DIR *stream = open_directory(dir, name);
	return stream && !next_name(stream);
}

/* --- 1. the copy --- */

/* The directory in the image, to which links may lead; -ERR_NOT_FOUND if it has none there. */
static int open_image_directory(const struct filling *filling, struct error *err)
{
	struct volume_source *source = filling->source;
	if (source->root < 0)
		source->root = view_open_layers(filling->engine, source->row, err);
	if (source->root < 0)
		return source->root;
	const char *target = filling->mount->target;
	int fd = path_open_in_root(source->root, target, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return -ERR_NOT_FOUND;
	return fd < 0 ? err_sys(err, -fd, "open '%s' of the image", target) : fd;
}

static int copy(const struct filling *filling, int from, struct error *err)
{
	int r = path_remove_tree(filling->volume, VOLUME_STAGE);
	if (r < 0 || mkdirat(filling->volume, VOLUME_STAGE, 0700) < 0)
		return err_sys(err, r < 0 ? -r : errno, "make a directory beside its files");
	_cleanup_close_ int stage = openat(filling->volume, VOLUME_STAGE, DIRECTORY_FLAGS);
	if (stage < 0)
		return err_sys(err, errno, "open a directory beside its files");
	r = copy_up_directory(from, stage, filling->mount->target, err);
	if (r < 0)
		store_explain_full(filling->engine->store, err);
	return r;
}

/* --- 2. into its place --- */

static int move_each(const struct filling *filling)
{
	_cleanup_closedir_ DIR *stage = open_directory(filling->volume, VOLUME_STAGE);
	_cleanup_close_ int data = openat(filling->volume, VOLUME_DATA, DIRECTORY_FLAGS);
	if (!stage || data < 0)
		return -errno;
	for (const char *name; (name = next_name(stage));)
		if (renameat2(dirfd(stage), name, data, name, RENAME_NOREPLACE) < 0 && errno != EEXIST)
			return -errno;
	return 0;
}

/* Somebody who has written to it meanwhile wins. */
static int move_whole(const struct filling *filling)
{
	if (renameat(filling->volume, VOLUME_STAGE, filling->volume, VOLUME_DATA) == 0)
		return 0;
	return errno == ENOTEMPTY || errno == EEXIST ? 0 : -errno;
}

/* Within a transaction, so that nobody else gets the volume between the question and the answer. */
static int publish(const struct filling *filling, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	int64_t others;
	int r = db_begin(filling->db, &transaction, err);
	if (r >= 0)
		r = volume_use_others(filling->db, filling->id, filling->mount->source, &others, err);
	if (r < 0)
		return r;
	r = others > 0 ? move_each(filling) : move_whole(filling);
	if (r < 0)
		return err_sys(err, -r, "move the image's files to it");
	r = volume_use_filled(filling->db, filling->id, filling->mount->source, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

static int place(const struct filling *filling, int from, struct error *err)
{
	int r = copy(filling, from, err);
	if (r >= 0)
		r = publish(filling, err);
	(void)path_remove_tree(filling->volume, VOLUME_STAGE);
	return r;
}

static int place_mounted(const struct filling *filling, int from, struct error *err)
{
	_cleanup_close_ int data = openat(filling->volume, VOLUME_DATA, DIRECTORY_FLAGS);
	int r = data < 0 ? err_sys(err, errno, "open its files")
			 : copy_up_directory(from, data, filling->mount->target, err);
	return r < 0 ? r : volume_use_filled(filling->db, filling->id, filling->mount->source, err);
}

/* --- all of it --- */

typedef int place_function(const struct filling *filling, int from, struct error *err);

static int fill_locked(const struct filling *filling, place_function *act, struct error *err)
{
	_cleanup_close_ int from = is_empty(filling->volume, VOLUME_DATA) ? open_image_directory(filling, err)
									  : -ERR_NOT_FOUND;
	if (from == -ERR_NOT_FOUND)
		return volume_use_filled(filling->db, filling->id, filling->mount->source, err);
	return from < 0 ? from : act(filling, from, err);
}

static int fill(struct engine *engine, const struct mount_request *mount, struct volume_source *source,
		place_function *act, struct error *err)
{
	struct filling filling = { .engine = engine, .id = source->row->id, .mount = mount, .source = source };
	int r = engine_db(engine, &filling.db, err);
	if (r >= 0)
		r = volume_use_fills(filling.db, filling.id, mount->source, err);
	if (r <= 0)
		return r;
	_cleanup_close_ int lock = volume_dir_lock(engine, mount->source, err);
	if (lock < 0)
		return lock;
	filling.volume = lock;
	r = fill_locked(&filling, act, err);
	return r < 0 ? err_wrap(err, "fill volume %s", mount->source) : 0;
}

int volume_fill(struct engine *engine, const struct mount_request *mount, struct volume_source *source,
		struct error *err)
{
	return fill(engine, mount, source, place, err);
}

int volume_fill_mounted(struct engine *engine, const struct mount_request *mount, struct volume_source *source,
			struct error *err)
{
	return fill(engine, mount, source, place_mounted, err);
}
