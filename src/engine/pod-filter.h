/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters of lists of pods: KEY=VALUE. Of several with one key any may match (of labels all have to), of several keys
 * all. Source: podman-pod-ps(1), "filter".
 */
#pragma once

#include "engine/pod.h"

struct pod_condition {
	size_t key;
	char *value;
	int64_t number; /* a count, a time: as the key says */
};

struct pod_filter {
	struct pod_condition *conditions;
	size_t count;
};

/* @texts is a strv. Errors: ERR_USAGE. */
int pod_filter_parse(char *const *texts, struct pod_filter *ret, struct error *err);
void pod_filter_done(struct pod_filter *filter);
#define _cleanup_pod_filter_ _cleanup_(pod_filter_done)

bool pod_filter_matches(const struct pod_filter *filter, const struct pod *pod);
