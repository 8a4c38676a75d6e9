/* SPDX-License-Identifier: Apache-2.0 */
#include "image/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"
#include "image/blob.h"
#include "image/hash.h"
#include "storage/partial.h"
#include "storage/space.h"

enum { RESUME_SIZE = 256 * 1024 };

struct content {
	const struct staging *staging;
	char *name; /* in the staging directory */
	int fd;
	struct hash *hash;
	uint64_t size;
};

/* --- staging --- */

int staging_open(struct store *store, struct staging *ret, struct error *err)
{
	struct staging staging = { .store = store };
	staging.fd = store_stage(store, &staging.name, err);
	if (staging.fd < 0)
		return staging.fd;
	*ret = staging;
	return 0;
}

void staging_done(struct staging *staging)
{
	if (!staging->name)
		return;
	/* What cannot be removed now is rubbish for the next sweep. */
	(void)path_remove_tree(staging->store->tmp, staging->name);
	fd_close(staging->fd);
	free(staging->name);
	*staging = (struct staging){ .fd = -1 };
}

/* --- content --- */

static int content_new(const struct staging *staging, struct content **ret, struct error *err)
{
	_cleanup_content_ struct content *content = NEW(struct content);
	content->staging = staging;
	content->fd = -1;
	content->name = store_stage_name();
	int r = hash_new(&content->hash, err);
	if (r >= 0)
		*ret = TAKE_PTR(content);
	return r;
}

int content_open(const struct staging *staging, struct content **ret, struct error *err)
{
	_cleanup_content_ struct content *content = NULL;
	int r = content_new(staging, &content, err);
	if (!content)
		return r;
	content->fd = openat(staging->fd, content->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (content->fd < 0)
		return space_explain(err_sys(err, errno, "make a file in '%s/tmp'", staging->store->path), staging->fd,
				     0, err);
	*ret = TAKE_PTR(content);
	return 0;
}

/* Whether the whole file was read, and is the beginning of something larger. */
static bool take_up(struct content *content, uint64_t max)
{
	_cleanup_free_ char *buf = mem_alloc(RESUME_SIZE);
	for (;;) {
		ssize_t n = RETRY_ON_EINTR(pread(content->fd, buf, RESUME_SIZE, (off_t)content->size));
		if (n <= 0)
			return n == 0 && content->size > 0 && content->size < max;
		hash_update(content->hash, buf, (size_t)n);
		content->size += (uint64_t)n;
	}
}

int content_resume(const struct staging *staging, const char *name, uint64_t max, struct content **ret,
		   struct error *err)
{
	_cleanup_content_ struct content *content = NULL;
	int r = content_new(staging, &content, err);
	if (!content)
		return r;
	if (name && partial_take(staging->store, name, staging->fd, content->name) == 0)
		content->fd = openat(staging->fd, content->name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (content->fd < 0 || !take_up(content, max))
		return content_open(staging, ret, err);
	*ret = TAKE_PTR(content);
	return 0;
}

void content_leave(struct content *content, const char *name)
{
	(void)partial_keep(content->staging->store, name, content->staging->fd, content->name);
}

void content_free(struct content *content)
{
	if (!content)
		return;
	fd_close(content->fd);
	hash_free(content->hash);
	free(content->name);
	free(content);
}

int content_write(struct content *content, const void *data, size_t len, struct error *err)
{
	const char *at = data;
	hash_update(content->hash, data, len);
	while (len > 0) {
		/* Somebody who follows may share the file's offset: name the place. */
		ssize_t n = RETRY_ON_EINTR(pwrite(content->fd, at, len, (off_t)content->size));
		if (n < 0)
			return space_explain(err_sys(err, errno, "write to '%s/tmp'", content->staging->store->path),
					     content->fd, len, err);
		at += n;
		len -= (size_t)n;
		content->size += (uint64_t)n;
	}
	return 0;
}

uint64_t content_size(const struct content *content)
{
	return content->size;
}

int content_fd(const struct content *content)
{
	return content->fd;
}

int content_finish(struct content *content, char digest[static DIGEST_TEXT_LENGTH + 1], struct error *err)
{
	return hash_finish(content->hash, digest, err);
}

int content_commit(struct content *content, const char *digest, struct error *err)
{
	return blob_commit(content->staging->store, content->staging->fd, content->name, digest, err);
}

/* --- texts --- */

int content_digest(const void *data, size_t len, char digest[static DIGEST_TEXT_LENGTH + 1], struct error *err)
{
	_cleanup_hash_ struct hash *hash = NULL;
	int r = hash_new(&hash, err);
	if (r < 0)
		return r;
	hash_update(hash, data, len);
	return hash_finish(hash, digest, err);
}

/* A document that somebody has damaged is replaced by what it should be. */
static bool is_there(struct store *store, const char *digest, const void *data, size_t len)
{
	_cleanup_free_ char *there = NULL;
	size_t there_len;
	return blob_is_whole(store, digest, len) && blob_read(store, digest, len, &there, &there_len, NULL) >= 0 &&
	       there_len == len && memcmp(there, data, len) == 0;
}

int content_put(const struct staging *staging, const void *data, size_t len, char digest[static DIGEST_TEXT_LENGTH + 1],
		struct error *err)
{
	_cleanup_content_ struct content *content = NULL;
	int r = content_digest(data, len, digest, err);
	if (r < 0 || is_there(staging->store, digest, data, len))
		return r;
	r = content_open(staging, &content, err);
	if (!content)
		return r;
	r = content_write(content, data, len, err);
	return r < 0 ? r : content_commit(content, digest, err);
}
