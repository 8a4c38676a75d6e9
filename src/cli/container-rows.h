/* SPDX-License-Identifier: Apache-2.0 */
/* Containers in lists, with Docker's fields and headers. */
#pragma once

#include "cli/rows.h"
#include "engine/engine.h"

extern const struct rows_kind CONTAINER_ROWS;

struct container_show {
	bool no_trunc;
	int64_t now;
	const char *size; /* as format_container_size() has it, or NULL */
};

/* For rows_add(). */
struct json_object *container_fields(const struct container_record *record, const struct container_show *show);

/* Its first process, and the numbers of the namespaces that this is in, as Podman's fields have them. */
void container_add_namespaces(const struct container_record *record, struct json_object *fields);

/* "12.3kB (virtual 9.88MB)": what its files take, and with the image. */
int format_container_size(struct engine *engine, const struct container_record *record, struct str *out,
			  struct error *err);
