/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fs-trace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/copy-view.h"
#include "engine/fs-layers.h"
#include "engine/layer-size.h"
#include "engine/record.h"
#include "storage/overlay-marks.h"

enum { LINKS_MAX = 40 }; /* the kernel's own limit; source: path_resolution(7) */

/* A directory of each layer, or -1; and whether the container sees it. */
struct level {
	int *fds;
	bool *visible;
	size_t count;
};

/* What a layer has under a name. */
struct look {
	bool there;
	enum trace_state state;
	struct stat st;
};

struct tracing {
	const struct fs_layers *layers;
	int64_t *seen_bytes; /* of each layer: only these are counted, and nothing is listed; or NULL */
	struct inode_set seen;
	struct file_trace *list;
	size_t count;
};

const char *trace_state_name(enum trace_state state)
{
	static const char *const names[] = {
		[TRACE_SERVES] = "serves", [TRACE_MERGED] = "merged", [TRACE_HIDDEN] = "hidden", [TRACE_DELETES] = "deletes"
	};
	return names[state];
}

void file_traces_free(struct file_trace *traces, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(traces[i].path);
		free(traces[i].layer);
		free(traces[i].created_by);
	}
	free(traces);
}

static void level_done(struct level *level)
{
	for (size_t i = 0; i < level->count; i++)
		fd_close(level->fds[i]);
	free(level->fds);
	free(level->visible);
	*level = (struct level){ 0 };
}
#define _cleanup_level_ _cleanup_(level_done)

static struct level level_new(size_t count)
{
	struct level level = {
		.fds = mem_alloc((count + 1) * sizeof *level.fds),
		.visible = mem_alloc((count + 1) * sizeof *level.visible),
		.count = count,
	};
	for (size_t i = 0; i < count; i++)
		level.fds[i] = -1;
	return level;
}

/* --- one name in all layers --- */

/* The order of overlayfs: from the top, until something hides the rest. */
static enum trace_state judge(const struct stat *st, bool visible, bool *served, bool *blocked)
{
	bool whiteout = overlay_is_whiteout(st);
	if (!visible || *blocked)
		return TRACE_HIDDEN;
	if (whiteout) {
		*blocked = true;
		return TRACE_DELETES;
	}
	if (!S_ISDIR(st->st_mode))
		*blocked = true;
	if (!*served) {
		*served = true;
		return TRACE_SERVES;
	}
	return S_ISDIR(st->st_mode) ? TRACE_MERGED : TRACE_HIDDEN;
}

static bool is_opaque_at(int dir, const char *name)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && overlay_is_marked(fd, OVERLAY_OPAQUE);
}

/* Returns an array of level->count. free() it. */
static struct look *look_at(const struct level *level, const char *name)
{
	struct look *looks = mem_alloc((level->count + 1) * sizeof *looks);
	bool served = false, blocked = false;
	for (size_t i = 0; i < level->count; i++) {
		struct look *look = &looks[i];
		look->there = level->fds[i] >= 0 && fstatat(level->fds[i], name, &look->st, AT_SYMLINK_NOFOLLOW) == 0;
		if (!look->there)
			continue;
		look->state = judge(&look->st, level->visible[i], &served, &blocked);
		if (S_ISDIR(look->st.st_mode) && look->state != TRACE_HIDDEN)
			blocked |= is_opaque_at(level->fds[i], name);
	}
	return looks;
}

/* The look that serves, or NULL. */
static const struct look *serving(const struct look *looks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (looks[i].there && looks[i].state == TRACE_SERVES)
			return &looks[i];
	return NULL;
}

static struct level enter(const struct level *level, const char *name, const struct look *looks)
{
	struct level below = level_new(level->count);
	for (size_t i = 0; i < level->count; i++) {
		if (!looks[i].there || !S_ISDIR(looks[i].st.st_mode))
			continue;
		below.fds[i] = openat(level->fds[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		below.visible[i] = looks[i].state == TRACE_SERVES || looks[i].state == TRACE_MERGED;
	}
	return below;
}

/* --- what is told --- */

/* Only what is not there yet has to be copied, and only its data: holes stay holes. */
static uint64_t copy_up_of(const struct look *look, size_t layer)
{
	uint64_t allocated = (uint64_t)look->st.st_blocks * 512;
	if (layer == 0 || look->state != TRACE_SERVES || !S_ISREG(look->st.st_mode))
		return 0;
	return MIN((uint64_t)look->st.st_size, allocated);
}

static void add(struct tracing *tracing, const char *path, const struct look *looks, size_t i)
{
	size_t hides = 0;
	for (size_t j = 0; j < tracing->layers->count; j++)
		hides += looks[j].there && looks[j].state == TRACE_HIDDEN;
	bool deletes = overlay_is_whiteout(&looks[i].st);
	*ARRAY_APPEND(tracing->list, tracing->count) = (struct file_trace){
		.path = mem_strdup(path),
		.state = looks[i].state,
		.mode = deletes ? 0 : looks[i].st.st_mode,
		.size = S_ISREG(looks[i].st.st_mode) ? (uint64_t)looks[i].st.st_size : 0,
		.copy_up = copy_up_of(&looks[i], i),
		.hides = hides,
		.layer = mem_strdup(tracing->layers->list[i].name),
		.created_by = mem_strdup(tracing->layers->list[i].created_by),
	};
}

/* --- directories --- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names that the container sees something under come from layers that it sees. */
static void list_names(const struct level *level, char ***ret)
{
	_cleanup_free_ char **all = NULL;
	size_t count = 0;
	for (size_t i = 0; i < level->count; i++) {
		_cleanup_close_ int fd =
			level->visible[i] ? openat(level->fds[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
		if (!dir)
			continue;
		TAKE_FD(fd);
		for (struct dirent *entry; (entry = readdir(dir));)
			if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
				*ARRAY_APPEND(all, count) = mem_strdup(entry->d_name);
	}
	if (count > 0)
		qsort(all, count, sizeof *all, compare_names);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && streq(all[i - 1], all[i]))
			continue;
		strv_append(ret, all[i]);
	}
	for (size_t i = 0; i < count; i++)
		free(all[i]);
}

/* A file with several names counts once. */
static void count_bytes(struct tracing *tracing, size_t layer, const struct stat *st)
{
	if (S_ISREG(st->st_mode) && inode_set_add(&tracing->seen, st))
		tracing->seen_bytes[layer] += st->st_size;
}

static void trace_tree(struct tracing *tracing, const struct level *level, const char *path);

static void trace_name(struct tracing *tracing, const struct level *level, const char *name, const char *parent)
{
	_cleanup_free_ char *path = path_join(parent, name);
	_cleanup_free_ struct look *looks = look_at(level, name);
	const struct look *look = serving(looks, level->count);
	if (!look)
		return;
	if (tracing->seen_bytes)
		count_bytes(tracing, (size_t)(look - looks), &look->st);
	else
		add(tracing, path, looks, (size_t)(look - looks));
	if (!S_ISDIR(look->st.st_mode))
		return;
	_cleanup_level_ struct level below = enter(level, name, looks);
	trace_tree(tracing, &below, path);
}

static void trace_tree(struct tracing *tracing, const struct level *level, const char *path)
{
	_cleanup_strv_ char **names = NULL;
	list_names(level, &names);
	for (char **name = names; name && *name; name++)
		trace_name(tracing, level, *name, path);
}

/* --- a path --- */

static int open_root(const struct fs_layers *layers, struct level *ret, struct error *err)
{
	struct level root = level_new(layers->count);
	bool blocked = false;
	for (size_t i = 0; i < layers->count; i++) {
		root.fds[i] = open(layers->list[i].dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (root.fds[i] < 0) {
			int r = err_sys(err, errno, "open layer '%s'", layers->list[i].dir);
			level_done(&root);
			return r;
		}
		root.visible[i] = !blocked;
		blocked |= overlay_is_marked(root.fds[i], OVERLAY_OPAQUE);
	}
	*ret = root;
	return 0;
}

/* Where the link leads, with the rest of the path behind it. free() it. */
static char *follow(const struct level *level, const struct look *looks, const char *name, const char *parent,
		    const char *rest)
{
	char target[PATH_MAX];
	size_t i = (size_t)(serving(looks, level->count) - looks);
	ssize_t len = readlinkat(level->fds[i], name, target, sizeof target - 1);
	target[MAX(len, 0)] = '\0';
	_cleanup_free_ char *from = *target == '/' ? mem_strdup(target) : path_join(parent, target);
	_cleanup_free_ char *whole = path_join(from, rest);
	return path_normalize(whole);
}

/*
 * Walk down *path, which becomes another one where a link is on the way: 0 then. 1 at its end, with the level above in
 * *ret, the last name there in *ret_name, and what the layers have of it.
 */
static int walk(const struct fs_layers *layers, char **path, struct level *ret, char **ret_name,
		struct look **ret_looks, struct error *err)
{
	_cleanup_level_ struct level level = { 0 };
	_cleanup_free_ char *parent = mem_strdup("/");
	int r = open_root(layers, &level, err);
	for (const char *rest = *path; r >= 0;) {
		rest += strspn(rest, "/");
		size_t len = strcspn(rest, "/");
		_cleanup_free_ char *name = mem_strndup(rest, len);
		_cleanup_free_ struct look *looks = look_at(&level, len ? name : ".");
		const struct look *look = serving(looks, level.count);
		rest += len;
		if (!*rest) {
			*ret = level;
			level = (struct level){ 0 };
			*ret_name = TAKE_PTR(name);
			*ret_looks = TAKE_PTR(looks);
			return 1;
		}
		if (!look || !(S_ISDIR(look->st.st_mode) || S_ISLNK(look->st.st_mode)))
			return -ERR_NOT_FOUND;
		if (S_ISLNK(look->st.st_mode)) {
			char *other = follow(&level, looks, name, parent, rest);
			free(*path);
			*path = other;
			return 0;
		}
		struct level below = enter(&level, name, looks);
		level_done(&level);
		level = below;
		char *longer = path_join(parent, name);
		free(parent);
		parent = longer;
	}
	return r;
}

/* A directory is told with all that is below it; of all else, every layer that has it. */
static int tell(struct tracing *tracing, const struct level *level, const char *name, const char *path,
		const struct look *looks)
{
	const struct look *look = serving(looks, level->count);
	if (look && S_ISDIR(look->st.st_mode)) {
		_cleanup_level_ struct level below = enter(level, *name ? name : ".", looks);
		add(tracing, path, looks, (size_t)(look - looks));
		trace_tree(tracing, &below, path);
		return 1;
	}
	for (size_t i = 0; i < level->count; i++)
		if (looks[i].there)
			add(tracing, path, looks, i);
	return tracing->count > 0;
}

static int trace(struct tracing *tracing, char **path, struct error *err)
{
	_cleanup_level_ struct level level = { 0 };
	_cleanup_free_ char *name = NULL;
	_cleanup_free_ struct look *looks = NULL;
	int r = 0;
	for (int links = 0; r == 0; links++)
		r = links < LINKS_MAX ? walk(tracing->layers, path, &level, &name, &looks, err) : -ERR_NOT_FOUND;
	return r < 0 ? r : tell(tracing, &level, name, *path, looks);
}

/* What is mounted there stands before all layers. */
static void add_mount(struct tracing *tracing, const struct container_row *row, const char *path)
{
	const struct mount_request *mount = view_find_mount(&row->config, path);
	if (!mount)
		return;
	*ARRAY_APPEND(tracing->list, tracing->count) = (struct file_trace){
		.path = mem_strdup(path),
		.state = TRACE_SERVES,
		.layer = mem_strdup("mount"),
		.created_by = mount->source ? mem_printf("%s on %s", mount->source, mount->target)
					    : mem_printf("a tmpfs on %s", mount->target),
	};
}

int engine_fs_trace(struct engine *engine, const char *name, const char *path, struct file_trace **ret,
		    size_t *ret_count, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_fs_layers_ struct fs_layers layers = { 0 };
	_cleanup_free_ char *absolute = path_join("/", path), *normal = path_normalize(absolute);
	struct tracing tracing = { .layers = &layers };
	int r = container_load_row(engine, name, &row, err);
	if (r >= 0)
		r = fs_layers_of(engine, &row, &layers, err);
	if (r < 0)
		return r;
	add_mount(&tracing, &row, normal);
	size_t mounts = tracing.count;
	r = trace(&tracing, &normal, err);
	for (size_t i = mounts; mounts > 0 && i < tracing.count; i++)
		if (tracing.list[i].state != TRACE_DELETES) {
			tracing.list[i].state = TRACE_HIDDEN;
			tracing.list[i].copy_up = 0;
		}
	if ((r == 0 || r == -ERR_NOT_FOUND) && tracing.count == 0)
		r = err_set(err, ERR_NOT_FOUND, "Could not find the file %s in container %s", path, name);
	if (r < 0 && tracing.count == 0)
		return r;
	*ret = tracing.list;
	*ret_count = tracing.count;
	return 0;
}

/* --- images --- */

void layer_waste_free(struct layer_waste *waste, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(waste[i].diff_id);
	free(waste);
}

/* What is there, without what is seen of it. */
static int waste_of(const struct fs_layer *layer, int64_t seen, struct layer_waste *ret, struct error *err)
{
	int64_t all = 0;
	int r = directory_measure(layer->dir, &all, err);
	*ret = (struct layer_waste){ .diff_id = mem_strdup(layer->name), .bytes = MAX(all - seen, 0) };
	return r;
}

int engine_image_waste(struct engine *engine, const struct image *image, struct layer_waste **ret, size_t *ret_count,
		       struct error *err)
{
	_cleanup_fs_layers_ struct fs_layers layers = { 0 };
	_cleanup_level_ struct level root = { 0 };
	int r = fs_layers_of_image(engine, image, &layers, err);
	if (r >= 0)
		r = open_root(&layers, &root, err);
	if (r < 0)
		return r;
	_cleanup_free_ int64_t *seen_bytes = mem_alloc((layers.count + 1) * sizeof *seen_bytes);
	struct tracing tracing = { .layers = &layers, .seen_bytes = seen_bytes };
	struct layer_waste *waste = mem_alloc((layers.count + 1) * sizeof *waste);
	trace_tree(&tracing, &root, "/");
	inode_set_done(&tracing.seen);
	for (size_t i = 0; r >= 0 && i < layers.count; i++)
		r = waste_of(&layers.list[i], seen_bytes[i], &waste[i], err);
	if (r < 0) {
		layer_waste_free(waste, layers.count);
		return r;
	}
	*ret = waste;
	*ret_count = layers.count;
	return 0;
}
