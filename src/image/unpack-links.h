/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbolic links in the paths of an archive: where a process would get to whose root directory is the layer's. Absolute
 * targets begin at that directory, and ".." ends there.
 *
 * The links are read one by one, and the result is a path without any, which is then opened as every other path: beneath
 * the directory, and following nothing (T1 of unpack-tree.h).
 */
#pragma once

enum { LINKS_MAX = 40 /* as the kernel's, path_resolution(7) */ };

/*
 * @path, normalised, without links: *ret, freed by the caller, "" for the directory itself. What does not exist is taken as
 * it is written. Returns 0, -ELOOP for too many links, -EPERM for one that leads to a name of a whiteout, or -errno.
 */
int links_resolve(int root, const char *path, char **ret);
