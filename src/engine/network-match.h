/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters of lists of networks: KEY=VALUE. Of several with one key any may match, of labels all have to.
 * Source: docs.docker.com, "docker network ls", "Filtering"; "docker network prune".
 */
#pragma once

#include "engine/network.h"

enum network_match_key {
	NETWORK_MATCH_DANGLING,
	NETWORK_MATCH_DRIVER,
	NETWORK_MATCH_ID,
	NETWORK_MATCH_LABEL,
	NETWORK_MATCH_LABEL_NOT,
	NETWORK_MATCH_NAME,
	NETWORK_MATCH_SCOPE,
	NETWORK_MATCH_TYPE,
	NETWORK_MATCH_UNTIL,
	NETWORK_MATCH_KEY_COUNT,
};

struct network_condition {
	enum network_match_key key;
	char *value;
	int64_t number; /* of those that are true or false, and of times */
};

struct network_match {
	struct network_condition *conditions;
	size_t count;
};

/* @texts is a strv. Errors: ERR_USAGE. */
int network_match_parse(char *const *texts, struct network_match *ret, struct error *err);
void network_match_done(struct network_match *match);
#define _cleanup_network_match_ _cleanup_(network_match_done)

/* 1 or 0. */
int network_matches(struct engine *engine, const struct network_match *match, const struct network_record *record,
		    struct error *err);
