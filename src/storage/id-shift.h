/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids of a file of an image, and those of its access lists, become those that a container's are mapped to.
 *
 * Source: include/uapi/linux/posix_acl_xattr.h, and posix_acl.h: how the kernel hands out access lists.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "runtime/id-map.h"

struct id_shift {
	const struct id_maps *maps; /* NULL: they stay what they are */
	uint32_t stranger;	    /* the last that is not mapped */
};

/* The owner and group of @st. Returns 0, or -EOVERFLOW for one that is not mapped. */
int id_shift_owner(struct id_shift *shift, struct stat *st);

/* Whether the extended attribute @name holds an access list. */
bool id_shift_is_acl(const char *name);

/* The users and groups that the access list @value of @len bytes names. Returns the same, or -EINVAL for one that is none. */
int id_shift_acl(struct id_shift *shift, void *value, size_t len);
