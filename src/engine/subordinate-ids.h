/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids beside his own that an ordinary user may give to processes. Source: subuid(5), subgid(5).
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "runtime/spec.h"

#define SUBUID_FILE "/etc/subuid"
#define SUBGID_FILE "/etc/subgid"

/* Mappings of a user namespace, in the order of the ids inside. */
struct id_list {
	struct spec_id_mapping *items;
	size_t count;
};
void id_list_done(struct id_list *list);
#define _cleanup_id_list_ _cleanup_(id_list_done)

/* How many ids they are. */
uint64_t id_list_size(const struct id_list *list);

/*
 * Append the ranges that @text, in the form of these files, has for @user (NULL: a user without a name) or @uid, each
 * mapped behind the last one in @list. A line that makes no sense is left out, as by newuidmap(1).
 */
void subordinate_ids_parse(const char *text, const char *user, uid_t uid, struct id_list *list);

/* The same from the file @path; where there is none, nobody has any. */
int subordinate_ids_read(const char *path, const char *user, uid_t uid, struct id_list *list, struct error *err);
