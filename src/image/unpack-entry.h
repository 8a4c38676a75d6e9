/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of a layer's archive, checked and translated, so that what makes files knows nothing of tar. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "image/unpack-name.h"

struct entry_xattr {
	const char *name;
	const void *value;
	size_t len;
};

struct entry {
	const char *raw; /* the name as the archive has it, for messages */
	struct entry_name name;
	mode_t mode;	 /* type and permissions */
	bool hard_link;	 /* to @target; the type means nothing then */
	char *target;	 /* of a symbolic link: verbatim; of a hard link: normalised */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	dev_t device;
	uint64_t size;	 /* of a regular file */
	struct entry_xattr *xattrs; /* only those that are to be set */
	size_t n_xattrs;
};

/*
 * An error about @entry: "<verb> '<name>': <errno's text>". What can only come from a strange archive (a name too long
 * for this file system, too many links) is ERR_IMG_LAYER.
 */
int entry_error(const struct entry *entry, int sys_errno, const char *verb, struct error *err);
