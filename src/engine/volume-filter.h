/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters of lists of volumes: KEY=VALUE. Of several names or drivers any may match, of labels all have to.
 * Source: docs.docker.com, "docker volume ls", "Filtering"; "docker volume prune".
 */
#pragma once

#include <regex.h>

#include "engine/volume.h"

enum volume_filter_key {
	VOLUME_FILTER_ALL, /* of prune: whether those with names are meant, too */
	VOLUME_FILTER_DANGLING,
	VOLUME_FILTER_DRIVER,
	VOLUME_FILTER_LABEL,
	VOLUME_FILTER_LABEL_NOT,
	VOLUME_FILTER_NAME,
	VOLUME_FILTER_KEY_COUNT,
};

struct volume_condition {
	enum volume_filter_key key;
	char *value;
	bool flag;	 /* of those that are true or false */
	regex_t pattern; /* of names */
};

struct volume_filter {
	struct volume_condition *conditions;
	size_t count;
};

/* @texts is a strv. Errors: ERR_USAGE. */
int volume_filter_parse(char *const *texts, struct volume_filter *ret, struct error *err);
void volume_filter_done(struct volume_filter *filter);
#define _cleanup_volume_filter_ _cleanup_(volume_filter_done)

bool volume_filter_matches(const struct volume_filter *filter, const struct volume *volume);

/* Whether it says all=true. */
bool volume_filter_wants_all(const struct volume_filter *filter);
