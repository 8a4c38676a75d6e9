/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image-filter.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/filter.h"
#include "engine/image.h"

static const char *const KEY_NAMES[IMAGE_FILTER_KEY_COUNT + 1] = {
	[IMAGE_FILTER_BEFORE] = "before",    [IMAGE_FILTER_DANGLING] = "dangling",   [IMAGE_FILTER_LABEL] = "label",
	[IMAGE_FILTER_LABEL_NOT] = "label!", [IMAGE_FILTER_REFERENCE] = "reference", [IMAGE_FILTER_SINCE] = "since",
	[IMAGE_FILTER_UNTIL] = "until",
};

int64_t image_created_at(const struct image *image)
{
	int64_t ns = 0;
	if (image->created)
		(void)time_parse_rfc3339(image->created, &ns, NULL);
	return ns;
}

/* --- Parsing --- */

static int find_moment(struct engine *engine, struct image_condition *condition, struct error *err)
{
	_cleanup_image_ struct image *image = NULL;
	int r = engine_image_find(engine, condition->value, &image, err);
	if (r >= 0)
		condition->number = image_created_at(image);
	return r;
}

static int parse_value(struct engine *engine, struct image_condition *condition, struct error *err)
{
	const char *key = KEY_NAMES[condition->key];
	bool dangling;
	switch (condition->key) {
	case IMAGE_FILTER_BEFORE:
	case IMAGE_FILTER_SINCE:
		return find_moment(engine, condition, err);
	case IMAGE_FILTER_DANGLING:
		if (parse_bool(condition->value, &dangling, NULL) < 0)
			return filter_refuse(key, condition->value, "true or false", err);
		condition->number = dangling;
		return 0;
	case IMAGE_FILTER_UNTIL:
		if (time_parse_when(condition->value, time_now_ns(), &condition->number, NULL) < 0)
			return filter_refuse(key, condition->value, "a time or a duration", err);
		return 0;
	default:
		return 0;
	}
}

static int add_condition(struct engine *engine, const char *text, struct image_filter *filter, struct error *err)
{
	struct image_condition condition = { 0 };
	size_t key = 0;
	int r = filter_parse(text, KEY_NAMES, &key, &condition.value, err);
	if (r < 0)
		return r;
	condition.key = (enum image_filter_key)key;
	r = parse_value(engine, &condition, err);
	if (r < 0) {
		free(condition.value);
		return r;
	}
	*ARRAY_APPEND(filter->conditions, filter->count) = condition;
	filter->asks[key] = true;
	return 0;
}

int image_filter_parse(struct engine *engine, char *const *texts, struct image_filter *ret, struct error *err)
{
	struct image_filter filter = { 0 };
	int r = 0;
	for (; r >= 0 && texts && *texts; texts++)
		r = add_condition(engine, *texts, &filter, err);
	if (r < 0) {
		image_filter_done(&filter);
		return r;
	}
	*ret = filter;
	return 0;
}

void image_filter_done(struct image_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++)
		free(filter->conditions[i].value);
	free(filter->conditions);
	*filter = (struct image_filter){ 0 };
}

/* --- Matching --- */

/* The name without its digest or tag: up to an "@", or the last colon, if that is not a port's. */
static char *repository_of(const char *name)
{
	const char *at = strchr(name, '@'), *colon = strrchr(name, ':');
	if (at)
		return mem_strndup(name, (size_t)(at - name));
	return mem_strndup(name, colon && !strchr(colon, '/') ? (size_t)(colon - name) : strlen(name));
}

static bool reference_matches(const char *pattern, const char *name)
{
	_cleanup_free_ char *repository = repository_of(name);
	/* "[::1]:5000/x" is a name, too. */
	return streq(pattern, name) || streq(pattern, repository) || fnmatch(pattern, name, FNM_PATHNAME) == 0 ||
	       fnmatch(pattern, repository, FNM_PATHNAME) == 0;
}

bool image_filter_shows_name(const struct image_filter *filter, const char *name)
{
	bool shows = !filter->asks[IMAGE_FILTER_REFERENCE];
	for (size_t i = 0; i < filter->count && !shows; i++)
		shows = filter->conditions[i].key == IMAGE_FILTER_REFERENCE &&
			reference_matches(filter->conditions[i].value, name);
	return shows;
}

bool image_filter_wants_tagged(const struct image_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++)
		if (filter->conditions[i].key == IMAGE_FILTER_DANGLING && !filter->conditions[i].number)
			return true;
	return false;
}

static bool has_shown_name(const struct image_filter *filter, const struct image *image)
{
	for (char **name = image->names; name && *name; name++)
		if (image_filter_shows_name(filter, *name))
			return true;
	for (char **digest = image->digests; digest && *digest; digest++)
		if (image_filter_shows_name(filter, *digest))
			return true;
	return !filter->asks[IMAGE_FILTER_REFERENCE];
}

static bool matches(const struct image_condition *condition, const struct image *image, char *const *labels)
{
	int64_t created = image_created_at(image);
	switch (condition->key) {
	case IMAGE_FILTER_BEFORE:
	case IMAGE_FILTER_UNTIL:
		return created < condition->number;
	case IMAGE_FILTER_SINCE:
		return created > condition->number;
	case IMAGE_FILTER_DANGLING:
		return (strv_count(image->names) == 0) == (condition->number != 0);
	case IMAGE_FILTER_LABEL:
		return filter_has_label(labels, condition->value);
	case IMAGE_FILTER_LABEL_NOT:
		return !filter_has_label(labels, condition->value);
	default:
		return true; /* names are looked at one by one */
	}
}

static bool all_match(const struct image_filter *filter, const struct image *image, char *const *labels)
{
	for (size_t i = 0; i < filter->count; i++)
		if (!matches(&filter->conditions[i], image, labels))
			return false;
	return has_shown_name(filter, image);
}

int image_filter_matches(const struct image_filter *filter, struct engine *engine, const struct image *image,
			 struct error *err)
{
	_cleanup_image_config_ struct image_config config = { 0 };
	if (filter->asks[IMAGE_FILTER_LABEL] || filter->asks[IMAGE_FILTER_LABEL_NOT]) {
		int r = engine_image_config(engine, image, &config, err);
		if (r < 0)
			return r;
	}
	return all_match(filter, image, config.labels);
}
