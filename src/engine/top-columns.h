/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be asked of a container's processes by Podman's words: as the container sees it, and, where the word begins with
 * "h", as the host does.
 *
 * Sources: podman-top(1), "FORMAT DESCRIPTORS"; proc_pid_status(5), proc_pid_stat(5).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct id_mapping;

struct top_names {
	pid_t first;		      /* of the container's processes: who is numbered where it is */
	char *passwd, *group;	      /* texts of the container's files */
	const struct id_mapping *ids; /* of its user namespace; empty: it has the engine's */
	const struct id_mapping *own; /* of the engine's, on the machine */
};

/*
 * The columns that @words (of `top`, behind the container) name: NULL if they are options of ps(1), among which "-o" with
 * columns that ps has. strv_free(*ret). Errors: ERR_INVALID for a word that is no column.
 */
int top_columns_parse(char *const *words, char ***ret, struct error *err);

/* A header, and a line for each of @pids that is still there; cells are separated by tabs. strv_free() them. */
char **top_columns_show(char *const *columns, const pid_t *pids, size_t count, const struct top_names *names);
