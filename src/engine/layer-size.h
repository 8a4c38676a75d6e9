/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "storage/store.h"

/* The bytes in the files of an unpacked layer; a file with several names counts once, as in the archive. */
int layer_measure(struct store *store, const char *diff_id, int64_t *ret, struct error *err);

/* The same of any directory. */
int directory_measure(const char *path, int64_t *ret, struct error *err);

/* Files with several names, of which the first one that is met counts. Zero-initialised is empty. */
struct inode_set {
	ino_t *inodes; /* open addressing; 0 is free, which no file has */
	size_t size, count;
};

/* Whether it has not been met before. All have to be of one file system. */
struct stat;
bool inode_set_add(struct inode_set *seen, const struct stat *st);
void inode_set_done(struct inode_set *seen);
