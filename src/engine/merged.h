/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container will see at a path, found out before anything is mounted: layers laid over each other by overlayfs'
 * rules (whiteouts, opaque directories, a file hides what is below it), and symbolic links followed inside of them, never
 * out. Nothing is executed, and nothing outside of the directories is ever opened.
 *
 * Source: kernel Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories", "Directories".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

struct merged;

/* @dirs are the layers, topmost first; a missing one is an error. */
int merged_open(char *const *dirs, struct merged **ret, struct error *err);
void merged_free(struct merged *merged);
DEFINE_CLEANUP(struct merged *, merged_free);
#define _cleanup_merged_ _cleanup_(merged_freep)

/* The regular file that is at the absolute @path. Returns an fd for reading, or -errno. */
int merged_open_file(struct merged *merged, const char *path);

/* Its text, of at most @max bytes; "" where there is none. */
int merged_read(struct merged *merged, const char *path, size_t max, char **ret, struct error *err);

/*
 * What @name, one component, is in the directory that @dir is: 1 for a directory, which *ret is then; 0 for anything else;
 * or -errno. merged_free() it.
 */
int merged_enter(struct merged *dir, const char *name, struct merged **ret);

/* The same, for all that is to be known of it: 0, or -errno. */
struct stat;
int merged_stat(struct merged *dir, const char *name, struct stat *ret);

/* The names in it, sorted; 0 or -errno. strv_free() them. */
int merged_names(struct merged *dir, char ***ret);
