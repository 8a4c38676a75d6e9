/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/user-entry.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/id-mapping.h"
#include "engine/userns-mode.h"
#include "storage/mapped-copy.h"
#include "storage/snapshot.h"
#include "storage/vfs-file.h"

#define ETC "etc"

enum { TEXT_MAX = 4 << 20 };

/* --- what the files say --- */

/* Whether a line of passwd(5) or group(5) has this name, or this number in its third field. */
static bool knows(const char *text, const char *name, uint32_t id)
{
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; *line; line++) {
		const char *rest = str_after(*line, name);
		unsigned number;
		if (rest && *rest == ':')
			return true;
		if (sscanf(*line, "%*[^:]:%*[^:]:%u:", &number) == 1 && number == id)
			return true;
	}
	return false;
}

/* A name without what would be another field, or another line, there. */
static bool is_plain(const char *text)
{
	return *text && !text[strcspn(text, ":\n")];
}

/* --- writing them --- */

/* The image's files, as the container has them, and its own layer. Of a copy of the image these are one. */
struct trees {
	int image, own;
};

static void trees_close(struct trees *trees)
{
	fd_close(trees->image);
	fd_close(trees->own);
}
#define _cleanup_trees_ _cleanup_(trees_close)

static int open_tree_at(const char *path, struct error *err)
{
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	return fd < 0 ? err_sys(err, path ? errno : EINVAL, "open the container's files") : fd;
}

static int open_trees(struct engine *engine, const struct container_row *row, struct trees *ret, struct error *err)
{
	_cleanup_free_ char *copy = snapshot_shared_copy(engine->store, row->id);
	_cleanup_free_ char *upper = snapshot_upper(engine->store, row->id);
	_cleanup_free_ char *image = copy ? mapped_copy_path(engine->store, row->image_id, copy) : mem_strdup(upper);
	ret->image = open_tree_at(image, err);
	ret->own = ret->image < 0 ? -1 : open_tree_at(upper, err);
	return ret->image < 0 ? ret->image : ret->own < 0 ? ret->own : 0;
}

/* The directory in the container's own layer: as in the image, to which it belongs. */
static int open_own_etc(const struct trees *trees, int etc)
{
	struct stat st;
	bool made = mkdirat(trees->own, ETC, 0700) == 0;
	if (!made && errno != EEXIST)
		return -errno;
	_cleanup_close_ int own = openat(trees->own, ETC, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (own < 0)
		return -errno;
	int r = !made ? 0 : fstat(etc, &st) < 0 ? -errno : vfs_copy_metadata(etc, own, &st, &(struct id_shift){ 0 });
	return r < 0 ? r : TAKE_FD(own);
}

/* @file is what stands there now; its owner and mode stay. */
static int replace(const struct trees *trees, int etc, const char *name, int file, const char *text)
{
	struct stat st;
	_cleanup_close_ int own = open_own_etc(trees, etc);
	if (own < 0 || fstat(file, &st) < 0)
		return own < 0 ? own : -errno;
	if (file_write_atomic(own, name, text, strlen(text), 0600, 0, NULL) < 0)
		return -EIO;
	_cleanup_close_ int written = openat(own, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return written < 0 ? -errno : vfs_copy_metadata(file, written, &st, &(struct id_shift){ 0 });
}

/* Files that are not there, or are something else, are left alone. */
static int add_line(const struct trees *trees, const char *name, const char *who, uint32_t id, const char *line,
		    struct error *err)
{
	_cleanup_close_ int etc = path_open_beneath(trees->image, ETC, O_RDONLY | O_DIRECTORY, 0);
	_cleanup_close_ int file = etc < 0 ? etc : path_open_beneath(etc, name, O_RDONLY | O_NONBLOCK, 0);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t len;
	if (file < 0 || fstat(file, &st) < 0 || !S_ISREG(st.st_mode) ||
	    fd_read_text(file, TEXT_MAX, name, &text, &len, NULL) < 0 || knows(text, who, id))
		return 0;
	_cleanup_free_ char *longer = mem_printf("%s%s%s\n", text, len == 0 || text[len - 1] == '\n' ? "" : "\n", line);
	int r = replace(trees, etc, name, file, longer);
	return r < 0 ? err_sys(err, -r, "add an entry to /" ETC "/%s of the container", name) : 0;
}

/* --- who he is --- */

/* His own directory, if the container has it. */
static const char *home_of(const struct container_config *config, const char *outside)
{
	for (size_t i = 0; i < config->n_mounts; i++)
		if (streq(config->mounts[i].target, outside))
			return outside;
	return str_is_empty(config->working_dir) ? "/" : config->working_dir;
}

/* What 0 is outside of the namespace that we are in, where the map of that begins. */
static uint32_t outside_of(const struct id_list *own)
{
	return own->count > 0 ? own->items[0].host_id : 0;
}

static int add_user(const struct trees *trees, const struct container_config *config, uint32_t uid, uint32_t gid,
		    const struct passwd *user, struct error *err)
{
	const char *home = home_of(config, user->pw_dir);
	if (!is_plain(home))
		return 0;
	_cleanup_free_ char *line = mem_printf("%s:*:%u:%u:%s:%s:/bin/sh", user->pw_name, uid, gid,
					       is_plain(user->pw_gecos) ? user->pw_gecos : "", home);
	return add_line(trees, "passwd", user->pw_name, uid, line, err);
}

static int add_group(const struct trees *trees, uint32_t gid, const char *user, const struct group *group,
		     struct error *err)
{
	_cleanup_free_ char *line = mem_printf("%s:x:%u:%s", group->gr_name, gid, user);
	return add_line(trees, "group", group->gr_name, gid, line, err);
}

static bool is_wanted(const struct container_spec *spec)
{
	_cleanup_userns_mode_ struct userns_mode mode = { 0 };
	return !spec->no_passwd && userns_mode_parse(spec, &mode, NULL) >= 0 && mode.kind == USERNS_KEEP_ID;
}

/* What is 0 in the namespace that we are in is he, and has these numbers in the container. */
static bool find_ids(const struct container_config *config, uint32_t *ret_uid, uint32_t *ret_gid)
{
	_cleanup_id_mapping_ struct id_mapping mapping = { 0 };
	if (id_mapping_from_texts(config->uid_map, config->gid_map, &mapping, NULL) < 0)
		return false;
	const struct id_maps maps = id_mapping_maps(&mapping);
	return id_map_to_container(maps.uids, maps.n_uids, 0, ret_uid) &&
	       id_map_to_container(maps.gids, maps.n_gids, 0, ret_gid);
}

int user_entry_add(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_id_mapping_ struct id_mapping own = { 0 };
	_cleanup_trees_ struct trees trees = { -1, -1 };
	uint32_t uid, gid;
	if (!is_wanted(config_spec(&row->config)) || !find_ids(&row->config, &uid, &gid) ||
	    id_mapping_of_our_own(&own, NULL) < 0)
		return 0;
	const struct passwd *user = getpwuid(outside_of(&own.uids));
	if (!user || !is_plain(user->pw_name))
		return 0;
	_cleanup_free_ char *name = mem_strdup(user->pw_name);
	int r = open_trees(engine, row, &trees, err);
	if (r >= 0)
		r = add_user(&trees, &row->config, uid, gid, user, err);
	const struct group *group = r < 0 ? NULL : getgrgid(outside_of(&own.gids));
	return r >= 0 && group && is_plain(group->gr_name) ? add_group(&trees, gid, name, group, err) : r;
}
