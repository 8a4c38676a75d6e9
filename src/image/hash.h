/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of a stream, by OpenSSL. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "image/digest.h"

struct hash;

/*
 * Everything that OpenSSL loads from disk, it loads here; what follows works in a process that can open no files.
 * Errors: ERR_UNSUPPORTED (this OpenSSL has no SHA-256).
 */
int hash_new(struct hash **ret, struct error *err);
void hash_free(struct hash *hash);
static inline void hash_freep(struct hash **hash)
{
	hash_free(*hash);
}
#define _cleanup_hash_ _cleanup_(hash_freep)

/* A failure is kept, and reported by hash_finish(). */
void hash_update(struct hash *hash, const void *data, size_t len);

/* Write "sha256:HEX", and begin anew. */
int hash_finish(struct hash *hash, char digest[static DIGEST_TEXT_LENGTH + 1], struct error *err);

/*
 * The rest of a file. 1 with its digest; 0 if it cannot be read to its end, with the reason in *ret_errno. Errors:
 * ERR_CANCELLED.
 */
struct transfer;
int hash_file(int fd, const struct transfer *transfer, char digest[static DIGEST_TEXT_LENGTH + 1], int *ret_errno,
	      struct error *err);
