/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/userns.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/id-mapping.h"
#include "engine/join.h"
#include "engine/live.h"
#include "engine/merged.h"
#include "engine/record.h"
#include "engine/sharing.h"
#include "engine/user.h"
#include "engine/userns-mode.h"
#include "runtime/namespace-join.h"
#include "runtime/procfs.h"
#include "runtime/user-namespace.h"

/* As Podman's "auto-userns-min-size". */
enum { AUTO_SIZE_MIN = 1024 };

/* What is known on the way. */
struct work {
	struct engine *engine;
	const struct container_spec *spec;
	const char *image_id;
	char *const *diff_ids;
	int attempt;
	struct userns_mode mode;
	struct id_mapping own; /* of the namespace that we are in */
	struct id_mapping mapping;
	struct id_range range;
};

static void work_done(struct work *work)
{
	userns_mode_done(&work->mode);
	id_mapping_done(&work->own);
	id_mapping_done(&work->mapping);
}
#define _cleanup_work_ _cleanup_(work_done)

/* --- private: as somebody says --- */

static int add_texts(char *const *texts, const struct id_list *own, struct id_list *list, const char *flag,
		     struct error *err)
{
	for (; texts && *texts; texts++)
		if (id_list_add_text(list, *texts, own, err) < 0)
			return err_wrap(err, "%s", flag);
	return 0;
}

static int read_subordinate(const char *path, const char *name, const char *flag, struct id_list *list,
			    struct error *err)
{
	const struct passwd *entry = getpwnam(name);
	uint64_t uid = UINT32_MAX;
	if (user_namespace_is_own())
		return err_set(err, ERR_PERMISSION, "%s: only root may use the ranges of others", flag);
	if (entry)
		uid = entry->pw_uid;
	else
		(void)parse_u64(name, UINT32_MAX, &uid, NULL);
	int r = subordinate_ids_read(path, name, (uid_t)uid, list, err);
	if (r < 0 || list->count > 0)
		return r;
	err_set(err, ERR_IDMAP, "%s: '%s' has no ids for %s", flag, path, name);
	return err_hint(err, "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s", name);
}

static int resolve_named(struct work *work, struct error *err)
{
	const struct container_spec *spec = work->spec;
	const char *users = spec->subuid_name ? spec->subuid_name : spec->subgid_name;
	const char *groups = spec->subgid_name ? spec->subgid_name : users;
	if (!users)
		return 0;
	int r = read_subordinate(SUBUID_FILE, users, "--subuidname", &work->mapping.uids, err);
	return r < 0 ? r : read_subordinate(SUBGID_FILE, groups, "--subgidname", &work->mapping.gids, err);
}

static void copy_list(const struct id_list *from, struct id_list *to)
{
	for (size_t i = 0; i < from->count; i++)
		id_list_append(to, from->items[i].container_id, from->items[i].host_id, from->items[i].size);
}

/* Of one kind alone, they are those of the other as well. */
static int resolve_private(struct work *work, struct error *err)
{
	struct id_mapping *mapping = &work->mapping;
	int r = resolve_named(work, err);
	if (r >= 0)
		r = add_texts(work->spec->uid_maps, &work->own.uids, &mapping->uids, "--uidmap", err);
	if (r >= 0)
		r = add_texts(work->spec->gid_maps, &work->own.gids, &mapping->gids, "--gidmap", err);
	if (r >= 0 && mapping->gids.count == 0)
		copy_list(&mapping->uids, &mapping->gids);
	else if (r >= 0 && mapping->uids.count == 0)
		copy_list(&mapping->gids, &mapping->uids);
	return r;
}

/* --- auto: as many as the image needs --- */

static int size_for_image(struct work *work, const char *user, uint32_t *ret, struct error *err)
{
	_cleanup_strv_ char **dirs = NULL;
	_cleanup_merged_ struct merged *merged = NULL;
	uint32_t last = 0;
	int r = launch_layers(work->engine, work->image_id, work->diff_ids, &dirs, err);
	if (r >= 0)
		r = merged_open(dirs, &merged, err);
	if (r >= 0)
		r = user_last_id(merged, user, &last, err);
	if (r >= 0)
		*ret = MAX((uint32_t)AUTO_SIZE_MIN, last + 1);
	return r;
}

static int replace_texts(char *const *texts, const struct id_list *own, struct id_list *list, const char *flag,
			 struct error *err)
{
	for (; texts && *texts; texts++) {
		_cleanup_free_ char *text = mem_printf("+%s", *texts);
		if (id_list_add_text(list, text, own, err) < 0)
			return err_wrap(err, "--userns auto, %s", flag);
	}
	return 0;
}

static int resolve_auto(struct work *work, const char *user, struct error *err)
{
	_cleanup_id_list_ struct id_list pool = { 0 };
	struct db *db;
	uint32_t size = (uint32_t)work->mode.size;
	int r = size ? 0 : size_for_image(work, user, &size, err);
	if (r >= 0)
		r = id_range_pool(&pool, err);
	if (r >= 0)
		r = engine_db(work->engine, &db, err);
	if (r >= 0)
		r = id_range_choose(db, &pool, size, work->attempt, &work->range, err);
	if (r < 0)
		return err_wrap(err, "--userns auto");
	id_list_append(&work->mapping.uids, 0, work->range.first, size);
	id_list_append(&work->mapping.gids, 0, work->range.first, size);
	r = replace_texts(work->mode.uid_maps, &work->own.uids, &work->mapping.uids, "uidmapping", err);
	return r < 0 ? r : replace_texts(work->mode.gid_maps, &work->own.gids, &work->mapping.gids, "gidmapping", err);
}

/* --- keep-id, nomap: of who is not root --- */

/* Who he is outside; root of a namespace that has more ids than one behind its own 0 is nobody else there. */
static uint32_t outer_id(const struct id_list *own)
{
	for (size_t i = 0; i < own->count; i++)
		if (own->items[i].container_id == 0 && own->items[i].size == 1)
			return own->items[i].host_id;
	return 0;
}

/* In his namespace he is 0, and the others are 1 to @last: @id becomes his, and what it was in the way of moves up. */
static void keep_id(uint32_t id, uint32_t last, struct id_list *ret)
{
	uint32_t before = MIN(id, last);
	id_list_append(ret, 0, 1, before);
	id_list_append(ret, id, 0, 1);
	id_list_append(ret, (uint64_t)id + 1, (uint64_t)before + 1, last - before);
}

static int check_not_root(const char *word, struct error *err)
{
	if (user_namespace_is_own())
		return 0;
	err_set(err, ERR_INVALID, "--userns %s is for users who are not root", word);
	return err_hint(err, "--userns auto");
}

static int resolve_keep_id(struct work *work, struct container_config *config, struct error *err)
{
	const struct userns_mode *mode = &work->mode;
	uint32_t uid = mode->has_uid ? mode->uid : outer_id(&work->own.uids);
	uint32_t gid = mode->has_gid ? mode->gid : outer_id(&work->own.gids);
	int r = check_not_root("keep-id", err);
	if (r < 0)
		return r;
	keep_id(uid, id_list_last(&work->own.uids), &work->mapping.uids);
	keep_id(gid, id_list_last(&work->own.gids), &work->mapping.gids);
	if (str_is_empty(config->user)) {
		free(config->user);
		config->user = mem_printf("%u:%u", uid, gid);
	}
	return 0;
}

static int resolve_nomap(struct work *work, struct error *err)
{
	uint32_t last_uid = id_list_last(&work->own.uids), last_gid = id_list_last(&work->own.gids);
	int r = check_not_root("nomap", err);
	if (r < 0)
		return r;
	id_list_append(&work->mapping.uids, 0, 1, last_uid);
	id_list_append(&work->mapping.gids, 0, 1, last_gid);
	return last_uid > 0 && last_gid > 0
		       ? 0
		       : err_set(err, ERR_IDMAP, "--userns nomap: your user namespace has your own id only");
}

/* --- those of others --- */

static int resolve_container(struct work *work, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = container_load_row(work->engine, joined_container(work->spec, NAMESPACE_USER), &row, err);
	if (r < 0)
		return r;
	return id_mapping_from_texts(row.config.uid_map, row.config.gid_map, &work->mapping, err);
}

static bool is_ours(int fd)
{
	struct stat theirs, ours;
	return fstat(fd, &theirs) == 0 && stat("/proc/self/ns/user", &ours) == 0 && theirs.st_ino == ours.st_ino;
}

static int resolve_path(struct work *work, struct error *err)
{
	const char *path = joined_path(work->spec, NAMESPACE_USER);
	_cleanup_free_ char *uids = NULL, *gids = NULL;
	_cleanup_close_ int fd = namespace_open(path, NAMESPACE_USER, err);
	if (fd < 0)
		return err_wrap(err, "--userns ns:%s", path);
	if (is_ours(fd))
		return 0;
	_cleanup_close_ int proc = procfs_open(err);
	int r = proc < 0 ? proc : id_maps_read(proc, fd, &uids, &gids, err);
	if (r < 0)
		return err_wrap(err, "--userns ns:%s", path);
	id_list_parse_kernel(uids, &work->mapping.uids);
	id_list_parse_kernel(gids, &work->mapping.gids);
	return work->mapping.uids.count > 0 && work->mapping.gids.count > 0
		       ? 0
		       : err_set(err, ERR_IDMAP, "--userns ns:%s: that user namespace has no ids", path);
}

/* --- whichever --- */

static int check_ours(const struct id_list *list, const struct id_list *own, const char *what, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct spec_id_mapping *item = &list->items[i];
		if (id_list_has(own, item->host_id, item->size))
			continue;
		err_set(err, ERR_IDMAP, "%u:%u:%u: your user namespace has no %s ids %u to %u", item->container_id,
			item->host_id, item->size, what, item->host_id, item->host_id + item->size - 1);
		return err_cause(err, "they end at %u", id_list_last(own));
	}
	return 0;
}

static int check_mapping(const struct work *work, struct error *err)
{
	int r = id_list_check(&work->mapping.uids, "--uidmap", err);
	if (r >= 0)
		r = id_list_check(&work->mapping.gids, "--gidmap", err);
	if (r >= 0)
		r = check_ours(&work->mapping.uids, &work->own.uids, "user", err);
	return r < 0 ? r : check_ours(&work->mapping.gids, &work->own.gids, "group", err);
}

/* Only root of the user namespace that a pid namespace belongs to may mount the procfs that shows it. */
static int check_pid(const struct container_spec *spec, const struct container_config *config, struct error *err)
{
	const char *pid = join_id(config->joins, namespace_spec_name(NAMESPACE_PID));
	const char *userns = join_id(config->joins, namespace_spec_name(NAMESPACE_USER));
	if (has_own(spec, NAMESPACE_PID) || is_shared(spec, NAMESPACE_PID) || (pid && streq_null(pid, userns)))
		return 0;
	err_set(err, ERR_INVALID, "--pid %s: its processes belong to another user namespace", spec->pid_mode);
	return pid ? err_hint(err, "--userns %s", spec->pid_mode) : -ERR_INVALID;
}

static int resolve_kind(struct work *work, struct container_config *config, struct error *err)
{
	switch (work->mode.kind) {
	case USERNS_PRIVATE:
		return resolve_private(work, err);
	case USERNS_AUTO:
		return resolve_auto(work, config->user, err);
	case USERNS_KEEP_ID:
		return resolve_keep_id(work, config, err);
	case USERNS_NOMAP:
		return resolve_nomap(work, err);
	case USERNS_CONTAINER:
		return resolve_container(work, err);
	case USERNS_PATH:
		return resolve_path(work, err);
	case USERNS_HOST:
		break;
	}
	return 0;
}

int userns_resolve(struct engine *engine, const struct container_spec *spec, const char *image_id,
		   char *const *diff_ids, int attempt, struct container_config *config, struct id_range *ret_range,
		   struct error *err)
{
	_cleanup_work_ struct work work = {
		.engine = engine, .spec = spec, .image_id = image_id, .diff_ids = diff_ids, .attempt = attempt
	};
	int r = userns_mode_parse(spec, &work.mode, err);
	*ret_range = (struct id_range){ 0 };
	if (r < 0 || work.mode.kind == USERNS_HOST)
		return r;
	r = id_mapping_of_our_own(&work.own, err);
	if (r >= 0)
		r = resolve_kind(&work, config, err);
	if (r >= 0)
		r = check_mapping(&work, err);
	if (r < 0 || work.mapping.uids.count == 0)
		return MIN(r, 0);
	config->uid_map = id_list_texts(&work.mapping.uids);
	config->gid_map = id_list_texts(&work.mapping.gids);
	*ret_range = work.range;
	return check_pid(spec, config, err);
}

/* --- rows --- */

static int insert_chosen(struct db *db, const struct container_row *row, struct error *err)
{
	_cleanup_id_mapping_ struct id_mapping mapping = { 0 };
	int r = id_mapping_from_texts(row->config.uid_map, row->config.gid_map, &mapping, err);
	if (r >= 0)
		r = id_range_insert_chosen(db, row->id, &mapping.uids, err);
	return r < 0 ? r : id_range_insert_chosen(db, row->id, &mapping.gids, err);
}

int userns_insert(struct db *db, const struct container_row *row, const struct id_range *range, struct error *err)
{
	if (range->size > 0)
		return id_range_insert(db, row->id, range, err);
	const struct container_spec *spec = config_spec(&row->config);
	bool chosen = strv_count(spec->uid_maps) > 0 || strv_count(spec->gid_maps) > 0;
	int r = chosen ? insert_chosen(db, row, err) : 0;
	return r < 0 ? r : 1;
}

/* --- at the start --- */

static int open_of_container(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_live_ struct live live = LIVE_NONE;
	int r = container_load_row(engine, id, &row, err);
	if (r >= 0)
		r = live_need(engine, &row, "join the user namespace of", &live, err);
	if (r < 0)
		return r;
	int fd = live_open_namespace(&live.status, "user");
	if (fd == -ESRCH)
		return live_not_running(&row, "join the user namespace of", err);
	return fd < 0 ? err_sys(err, -fd, "open the user namespace of container \"%s\"", row.name) : fd;
}

static int make(const struct launch *launch, struct error *err)
{
	_cleanup_id_mapping_ struct id_mapping mapping = { 0 };
	int r = id_mapping_from_texts(launch->uid_map, launch->gid_map, &mapping, err);
	if (r < 0)
		return r;
	const struct id_maps maps = id_mapping_maps(&mapping);
	_cleanup_close_ int proc = procfs_open(err);
	return proc < 0 ? proc : id_maps_namespace(proc, &maps, err);
}

int userns_open(struct engine *engine, const struct launch *launch, int *ret, struct error *err)
{
	const char *container = join_id(launch->joins, namespace_spec_name(NAMESPACE_USER));
	if (!launch->uid_map)
		return 0;
	int fd = container	       ? open_of_container(engine, container, err)
		 : launch->userns_path ? namespace_open(launch->userns_path, NAMESPACE_USER, err)
				       : make(launch, err);
	if (fd < 0)
		return err_wrap(err, "cannot start \"%s\"", launch->name);
	*ret = fd;
	return 0;
}
