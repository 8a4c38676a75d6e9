/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters of lists of images: KEY=VALUE. All have to match, but of several references any may. "label!=x" is the key
 * "label!".
 * Source: docs.docker.com, "docker image ls", "Filtering"; "docker image prune".
 */
#pragma once

#include "engine/engine.h"

enum image_filter_key {
	IMAGE_FILTER_BEFORE,
	IMAGE_FILTER_DANGLING,
	IMAGE_FILTER_LABEL,
	IMAGE_FILTER_LABEL_NOT,
	IMAGE_FILTER_REFERENCE,
	IMAGE_FILTER_SINCE,
	IMAGE_FILTER_UNTIL,
	IMAGE_FILTER_KEY_COUNT,
};

struct image_condition {
	enum image_filter_key key;
	char *value;
	int64_t number; /* a time, or whether it is to be dangling */
};

struct image_filter {
	struct image_condition *conditions;
	size_t count;
	bool asks[IMAGE_FILTER_KEY_COUNT];
};

/* @texts is a strv. Errors: ERR_USAGE; ERR_IMG_NOT_FOUND for the one that `before` or `since` names. */
int image_filter_parse(struct engine *engine, char *const *texts, struct image_filter *ret, struct error *err);
void image_filter_done(struct image_filter *filter);
#define _cleanup_image_filter_ _cleanup_(image_filter_done)

/* 1 or 0; the labels are read if they are asked for. */
int image_filter_matches(const struct image_filter *filter, struct engine *engine, const struct image *image,
			 struct error *err);

/* Whether a list shows @name ("busybox:1") of an image that matches. */
bool image_filter_shows_name(const struct image_filter *filter, const char *name);

/* Whether it says dangling=false. */
bool image_filter_wants_tagged(const struct image_filter *filter);

/* When it was made, or 0. */
int64_t image_created_at(const struct image *image);
