/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/copy-view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "engine/live.h"
#include "engine/mounts.h"
#include "engine/volume-attach.h"
#include "engine/volume-dir.h"
#include "runtime/user-namespace.h"
#include "storage/overlay.h"
#include "storage/snapshot.h"

/* The layers below its own, topmost first. */
static int lower_of(struct engine *engine, const struct container_row *row, char ***ret, struct error *err)
{
	_cleanup_image_ struct image *image = NULL;
	int r = engine_image_find(engine, row->image_id, &image, err);
	return r < 0 ? r : launch_lower(engine, row->id, image->id, image->diff_ids, ret, err);
}

/* One that has all its files in a directory of its own, on a machine that need not have overlays. */
static int open_whole(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_free_ char *upper = snapshot_upper(engine->store, id);
	int fd = open(upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open directory '%s'", upper) : fd;
}

/*
 * Its own layer is one more that is only read: so a container that runs keeps its upper directory to itself, and what it
 * writes meanwhile is seen or not, as with every copy of files in use.
 */
int view_open_layers(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_strv_ char **lower = NULL, **dirs = NULL;
	if (snapshot_is_whole(engine->store, row->id, NULL))
		return open_whole(engine, row->id, err);
	int r = lower_of(engine, row, &lower, err);
	if (r < 0)
		return r;
	strv_take(&dirs, snapshot_upper(engine->store, row->id));
	for (char **dir = lower; *dir; dir++)
		strv_append(&dirs, *dir);
	return overlay_mount(&(const struct overlay_options){ .lower = dirs,
							      .userxattr = user_namespace_is_own(),
							      .fuse = snapshot_is_fuse(engine->store, row->id) },
			     err);
}

static int open_writable(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_strv_ char **lower = NULL;
	_cleanup_free_ char *upper = snapshot_upper(engine->store, row->id),
			    *work = snapshot_work(engine->store, row->id);
	if (snapshot_is_whole(engine->store, row->id, NULL))
		return open_whole(engine, row->id, err);
	int r = lower_of(engine, row, &lower, err);
	if (r < 0)
		return r;
	return overlay_mount(&(const struct overlay_options){ .lower = lower,
							      .upper = upper,
							      .work = work,
							      .userxattr = user_namespace_is_own(),
							      .fuse = snapshot_is_fuse(engine->store, row->id) },
			     err);
}

/* --- what is mounted into one that does not run --- */

/* The rest of @path below @target, or NULL. */
static const char *path_below(const char *path, const char *target)
{
	const char *rest = str_after(path, target);
	return rest && (*rest == '\0' || *rest == '/') ? rest : NULL;
}

const struct mount_request *view_find_mount(const struct container_config *config, const char *path)
{
	const struct mount_request *found = NULL;
	size_t depth = 0;
	for (size_t i = 0; i < config->n_mounts; i++) {
		const char *target = config->mounts[i].target;
		if (!path_below(path, target) || strlen(target) < depth)
			continue;
		found = &config->mounts[i];
		depth = strlen(target);
	}
	return found;
}

/* One that we can look into ourselves, and what is left of the path there. */
static const struct mount_request *find_source(const struct container_config *config, const char *path,
					       const char **ret_rest)
{
	const struct mount_request *mount = view_find_mount(config, path);
	if (!mount || (mount->kind != MOUNT_BIND && mount->kind != MOUNT_VOLUME))
		return NULL;
	*ret_rest = path_below(path, mount->target);
	return mount;
}

/* What is written below the place where a file system will be mounted, nobody sees again; nor are its files there. */
static int check_is_mounted(struct engine *engine, const struct container_row *row, const char *name, int dir,
			    struct error *err)
{
	_cleanup_volume_ struct volume *volume = NULL;
	int r = engine_volume_find(engine, name, &volume, err);
	if (r < 0 || !volume_is_mounted_on_demand(volume) || volume_is_mounted(dir, ""))
		return r;
	err_set(err, ERR_STATE, "volume %s is mounted only while a container that has it runs", name);
	return err_hint(err, "coffer start %s", row->name);
}

/* A part of it is a path in it, as any other. */
static int open_volume(struct engine *engine, const struct container_row *row, const struct mount_request *mount,
		       const char *rest, struct view *view, struct error *err)
{
	view->root = volume_dir_make(engine, mount->source, err);
	view->path = mem_printf("/%s%s", mount->subpath ? mount->subpath : "", rest);
	return view->root < 0 ? view->root : check_is_mounted(engine, row, mount->source, view->root, err);
}

/* A file is looked at in its directory. What the end of the path says about it stays there. */
static int open_mount(const struct mount_request *mount, const char *rest, struct view *view, struct error *err)
{
	struct stat st;
	if (stat(mount->source, &st) < 0)
		return err_sys_code(err, ERR_MNT_SRC, errno, "examine bind source '%s'", mount->source);
	_cleanup_free_ char *source = path_normalize(mount->source);
	if (!S_ISDIR(st.st_mode)) {
		view->path = mem_strdup(path_base(source));
		view->is_mounted_file = true;
		source[path_base(source) - source] = '\0';
	} else {
		view->path = mem_printf("/%s", rest);
	}
	view->root = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return view->root < 0 ? err_sys(err, errno, "open '%s'", source) : 0;
}

/* --- one that does not run --- */

/* What was normalized away again: "/." says that a directory's content is meant. */
static const char *end_of(const char *path)
{
	return str_ends_with(path, "/.") ? "/." : str_ends_with(path, "/") ? "/" : "";
}

static int open_own(struct engine *engine, const struct container_row *row, bool write, struct view *view,
		    struct error *err)
{
	if (!write)
		view->root = view_open_layers(engine, row, err);
	else if (config_spec(&row->config)->read_only)
		return err_set(err, ERR_PERMISSION, "container rootfs is marked read-only");
	else
		view->root = open_writable(engine, row, err);
	return view->root < 0 ? view->root : 0;
}

/* What is mounted without a map of its own has ids of the host; our layers and volumes only where nothing can map them. */
static int ids_of_stopped(struct engine *engine, const struct container_row *row, const struct mount_request *mount,
			  struct id_mapping *ret, struct error *err)
{
	const struct container_config *config = &row->config;
	if (!mount || mount->kind != MOUNT_BIND)
		return ids_on_disk(engine, row, ret, err);
	return mount_maps_ids(mount) ? 0 : id_mapping_from_texts(config->uid_map, config->gid_map, ret, err);
}

static int open_stopped(struct engine *engine, const struct container_row *row, const char *path, bool write,
			struct view *view, struct error *err)
{
	_cleanup_free_ char *absolute = path_join("/", path), *normal = path_normalize(absolute);
	_cleanup_free_ char *whole = mem_printf("%s%s", normal, end_of(path));
	const char *rest = NULL;
	const struct mount_request *mount = find_source(&row->config, normal, &rest);
	int r = write ? run_dir_make(engine, row->id, &view->dir, err) : 0;
	if (r >= 0)
		r = ids_of_stopped(engine, row, mount, &view->ids, err);
	if (r < 0)
		return r;
	if (mount && write && mount->readonly)
		return err_set(err, ERR_PERMISSION, "mounted volume is marked read-only");
	if (mount && mount->kind == MOUNT_VOLUME)
		return open_volume(engine, row, mount, whole + (rest - normal), view, err);
	if (mount)
		return open_mount(mount, whole + (rest - normal), view, err);
	view->path = TAKE_PTR(absolute);
	return open_own(engine, row, write, view, err);
}

/* --- one that runs --- */

/* Its first process' root, if the process is still that one once it is open. */
static int open_running(const struct live *live, const struct container_config *config, const char *path,
			struct view *view, struct error *err)
{
	_cleanup_free_ char *root = mem_printf("/proc/%d/root", live->status.pid);
	view->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (view->root < 0 && (errno == ENOENT || errno == ESRCH))
		return err_set(err, ERR_STATE, "it has just ended");
	if (view->root < 0)
		return err_sys(err, errno, "open the root directory of process %d", live->status.pid);
	if (process_start_time(live->status.pid, NULL) != live->status.start_time)
		return err_set(err, ERR_STATE, "it has just ended");
	view->path = path_join("/", path);
	return id_mapping_from_texts(config->uid_map, config->gid_map, &view->ids, err);
}

/* 0: it does not run. Who is to write has to wait while nobody but its monitor may have it. */
static int try_running(struct engine *engine, struct container_row *row, const char *path, bool write,
		       struct view *view, struct error *err)
{
	for (;;) {
		_cleanup_live_ struct live live = LIVE_NONE;
		int r = write ? live_await(engine, row, &live, err) : live_open(engine, row, &live, err);
		if (r <= 0)
			return r;
		r = open_running(&live, &row->config, path, view, err);
		if (r != -ERR_STATE)
			return r < 0 ? r : 1;
		err_clear(err);
		view_close(engine, row, view);
		*view = (struct view)VIEW_NONE;
		if (!write)
			return 0;
	}
}

int view_open(struct engine *engine, struct container_row *row, const char *path, bool write, struct view *ret,
	      struct error *err)
{
	struct view view = VIEW_NONE;
	if (write && row->state == STATE_RUNNING && !streq(row->runroot, engine->runroot))
		return err_set(err, ERR_STATE, "it runs below another run directory, %s", row->runroot);
	int r = try_running(engine, row, path, write, &view, err);
	if (r == 0)
		r = open_stopped(engine, row, path, write, &view, err);
	if (r < 0) {
		view_close(engine, row, &view);
		return r;
	}
	*ret = view;
	return 0;
}

void view_close(struct engine *engine, const struct container_row *row, struct view *view)
{
	struct error failure = { 0 };
	fd_close(TAKE_FD(view->root));
	free(TAKE_PTR(view->path));
	id_mapping_done(&view->ids);
	if (view->dir.lock >= 0 && run_dir_remove(engine, row->id, &view->dir, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "remove a run directory", &failure);
	run_dir_close(&view->dir);
}
