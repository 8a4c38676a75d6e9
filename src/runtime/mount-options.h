/* SPDX-License-Identifier: Apache-2.0 */
/* A mount's option words, as config.json has them, sorted by what the kernel wants to hear of them and how. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "runtime/mount.h"
#include "runtime/spec.h"

#define MOUNT_SUBPATH "src-subpath="

struct mount_options {
	bool bind, recursive; /* "bind", "rbind" */
	bool remount;	      /* change what is mounted there */
	struct mount_change change;
	unsigned long superblock; /* MS_* that belong to the file system: MS_SYNCHRONOUS, MS_DIRSYNC, ... */
	bool copy_up;		  /* "tmpcopyup": fill a tmpfs with what it hides */
	bool copy_symlink;	  /* a source that is a link is made anew at the destination, instead of a mount */
	bool source_nofollow;	  /* "src-nofollow": a link itself is mounted */
	bool target_nofollow;	  /* "dest-nofollow": a link itself is mounted on */
	bool map_ids, map_ids_recursive; /* "idmap", "ridmap" */
	char *id_mapping;	  /* what stands behind "idmap=", or NULL; runtime/mount-idmap.c reads it */
	char *source_subpath;	  /* "src-subpath=PATH": what is at PATH inside of the source, or NULL */
	char **data;		  /* the file system's own options; strv */
};

/* Errors: ERR_SPEC for options that exclude each other. Unknown words are the file system's, and the kernel's to judge. */
int mount_options_parse(char *const *words, struct mount_options *ret, struct error *err);
void mount_options_done(struct mount_options *options);
#define _cleanup_mount_options_ _cleanup_(mount_options_done)

/* Whether a mount binds something that exists, rather than making a file system: by its type or by an option. */
bool mount_is_bind(const struct spec_mount *mount);

/* Whether a bind takes the mounts below, too: "rbind", and type "bind" without a word about it. */
static inline bool mount_options_bind_tree(const struct mount_options *options)
{
	return options->recursive || !options->bind;
}

/* All words that are known here, for `features`. NULL-terminated. */
const char *const *mount_option_names(void);

/* "rslave" as its MS_* flags; 0 if it is none. */
unsigned long mount_propagation_from_name(const char *name, bool *ret_recursive);
