/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a container runs as: "user", "user:group", by name or number, found in the image's own /etc/passwd and /etc/group.
 * The files are parsed here; neither the image's nor the host's name service is asked.
 *
 * By Docker's rules: a number needs no entry; without a group it is the user's from passwd, and the user's further groups
 * are those of /etc/group that list its name; with a group there are no further ones.
 *
 * Sources: passwd(5), group(5).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "engine/merged.h"

struct user {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* the supplementary ones, with gid as the first */
	size_t n_groups;
	char *home;    /* from passwd, or "/" */
};

/* @wish of "" is the superuser. @image is its name for messages. Errors: ERR_USER. */
int user_resolve(struct merged *merged, const char *wish, const char *image, struct user *ret, struct error *err);

/* Add further groups, by name or number. Errors: ERR_USER. */
int user_add_groups(struct merged *merged, char *const *names, const char *image, struct user *user, struct error *err);

/* Who has this id in the text of such a file, which both have in one field; or NULL. free() it. */
char *user_name_in(const char *text, uint32_t id);

/*
 * The highest id that the two files have, or that @wish is, if that is a number; of users and groups alike. What is called
 * nobody does not count.
 */
int user_last_id(struct merged *merged, const char *wish, uint32_t *ret, struct error *err);
void user_done(struct user *user);
#define _cleanup_user_ _cleanup_(user_done)
