/* SPDX-License-Identifier: Apache-2.0 */
/* Owner, mode, times and extended attributes of what was unpacked. */
#pragma once

#include "base/error.h"
#include "image/unpack-entry.h"

/*
 * Whether an attribute that an archive asks for is set at all. Not kept are overlayfs' own (an archive could make
 * whiteouts, opaque directories and redirects of them) and those that belong to the host's policy (security.* but for
 * file capabilities).
 */
bool attributes_keep_xattr(const char *name);

/* Everything, on the regular file that @fd is open on. @chown: whether the owner is not yet the right one. */
int attributes_set_file(int fd, const struct entry *entry, bool chown, struct error *err);

/* Everything, on the symbolic link, device or fifo that is called @name in @dir. Changes the working directory for a moment. */
int attributes_set_node(int dir, const char *name, const struct entry *entry, struct error *err);

/*
 * Of a directory, while things are still made in it: remove the extended attributes that it has (but for overlayfs'
 * own), and set those of @entry, except the default ACL, which would be inherited.
 */
int attributes_clear_xattrs(int fd, const struct entry *entry, struct error *err);
int attributes_set_xattrs(int fd, const struct entry *entry, struct error *err);

/* The default ACL of a directory's entry, or NULL. */
const struct entry_xattr *attributes_default_acl(const struct entry *entry);
int attributes_set_default_acl(int fd, const void *value, size_t len, const struct entry *entry, struct error *err);
