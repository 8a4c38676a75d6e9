/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on their way into the store: written to a staging directory, hashed as they come, put in place only once their
 * digest is known (invariants S1 and S2 of storage/store.h).
 *
 * Life cycle of a content:
 *  1. content_open() makes its file.
 *  2. content_write() adds to it, content_finish() says what it has become.
 *  3. content_commit() puts it in place; content_leave() keeps it for somebody who goes on with it; or content_free() alone
 *     leaves it to whoever removes the staging directory.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/digest.h"
#include "storage/store.h"

/* A staging directory of the store; removed with all that is still in it by staging_done(). */
struct staging {
	struct store *store;
	char *name;
	int fd;
};

int staging_open(struct store *store, struct staging *ret, struct error *err);
void staging_done(struct staging *staging);
#define _cleanup_staging_ _cleanup_(staging_done)

struct content;

int content_open(const struct staging *staging, struct content **ret, struct error *err);

/*
 * The same, with what is kept of it already as the partial blob @name (storage/partial.h; or NULL), if that has fewer than
 * @max bytes. Waits for the disk, to read that.
 */
int content_resume(const struct staging *staging, const char *name, uint64_t max, struct content **ret,
		   struct error *err);

/* Keep what has come of it as the partial blob @name, as far as that is possible; then content_free() it. */
void content_leave(struct content *content, const char *name);

void content_free(struct content *content);
static inline void content_freep(struct content **content)
{
	content_free(*content);
}
#define _cleanup_content_ _cleanup_(content_freep)

/* Errors: of the disk, explained. */
int content_write(struct content *content, const void *data, size_t len, struct error *err);

uint64_t content_size(const struct content *content);

/* Open on the file, for reading with pread() what is there already. The fd stays the content's. */
int content_fd(const struct content *content);

/* No more bytes will come: their digest. */
int content_finish(struct content *content, char digest[static DIGEST_TEXT_LENGTH + 1], struct error *err);

/* Put it in place under the digest that content_finish() gave. Waits for the disk. */
int content_commit(struct content *content, const char *digest, struct error *err);

/* The digest of a text in memory; and the same with the text put into the store, unless it is there. */
int content_digest(const void *data, size_t len, char digest[static DIGEST_TEXT_LENGTH + 1], struct error *err);
int content_put(const struct staging *staging, const void *data, size_t len, char digest[static DIGEST_TEXT_LENGTH + 1],
		struct error *err);
