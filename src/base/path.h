/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths that somebody else may have had a hand in. They are walked by openat2() from a directory that we hold, never
 * out of it, and what comes back is an fd; nothing is resolved twice.
 *
 * Where openat2() is missing or an outer sandbox refuses it (ENOSYS, EPERM), a walk of our own does the same
 * (path-walk.h).
 *
 * Source: openat2(2).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Open @path as a process whose root directory is @root would see it: absolute links and ".." stay inside, links of
 * procfs ("magic links") are refused. Returns an fd (O_CLOEXEC), or -errno.
 */
int path_open_in_root(int root, const char *path, int flags, mode_t mode);

/* The same, but any symbolic link on the way, or a way out by "..", is an error (ELOOP, EXDEV). */
int path_open_beneath(int dir, const char *path, int flags, mode_t mode);

/*
 * Make the directories of @path below @root that are missing (mode @mode, owned by us), following links as
 * path_open_in_root() does: where one leads to nothing, the place that it names is made. Returns an O_PATH fd of the
 * last one, or -errno.
 */
int path_make_dirs_in_root(int root, const char *path, mode_t mode);

/*
 * The same, but for a file at the end, made empty if there is none (mode @mode). Returns an fd of it, open for reading,
 * or -errno.
 */
int path_make_file_in_root(int root, const char *path, mode_t mode, mode_t dir_mode);

/*
 * The last component's parent (made as above) as an O_PATH fd, and a pointer to the name inside @path. The parent of
 * "/" is refused with -EINVAL. Returns the fd, or -errno.
 */
int path_open_parent_in_root(int root, const char *path, bool make, mode_t mode, const char **ret_name);

/* mkdir -p of a path of our own (configuration, state roots), with @mode for what is made. */
int path_make_dirs(const char *path, mode_t mode, struct error *err);

/* "a//b/./../c" to "a/c", lexically; an absolute path stays absolute and never rises above "/". free() it. */
char *path_normalize(const char *path);

/* @dir and @name with one slash between them. free() it. */
char *path_join(const char *dir, const char *name);

/* The part behind the last slash. */
const char *path_base(const char *path);

/*
 * Remove what @name in directory @dir is, with all below it, however deep it goes. Links are removed, not followed;
 * mount points below stop it with EBUSY. What somebody puts there meanwhile is removed, too. A missing name is success.
 * Returns 0 or -errno of the first failure (the rest is still removed).
 */
int path_remove_tree(int dir, const char *name);

/* The resolved path of an open fd by /proc, for messages only. */
char *path_of_fd(int fd);
