/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory that a layer becomes, filled entry by entry.
 *
 * Invariants, cited by number in the code:
 *  T1  Everything happens relative to the directory's fd: parents are opened beneath it without following links, and
 *      the last component is made, never opened through. So nothing that stands in the archive leads out of it.
 *  T2  A path through a link of this layer leads where it would lead a process whose root is the layer's directory
 *      (unpack-links.h), as in Docker and containerd. These unpack onto the layers below, and follow their links, too; here,
 *      where each layer is a directory of its own, what a path goes through in another layer is not known.
 *  T3  Only this code makes whiteouts (device 0/0) and opaque directories: the archive's own ones are refused or
 *      dropped. So a device 0/0 in the directory is a whiteout.
 *  T4  Entries apply in their order. A later one replaces an earlier one, a directory keeps what is in it, and whatever
 *      hid a name of the layers below goes on hiding it: a directory that takes the place of a whiteout or of a file
 *      is opaque. A whiteout only hides what is below: it leaves an entry of its own layer alone, wherever it stands.
 *  T5  Until tree_finish(), directories are ours and closed, have no default ACL and no setgid bit: what is made in
 *      them inherits nothing.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "image/unpack-entry.h"

struct tree_directory; /* what tree_finish() still has to do to a directory */

struct tree {
	int root;
	uint64_t made, made_max; /* directory entries, also those of parents that the archive leaves out */
	bool owner_is_ours;	 /* what we make belongs to our_uid and our_gid, for sure */
	uid_t our_uid;
	gid_t our_gid;
	char *parent_path; /* the last one that was opened */
	int parent;
	struct tree_directory *directories;
	size_t n_directories;
	uint64_t directories_size; /* bytes of memory */
	bool implied;		   /* a directory was marked as one without an entry */
};

/* @root, a directory that nobody else uses, stays the caller's. It may be open with O_PATH. */
int tree_init(struct tree *tree, int root, uint64_t made_max, struct error *err);
void tree_done(struct tree *tree);
#define _cleanup_tree_ _cleanup_(tree_done)

/*
 * Make @entry. For a regular file, this is an empty one, whose fd comes in *ret_fd for the caller to write and to give
 * to tree_close_file(); for all others *ret_fd is -1. Errors: ERR_IMG_LAYER, or what the system says.
 */
int tree_add(struct tree *tree, const struct entry *entry, int *ret_fd, struct error *err);

/* Set the attributes of the file. @fd stays the caller's. */
int tree_close_file(struct tree *tree, int fd, const struct entry *entry, struct error *err);

/*
 * Give every directory its attributes, and mark those that have no entry (storage/parents.h); nothing can be added
 * afterwards.
 */
int tree_finish(struct tree *tree, struct error *err);
