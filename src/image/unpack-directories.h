/* SPDX-License-Identifier: Apache-2.0 */
/* The part of unpack-tree.h that waits until the end: attributes of directories. */
#pragma once

#include "image/unpack-tree.h"

/*
 * Note what tree_finish() is to do: what @entry says, or 0755 and nothing else. @anew: it is none of those below, for it has
 * taken the place of what hides them.
 */
int directories_add(struct tree *tree, const struct entry *entry, struct error *err);
int directories_add_implicit(struct tree *tree, const char *path, bool anew, struct error *err);
void directories_free(struct tree *tree);
