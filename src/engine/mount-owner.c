/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mount-owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/id-mapping.h"
#include "engine/image.h"
#include "engine/merged.h"
#include "engine/mounts.h"
#include "engine/user.h"
#include "engine/volume-dir.h"
#include "storage/snapshot.h"

enum { DEPTH_MAX = 500 };

/* --- to whom --- */

static int open_merged(struct engine *engine, const struct container_row *row, struct merged **ret, struct error *err)
{
	_cleanup_image_config_ struct image_config image = { 0 };
	_cleanup_strv_ char **lower = NULL, **dirs = NULL;
	int r = image_config_load(engine->store, row->image_id, &image, err);
	if (r >= 0)
		r = launch_lower(engine, row->id, row->image_id, image.diff_ids, &lower, err);
	if (r < 0)
		return r;
	strv_take(&dirs, snapshot_upper(engine->store, row->id));
	for (char **dir = lower; *dir; dir++)
		strv_append(&dirs, *dir);
	return merged_open(dirs, ret, err);
}

static int find_user(struct engine *engine, const struct container_row *row, struct user *ret, struct error *err)
{
	_cleanup_merged_ struct merged *merged = NULL;
	int r = open_merged(engine, row, &merged, err);
	return r < 0 ? r : user_resolve(merged, row->config.user, config_spec(&row->config)->image, ret, err);
}

/* --- giving --- */

static int give_children(int dir, const struct user *user, int depth);

/* A link itself; what it leads to is somebody else's. Returns 0 or -errno. */
static int give(int dir, const char *name, const struct user *user, int depth)
{
	if (fchownat(dir, name, user->uid, user->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP || errno == ENOENT ? 0 : -errno;
	return depth < DEPTH_MAX ? give_children(fd, user, depth + 1) : -ELOOP;
}

static int give_children(int dir, const struct user *user, int depth)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream)
		return -errno;
	int r = 0;
	for (struct dirent *entry; r == 0 && (entry = readdir(stream));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			r = give(dir, entry->d_name, user, depth);
	return r;
}

/* What is named is meant, also by a link; nothing in it is followed. */
static int give_source(const char *path, const struct user *user, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;
	int r = fd < 0 || fstat(fd, &st) < 0 || fchownat(fd, "", user->uid, user->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
	if (r == 0 && S_ISDIR(st.st_mode))
		r = give_children(fd, user, 0);
	return r < 0 ? err_sys(err, -r, "give '%s' to user %u", path, user->uid) : 0;
}

/* --- who that is on disk --- */

/* Whether the mount shows the container's ids for those on disk, so that these are the container's. */
static bool is_mapped(const struct mount_request *mount, bool shifted)
{
	return (mount->kind == MOUNT_VOLUME && !shifted) || mount_maps_ids(mount);
}

static int to_disk(const struct container_config *config, struct user *user, struct error *err)
{
	_cleanup_id_mapping_ struct id_mapping mapping = { 0 };
	uint32_t uid, gid;
	int r = id_mapping_from_texts(config->uid_map, config->gid_map, &mapping, err);
	if (r < 0)
		return r;
	if (!id_list_to_host(&mapping.uids, user->uid, &uid) || !id_list_to_host(&mapping.gids, user->gid, &gid))
		return err_set(err, ERR_IDMAP, "the container's user namespace has no id %u:%u", user->uid, user->gid);
	user->uid = uid;
	user->gid = gid;
	return 0;
}

static int give_mount(struct engine *engine, const struct container_row *row, const struct mount_request *mount,
		      const struct user *user, bool shifted, struct error *err)
{
	struct user owner = { .uid = user->uid, .gid = user->gid };
	_cleanup_free_ char *path = mount->kind == MOUNT_VOLUME ? volume_path(engine, mount->source)
								: mem_strdup(mount->source);
	int r = config_has_userns(&row->config) && !is_mapped(mount, shifted) ? to_disk(&row->config, &owner, err) : 0;
	return r < 0 ? r : give_source(path, &owner, err);
}

static bool is_fresh(const char *path)
{
	struct stat st;
	_cleanup_closedir_ DIR *stream = opendir(path);
	if (!stream || fstat(dirfd(stream), &st) < 0 || st.st_uid != 0)
		return false;
	struct dirent *entry;
	while ((entry = readdir(stream)) && (streq(entry->d_name, ".") || streq(entry->d_name, "..")))
		;
	return !entry;
}

/* A volume that nobody has written to, and whose owner would be a stranger, becomes that of the container's root. */
static int give_fresh(struct engine *engine, const struct container_row *row, const struct mount_request *mount,
		      struct error *err)
{
	struct user root = { 0 };
	_cleanup_free_ char *path = volume_path(engine, mount->source);
	int r = is_fresh(path) ? to_disk(&row->config, &root, err) : 0;
	return r < 0 || root.uid == 0 ? r : give_source(path, &root, err);
}

static bool is_wanted(const struct container_config *config)
{
	for (size_t i = 0; i < config->n_mounts; i++)
		if (config->mounts[i].chown)
			return true;
	return false;
}

int mounts_give_away(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_user_ struct user user = { 0 };
	bool shifted = config_has_userns(&row->config) && snapshot_is_shifted(engine->store, row->id);
	int r = is_wanted(&row->config) ? find_user(engine, row, &user, err) : 0;
	for (size_t i = 0; r >= 0 && i < row->config.n_mounts; i++) {
		const struct mount_request *mount = &row->config.mounts[i];
		if (mount->chown && mount->kind != MOUNT_TMPFS)
			r = give_mount(engine, row, mount, &user, shifted, err);
		else if (shifted && mount->kind == MOUNT_VOLUME)
			r = give_fresh(engine, row, mount, err);
	}
	return r;
}
