/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which events `events --filter` shows. Of several filters with one key any may be true, of labels and of different keys
 * all have to.
 *
 *	event      the action; "exec_start" is also "exec_start: sh -c true"
 *	type       "container", "image", ...
 *	container, network, volume
 *	           the beginning of the id or the name of such a one
 *	image      its id or name, with or without a tag; for containers the name of their image
 *	label      KEY or KEY=VALUE
 *	scope      "local": all of ours are
 *
 * Source: docs.docker.com/reference/cli/docker/system/events, "Filtering"; the behaviour of docker 28.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "engine/event.h"

enum event_filter_key {
	EVENT_FILTER_CONTAINER,
	EVENT_FILTER_EVENT,
	EVENT_FILTER_IMAGE,
	EVENT_FILTER_LABEL,
	EVENT_FILTER_NETWORK,
	EVENT_FILTER_SCOPE,
	EVENT_FILTER_TYPE,
	EVENT_FILTER_VOLUME,
	EVENT_FILTER_KEYS,
};

struct event_filter {
	char **values[EVENT_FILTER_KEYS]; /* strv */
};

/* @filters is a strv of "KEY=VALUE", or NULL. Errors: ERR_USAGE. */
int event_filter_parse(char *const *filters, struct event_filter *ret, struct error *err);
bool event_filter_matches(const struct event_filter *filter, const struct event *event);
void event_filter_done(struct event_filter *filter);
#define _cleanup_event_filter_ _cleanup_(event_filter_done)
