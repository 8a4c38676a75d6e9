/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The --filter of `ps`: KEY=VALUE. Of several with one key any may match (of labels all have to), of several keys all.
 * Source: docs.docker.com, "docker container ls", "Filtering".
 */
#pragma once

#include <regex.h>

#include "engine/engine.h"

enum filter_key {
	FILTER_ID,
	FILTER_NAME,
	FILTER_LABEL,
	FILTER_STATUS,
	FILTER_EXITED,
	FILTER_ANCESTOR,
	FILTER_KEY_COUNT
};

struct filter {
	enum filter_key key;
	const char *value; /* borrowed */
	regex_t pattern;   /* of FILTER_ID, FILTER_NAME */
	int number;	   /* enum container_state of FILTER_STATUS, or an exit code */
	char *image_id;	   /* of FILTER_ANCESTOR, if there is such an image */
};

struct container_filter {
	struct filter *filters;
	size_t count;
	bool shows_all; /* it asks for states in which containers do not run */
};

/* @texts has to outlive the filter. Errors: ERR_USAGE. */
int container_filter_parse(struct engine *engine, char *const *texts, struct container_filter *ret, struct error *err);
void container_filter_done(struct container_filter *filter);
#define _cleanup_container_filter_ _cleanup_(container_filter_done)

bool container_filter_matches(const struct container_filter *filter, const struct container_record *record);
