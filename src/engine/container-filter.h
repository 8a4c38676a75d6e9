/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters of lists of containers: KEY=VALUE. Of several with one key any may match (of labels all have to), of several
 * keys all. "label!=x" is the key "label!".
 * Sources: docs.docker.com, "docker container ls", "Filtering"; podman-ps(1), "restart-policy".
 */
#pragma once

#include <regex.h>

#include "engine/engine.h"

enum container_filter_key {
	FILTER_ANCESTOR,
	FILTER_BEFORE,
	FILTER_EXITED,
	FILTER_EXPOSE,
	FILTER_HEALTH,
	FILTER_ID,
	FILTER_IS_TASK,
	FILTER_ISOLATION,
	FILTER_LABEL,
	FILTER_LABEL_NOT,
	FILTER_NAME,
	FILTER_NETWORK,
	FILTER_POD,
	FILTER_PUBLISH,
	FILTER_RESTART_POLICY,
	FILTER_SINCE,
	FILTER_STATUS,
	FILTER_UNTIL,
	FILTER_VOLUME,
	FILTER_KEY_COUNT,
};

struct container_condition {
	enum container_filter_key key;
	char *value;
	regex_t pattern; /* of FILTER_ID, FILTER_NAME */
	int64_t number; /* a state, a health, an exit code, a time: as the key says */
	uint64_t first_port, last_port; /* of FILTER_EXPOSE, FILTER_PUBLISH, and ... */
	char *protocol;			/* ... "tcp" */
	char **images;	/* of FILTER_ANCESTOR: the ids of that image and of those that are made of it */
};

struct container_filter {
	struct container_condition *conditions;
	size_t count;
	bool shows_all; /* it asks for containers that may not run */
};

/* @texts is a strv. Errors: ERR_USAGE; ERR_NO_CONTAINER for the one that `before` or `since` names. */
int container_filter_parse(struct engine *engine, char *const *texts, struct container_filter *ret, struct error *err);
void container_filter_done(struct container_filter *filter);
#define _cleanup_container_filter_ _cleanup_(container_filter_done)

bool container_filter_matches(const struct container_filter *filter, const struct container_record *record);
