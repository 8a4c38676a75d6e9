/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths of `cp`, by Docker's rules. A slash or "/." at the end says that it is a directory, and "/." (also "/" alone)
 * that what is in it is meant, and not the directory. A path is looked at from a root that it does not lead out of.
 *
 * Source: Docker, "docker container cp", "Description"; the behaviour of docker 28.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* What is to be copied. */
struct copy_origin {
	int fd;	  /* O_PATH */
	char *as; /* the name that it has got, or "": what is in it */
	mode_t mode;
};
#define COPY_ORIGIN_NONE \
	{                \
		.fd = -1 \
	}
void copy_origin_done(struct copy_origin *origin);
#define _cleanup_copy_origin_ _cleanup_(copy_origin_done)

/* @follow: a link at its end, too. Returns 0 or -errno. */
int copy_origin_open(int root, const char *path, bool follow, struct copy_origin *ret);

/* Where it is to go. */
struct copy_target {
	char *dir;		/* an existing directory in the root; links at its end are followed */
	char *name;		/* in it; or NULL: the directory itself is what was named */
	bool is_directory_name; /* the path says that it is one, and it is not there */
	mode_t mode;		/* 0: it is not there */
};
void copy_target_done(struct copy_target *target);
#define _cleanup_copy_target_ _cleanup_(copy_target_done)

/* Returns 0 or -errno: -ENOENT if not even the directory is there that it is to be made in. */
int copy_target_find(int root, const char *path, struct copy_target *ret);

/*
 * What @origin is to be called in target->dir: a text of theirs. Errors: ERR_INVALID in Docker's words ("cannot copy
 * directory", "no such directory", "not a directory").
 */
int copy_name(const struct copy_origin *origin, const struct copy_target *target, const char **ret_as,
	      struct error *err);
