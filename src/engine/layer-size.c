/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/layer-size.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "storage/layer.h"
#include "storage/snapshot.h"

static bool insert(struct inode_set *seen, ino_t inode)
{
	size_t at = (size_t)(inode * UINT64_C(0x9e3779b97f4a7c15)) & (seen->size - 1);
	for (; seen->inodes[at]; at = (at + 1) & (seen->size - 1))
		if (seen->inodes[at] == inode)
			return false;
	seen->inodes[at] = inode;
	seen->count++;
	return true;
}

static void grow(struct inode_set *seen)
{
	enum { FIRST_SIZE = 64 };
	struct inode_set larger = { .size = seen->size ? seen->size * 2 : FIRST_SIZE };
	larger.inodes = mem_alloc(larger.size * sizeof *larger.inodes);
	for (size_t i = 0; i < seen->size; i++)
		if (seen->inodes[i])
			(void)insert(&larger, seen->inodes[i]);
	free(seen->inodes);
	*seen = larger;
}

bool inode_set_add(struct inode_set *seen, const struct stat *st)
{
	if (st->st_nlink < 2)
		return true;
	if (2 * seen->count >= seen->size)
		grow(seen);
	return insert(seen, st->st_ino);
}

void inode_set_done(struct inode_set *seen)
{
	free(seen->inodes);
	*seen = (struct inode_set){ 0 };
}

static int add_directory(int parent, const char *name, struct inode_set *seen, int64_t *size);

/* What a running container has just removed is not there. */
static int add_entry(int dir, const char *name, struct inode_set *seen, int64_t *size)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode)) {
		int r = add_directory(dir, name, seen, size);
		return r == -ENOENT ? 0 : r;
	}
	if (S_ISREG(st.st_mode) && inode_set_add(seen, &st))
		*size += st.st_size;
	return 0;
}

static int add_directory(int parent, const char *name, struct inode_set *seen, int64_t *size)
{
	_cleanup_close_ int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -errno;
	TAKE_FD(fd);
	int r = 0;
	for (struct dirent *entry; r == 0 && (entry = readdir(dir));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			r = add_entry(dirfd(dir), entry->d_name, seen, size);
	return r;
}

int directory_measure(const char *path, int64_t *ret, struct error *err)
{
	struct inode_set seen = { 0 };
	int64_t size = 0;
	int r = add_directory(AT_FDCWD, path, &seen, &size);
	inode_set_done(&seen);
	if (r < 0)
		return err_sys(err, -r, "measure '%s'", path);
	*ret = size;
	return 0;
}

int layer_measure(struct store *store, const char *diff_id, int64_t *ret, struct error *err)
{
	_cleanup_free_ char *path = layer_path(store, diff_id);
	if (!path)
		return err_set(err, ERR_INVALID, "measure layer '%.19s': it is no digest", diff_id);
	return directory_measure(path, ret, err);
}

int engine_container_size(struct engine *engine, const struct container_record *record, int64_t *ret_own,
			  int64_t *ret_whole, struct error *err)
{
	_cleanup_free_ char *upper = snapshot_upper(engine->store, record->id);
	_cleanup_image_ struct image *image = NULL;
	int64_t own = 0;
	int r = directory_measure(upper, &own, err);
	if (r >= 0)
		r = engine_image_find(engine, record->image_id, &image, err);
	if (r < 0)
		return r;
	*ret_own = own;
	*ret_whole = own + image->size;
	return 0;
}
