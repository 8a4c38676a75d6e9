/* SPDX-License-Identifier: Apache-2.0 */
/* `cp`: files out of a container, or into it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/copy-place.h"
#include "engine/copy-view.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/record.h"
#include "engine/transfer.h"
#include "image/copy.h"
#include "image/transfer-protocol.h"

/* --- words --- */

static int not_in_container(const struct container_copy *copy, int sys_errno, struct error *err)
{
	if (sys_errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "Could not find the file %s in container %s", copy->path,
			       copy->container);
	return err_sys(err, sys_errno, "open %s in container %s", copy->path, copy->container);
}

static int not_on_host(const struct container_copy *copy, int sys_errno, struct error *err)
{
	return err_sys(err, sys_errno, "open '%s'", copy->host_path);
}

/* --- the host's side --- */

/* Our root directory, and the path from there. */
static int open_host(const char *path, char **ret_path, struct error *err)
{
	char here[PATH_MAX];
	if (*path != '/' && !getcwd(here, sizeof here))
		return err_sys(err, errno, "find the working directory");
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, errno, "open the root directory");
	*ret_path = *path == '/' ? mem_strdup(path) : path_join(here, path);
	return root;
}

/* --- out --- */

static int write_archive(const struct copy_origin *origin, const struct id_maps *maps, int fd, uint64_t *ret_bytes,
			 struct error *err)
{
	_cleanup_copy_tar_ struct copy_tar tar = { .fd = fd };
	struct copy_ids ids = { .sink = copy_tar_sink(&tar), .maps = *maps };
	const struct copy_sink sink = maps->n_uids > 0 ? copy_ids_sink(&ids) : ids.sink;
	int r = copy_walk(&(const struct copy_source){ .fd = origin->fd, .as = origin->as }, &sink, err);
	if (r >= 0)
		r = copy_tar_finish(&tar, err);
	*ret_bytes = tar.written;
	return r;
}

/* Owners that are kept are those that the container has; @to_host: it is to have them. */
static int copy_files_to(const struct copy_origin *origin, const char *as, const struct id_maps *maps, bool to_host,
			 struct copy_files *files, uint64_t *ret_bytes, struct error *err)
{
	struct copy_ids ids = { .sink = copy_files_sink(files), .maps = *maps, .to_host = to_host };
	const struct copy_sink sink = maps->n_uids > 0 && files->keep_owner ? copy_ids_sink(&ids) : ids.sink;
	int r = copy_walk(&(const struct copy_source){ .fd = origin->fd, .as = as }, &sink, err);
	if (r >= 0)
		r = copy_files_finish(files, err);
	*ret_bytes = files->written;
	return r;
}

/* The directory that it goes to is the root of its own: whatever the container calls its files, all stays in it (Y2). */
static int write_to_host(const struct container_copy *copy, const struct copy_origin *origin,
			 const struct id_maps *maps, uint64_t *ret_bytes, struct error *err)
{
	_cleanup_copy_target_ struct copy_target target = { 0 };
	_cleanup_free_ char *path = NULL;
	const char *as;
	_cleanup_close_ int root = open_host(copy->host_path, &path, err);
	if (root < 0)
		return root;
	int r = copy_target_find(root, path, &target);
	if (r < 0)
		return not_on_host(copy, -r, err);
	r = copy_name(origin, &target, &as, err);
	if (r < 0)
		return err_wrap(err, "cannot copy to '%s'", copy->host_path);
	_cleanup_close_ int dir = path_open_in_root(root, target.dir, O_PATH | O_DIRECTORY, 0);
	if (dir < 0)
		return not_on_host(copy, -dir, err);
	_cleanup_copy_files_ struct copy_files files = { .root = dir,
							 .base = "/",
							 .keep_owner = copy->archive,
							 .to_host = true,
							 .uid = geteuid(),
							 .gid = getegid(),
							 COPY_FILES_INIT };
	return copy_files_to(origin, as, maps, false, &files, ret_bytes, err);
}

static int copy_out(const struct container_copy *copy, const struct view *view, uint64_t *ret_bytes, struct error *err)
{
	_cleanup_copy_origin_ struct copy_origin origin = COPY_ORIGIN_NONE;
	int r = copy_origin_open(view->root, view->path, copy->follow, &origin);
	if (r < 0)
		return not_in_container(copy, -r, err);
	const struct id_maps maps = id_mapping_maps(&view->ids);
	return copy->host_path ? write_to_host(copy, &origin, &maps, ret_bytes, err)
			       : write_archive(&origin, &maps, copy->stream, ret_bytes, err);
}

int engine_copy_out(struct engine *engine, const struct container_copy *copy, uint64_t *ret_bytes, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	struct view view = VIEW_NONE;
	int r = container_load_row(engine, copy->container, &row, err);
	if (r >= 0)
		r = view_open(engine, &row, copy->path, false, &view, err);
	if (r < 0)
		return r;
	r = copy_out(copy, &view, ret_bytes, err);
	view_close(engine, &row, &view);
	if (r >= 0)
		event_container(engine, &row, "archive-path", NULL);
	return r;
}

/* --- in --- */

static void add_ids(const struct id_mapping *ids, struct json_object *request)
{
	_cleanup_strv_ char **uids = id_list_texts(&ids->uids), **gids = id_list_texts(&ids->gids);
	json_add_strv(request, "uidMap", uids);
	json_add_strv(request, "gidMap", gids);
}

/* The archive is of somebody's making, so the helper reads it. */
static int read_archive(struct engine *engine, const struct container_copy *copy, const struct view *view,
			uint64_t *ret_bytes, struct error *err)
{
	_cleanup_copy_target_ struct copy_target target = { 0 };
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	_cleanup_json_ struct json_object *request = json_object_new_object();
	const int fds[] = { copy->stream, view->root };
	int r = copy_target_find(view->root, view->path, &target);
	if (r < 0 || !target.mode)
		return not_in_container(copy, r < 0 ? -r : ENOENT, err);
	if (!S_ISDIR(target.mode))
		return err_set(err, ERR_INVALID, "destination \"%s:%s\" must be a directory", copy->container,
			       copy->path);
	json_add_string(request, "command", "extract");
	json_add_i64(request, "fd", TRANSFER_ARCHIVE_FD);
	json_add_i64(request, "root", TRANSFER_ROOT_FD);
	json_add_string(request, "path", target.dir);
	add_ids(&view->ids, request);
	r = transfer_run_with(engine, request, fds, 2, NULL, &result, err);
	*ret_bytes = result.size;
	return r < 0 ? err_wrap(err, "cannot copy to %s:%s", copy->container, copy->path) : 0;
}

/* Files whose owners are not kept become those of the container's root, too. */
static int copy_as_root(const struct copy_origin *origin, const char *as, const struct id_maps *maps,
			struct copy_files *files, uint64_t *ret_bytes, struct error *err)
{
	(void)id_map_to_host(maps->uids, maps->n_uids, 0, &files->uid);
	(void)id_map_to_host(maps->gids, maps->n_gids, 0, &files->gid);
	int r = copy_ids_enter(maps, err);
	if (r < 0)
		return r;
	r = copy_files_to(origin, as, maps, true, files, ret_bytes, err);
	copy_ids_leave();
	return r;
}

static int read_from_host(const struct container_copy *copy, const struct view *view, uint64_t *ret_bytes,
			  struct error *err)
{
	_cleanup_copy_origin_ struct copy_origin origin = COPY_ORIGIN_NONE;
	_cleanup_copy_target_ struct copy_target target = { 0 };
	_cleanup_free_ char *path = NULL;
	const char *as;
	_cleanup_close_ int root = open_host(copy->host_path, &path, err);
	if (root < 0)
		return root;
	int r = copy_origin_open(root, path, copy->follow, &origin);
	if (r < 0)
		return not_on_host(copy, -r, err);
	r = copy_target_find(view->root, view->path, &target);
	if (r < 0)
		return not_in_container(copy, -r, err);
	r = copy_name(&origin, &target, &as, err);
	if (r < 0)
		return err_wrap(err, "cannot copy to %s:%s", copy->container, copy->path);
	_cleanup_copy_files_ struct copy_files files = { .root = view->root,
							 .base = target.dir,
							 .keep_owner = copy->archive,
							 .mounted = view->is_mounted_file,
							 COPY_FILES_INIT };
	const struct id_maps maps = id_mapping_maps(&view->ids);
	return maps.n_uids > 0 ? copy_as_root(&origin, as, &maps, &files, ret_bytes, err)
			       : copy_files_to(&origin, as, &maps, true, &files, ret_bytes, err);
}

int engine_copy_in(struct engine *engine, const struct container_copy *copy, uint64_t *ret_bytes, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	struct view view = VIEW_NONE;
	int r = container_load_row(engine, copy->container, &row, err);
	if (r >= 0)
		r = view_open(engine, &row, copy->path, true, &view, err);
	if (r < 0)
		return r;
	r = copy->host_path ? read_from_host(copy, &view, ret_bytes, err)
			    : read_archive(engine, copy, &view, ret_bytes, err);
	view_close(engine, &row, &view);
	if (r >= 0)
		event_container(engine, &row, "extract-to-dir", NULL);
	return r;
}
