/* SPDX-License-Identifier: Apache-2.0 */
#include "image/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "image/digest.h"
#include "storage/space.h"

static bool look(struct store *store, const char *digest, struct stat *ret)
{
	return digest_is_valid(digest) && fstatat(store->blobs, digest_hex(digest), ret, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(ret->st_mode);
}

bool blob_exists(struct store *store, const char *digest)
{
	struct stat st;
	return look(store, digest, &st);
}

bool blob_is_whole(struct store *store, const char *digest, uint64_t size)
{
	struct stat st;
	return look(store, digest, &st) && (uint64_t)st.st_size == size;
}

int blob_open(struct store *store, const char *digest, struct error *err)
{
	int r = digest_check(digest, err);
	if (r < 0)
		return r;
	int fd = openat(store->blobs, digest_hex(digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open blob '%s'", digest) : fd;
}

int blob_read(struct store *store, const char *digest, size_t max, char **ret, size_t *ret_len, struct error *err)
{
	_cleanup_close_ int fd = blob_open(store, digest, err);
	if (fd < 0)
		return fd;
	char what[16 + DIGEST_TEXT_LENGTH];
	snprintf(what, sizeof what, "blob '%s'", digest);
	return fd_read_text(fd, max, what, ret, ret_len, err);
}

/* The bytes first, then the name, then the directory that holds the name (S1, S2). */
static int rename_durably(struct store *store, int stage, const char *name, const char *digest)
{
	_cleanup_close_ int fd = openat(stage, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	if (renameat(stage, name, store->blobs, digest_hex(digest)) < 0)
		return -errno;
	return fsync(store->blobs) < 0 ? -errno : 0;
}

int blob_commit(struct store *store, int stage, const char *name, const char *digest, struct error *err)
{
	int r = digest_check(digest, err);
	if (r < 0)
		return r;
	r = rename_durably(store, stage, name, digest);
	if (r < 0)
		return space_explain(err_sys(err, -r, "put blob '%s' in place", digest), store->blobs, 0, err);
	return 0;
}

int blob_remove(struct store *store, const char *digest, struct error *err)
{
	int r = digest_check(digest, err);
	if (r < 0)
		return r;
	if (unlinkat(store->blobs, digest_hex(digest), 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove blob '%s'", digest);
	return 0;
}
