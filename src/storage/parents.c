/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/parents.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "storage/overlay-marks.h"
#include "storage/space.h"
#include "storage/vfs-file.h"

enum { NOT_MADE_MODE = 0700, NO_PARENT = -1 };

/* A directory of the image, which several layers have. */
struct shared {
	char *path;
	ssize_t parent; /* its number in the list; NO_PARENT for the root */
	size_t *layers; /* those that it is made of, topmost first */
	size_t n_layers;
	size_t source; /* the layer that says what it is like */
	bool made;
};

struct search {
	int *layers; /* fds, topmost first */
	bool *marked;
	size_t n_layers;
	struct shared *list; /* a parent comes before what is in it */
	size_t count;
	struct store *store;
	int stage; /* -1 until there is something to make */
	char *stage_name;
};

static void search_done(struct search *search)
{
	for (size_t i = 0; i < search->n_layers; i++)
		fd_close(search->layers[i]);
	for (size_t i = 0; i < search->count; i++) {
		free(search->list[i].path);
		free(search->list[i].layers);
	}
	free(search->layers);
	free(search->marked);
	free(search->list);
	if (search->stage_name)
		(void)path_remove_tree(search->store->tmp, search->stage_name);
	free(search->stage_name);
	fd_close(search->stage);
}
#define _cleanup_search_ _cleanup_(search_done)

static int failed(int r, const char *path, struct error *err)
{
	return err_sys(err, -r, "look for directory '%s' in the layers", path);
}

/* --- one directory in all layers --- */

static int open_in(const struct search *search, size_t layer, const char *path)
{
	return path_open_beneath(search->layers[layer], *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);
}

/*
 * Which layers of its parent the directory @path is made of, by overlayfs' rules: anything else of this name hides what is
 * below it. The topmost layer that has an entry for the directory says what it is like; without one, the topmost of all.
 * An opaque directory without an entry hides what is in the one below, which it is itself: an archive empties it so.
 */
static int collect(const struct search *search, const struct shared *parent, const char *path, struct shared *ret)
{
	bool opaque = false, said = false;
	for (size_t i = 0; !(opaque && said) && i < parent->n_layers; i++) {
		size_t layer = parent->layers[i];
		_cleanup_close_ int fd = open_in(search, layer, path);
		if (fd == -ENOENT)
			continue;
		if (fd == -ENOTDIR || fd == -ELOOP)
			return 0;
		if (fd < 0)
			return fd;
		bool says = !said && !overlay_is_marked(fd, OVERLAY_IMPLIED);
		if (says || ret->n_layers == 0)
			ret->source = layer;
		said |= says;
		if (!opaque)
			*ARRAY_APPEND(ret->layers, ret->n_layers) = layer;
		opaque |= overlay_is_marked(fd, OVERLAY_OPAQUE);
	}
	return 0;
}

/* --- all of them --- */

/* Whether a layer above @layer, in whose directories we have looked as well, has the directory; so it was seen there. */
static bool was_seen(const struct search *search, const struct shared *parent, size_t layer, const char *path)
{
	for (size_t i = 0; i < parent->n_layers && parent->layers[i] < layer; i++) {
		if (!search->marked[parent->layers[i]])
			continue;
		_cleanup_close_ int fd = open_in(search, parent->layers[i], path);
		if (fd >= 0)
			return true;
	}
	return false;
}

static int add(struct search *search, size_t parent, size_t layer, const char *name)
{
	const char *above = search->list[parent].path;
	_cleanup_free_ char *path = *above ? path_join(above, name) : mem_strdup(name);
	if (was_seen(search, &search->list[parent], layer, path))
		return 0;
	struct shared found = { .parent = (ssize_t)parent };
	int r = collect(search, &search->list[parent], path, &found);
	/* With one layer there is nothing below, in it or in what it holds. */
	if (r < 0 || (found.n_layers < 2 && (found.n_layers == 0 || found.source == found.layers[0]))) {
		free(found.layers);
		return r;
	}
	found.path = TAKE_PTR(path);
	*ARRAY_APPEND(search->list, search->count) = found;
	return 0;
}

static int add_children(struct search *search, size_t parent, size_t layer, struct error *err)
{
	_cleanup_close_ int fd = open_in(search, layer, search->list[parent].path);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return failed(fd < 0 ? fd : -errno, search->list[parent].path, err);
	TAKE_FD(fd);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (streq(entry->d_name, ".") || streq(entry->d_name, "..") ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		int r = add(search, parent, layer, entry->d_name);
		if (r < 0)
			return failed(r, entry->d_name, err);
	}
	return 0;
}

/* What leads to it comes first. It gets its attributes when all is made. */
static int make(struct search *search, size_t number)
{
	struct shared *shared = &search->list[number];
	if (shared->made || shared->parent == NO_PARENT)
		return 0;
	int r = make(search, (size_t)shared->parent);
	if (r < 0)
		return r;
	const char *above = search->list[shared->parent].path;
	_cleanup_close_ int dir = path_open_beneath(search->stage, *above ? above : ".", O_PATH | O_DIRECTORY, 0);
	if (dir < 0)
		return dir;
	if (mkdirat(dir, path_base(shared->path), NOT_MADE_MODE) < 0)
		return -errno;
	shared->made = true;
	return 0;
}

/* Where the topmost layer that has it is not the one that says what it is like, it is made. */
static int judge(struct search *search, size_t number, struct error *err)
{
	const struct shared *shared = &search->list[number];
	if (shared->parent == NO_PARENT || shared->source == shared->layers[0])
		return 0;
	if (search->stage < 0)
		search->stage = store_stage(search->store, &search->stage_name, err);
	if (search->stage < 0)
		return search->stage;
	int r = make(search, number);
	return r < 0 ? err_sys(err, -r, "make a copy of directory '%s'", shared->path) : 0;
}

/* An image has at most some hundred layers: of each shared directory, those that are marked are read. */
static int walk(struct search *search, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < search->count; i++) {
		r = judge(search, i, err);
		for (size_t j = 0; r >= 0 && j < search->list[i].n_layers; j++)
			if (search->marked[search->list[i].layers[j]])
				r = add_children(search, i, search->list[i].layers[j], err);
	}
	return r;
}

/* --- attributes --- */

static int dress(const struct search *search, const struct shared *shared)
{
	struct stat st;
	_cleanup_close_ int from = open_in(search, shared->source, shared->path);
	_cleanup_close_ int to =
		path_open_beneath(search->stage, *shared->path ? shared->path : ".", O_RDONLY | O_DIRECTORY, 0);
	if (from < 0 || to < 0)
		return from < 0 ? from : to;
	return fstat(from, &st) < 0 ? -errno : vfs_copy_metadata(from, to, &st, &(struct id_shift){ 0 });
}

/* What is in a directory before it, for making that changes its times. */
static int dress_all(const struct search *search, struct error *err)
{
	for (size_t i = search->count; i-- > 0;) {
		const struct shared *shared = &search->list[i];
		int r = shared->made || shared->parent == NO_PARENT ? dress(search, shared) : 0;
		if (r < 0)
			return err_sys(err, -r, "copy the attributes of directory '%s'", shared->path);
	}
	return 0;
}

static int put_in_place(struct search *search, const char *hex, struct error *err)
{
	int r = dress_all(search, err);
	if (r < 0)
		return r;
	if (syncfs(search->store->tmp) < 0)
		return err_sys(err, errno, "write to disk what image %.12s has of directories", hex);
	if (renameat(search->store->tmp, search->stage_name, search->store->parents, hex) < 0)
		return errno == ENOTEMPTY || errno == EEXIST ? 0 : err_sys(err, errno, "make 'parents/%s'", hex);
	free(TAKE_PTR(search->stage_name));
	return fsync(search->store->parents) < 0 ? err_sys(err, errno, "write 'parents' to disk") : 0;
}

/* --- the layers --- */

static const char *id_hex(const char *id)
{
	const char *hex = str_after(id, "sha256:");
	return hex && store_is_hex64(hex) ? hex : NULL;
}

/* Returns 1 if a layer is marked, so that there may be something to do. What an opaque one hides does not count. */
static int open_layers(struct search *search, char *const *layers, struct error *err)
{
	size_t count = strv_count(layers);
	struct shared *root = ARRAY_APPEND(search->list, search->count);
	bool opaque = false;
	int found = 0;
	*root = (struct shared){ .path = mem_strdup(""), .parent = NO_PARENT };
	search->layers = mem_alloc((count + 1) * sizeof *search->layers);
	search->marked = mem_alloc((count + 1) * sizeof *search->marked);
	for (size_t i = 0; !opaque && i < count; i++) {
		int fd = open(layers[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return err_sys(err, errno, "open layer '%s'", layers[i]);
		opaque = overlay_is_marked(fd, OVERLAY_OPAQUE);
		search->marked[i] = overlay_is_marked(fd, OVERLAY_IMPLIED);
		search->layers[search->n_layers++] = fd;
		*ARRAY_APPEND(root->layers, root->n_layers) = i;
		found |= search->marked[i];
	}
	return found;
}

char *parents_path(struct store *store, const char *id)
{
	const char *hex = id_hex(id);
	if (!hex || faccessat(store->parents, hex, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return NULL;
	return mem_printf("%s/parents/%s", store->path, hex);
}

int parents_make(struct store *store, const char *id, char *const *layers, struct error *err)
{
	_cleanup_search_ struct search search = { .store = store, .stage = -1 };
	_cleanup_free_ char *there = parents_path(store, id);
	const char *hex = id_hex(id);
	if (there || !hex)
		return there ? 0 : err_set(err, ERR_INVALID, "\"%s\" is not an image's id", id);
	int r = open_layers(&search, layers, err);
	if (r > 0)
		r = walk(&search, err);
	if (r >= 0 && search.stage >= 0)
		r = put_in_place(&search, hex, err);
	return r < 0 ? space_explain(r, store->tmp, 0, err) : 0;
}

int parents_remove(struct store *store, const char *id, struct error *err)
{
	const char *hex = id_hex(id);
	int r = hex ? store_discard(store, store->parents, hex) : -EINVAL;
	return r < 0 ? err_sys(err, -r, "remove what image '%s' has of directories", id) : 0;
}
