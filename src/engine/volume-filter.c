/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume-filter.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "engine/filter.h"

static const char *const KEYS[VOLUME_FILTER_KEY_COUNT + 1] = {
	[VOLUME_FILTER_ALL] = "all",	 [VOLUME_FILTER_DANGLING] = "dangling", [VOLUME_FILTER_DRIVER] = "driver",
	[VOLUME_FILTER_LABEL] = "label", [VOLUME_FILTER_LABEL_NOT] = "label!",	[VOLUME_FILTER_NAME] = "name",
};

static bool is_flag(enum volume_filter_key key)
{
	return key == VOLUME_FILTER_ALL || key == VOLUME_FILTER_DANGLING;
}

static int parse_name(struct volume_condition *condition, struct error *err)
{
	char why[128];
	int r = regcomp(&condition->pattern, condition->value, REG_EXTENDED | REG_NOSUB);
	if (r == 0)
		return 0;
	regerror(r, &condition->pattern, why, sizeof why);
	why[0] = (char)tolower((unsigned char)why[0]);
	return err_set(err, ERR_USAGE, "invalid filter 'name=%s': %s", condition->value, why);
}

static int add_condition(const char *text, struct volume_filter *filter, struct error *err)
{
	struct volume_condition condition = { 0 };
	size_t key;
	int r = filter_parse(text, KEYS, &key, &condition.value, err);
	if (r < 0)
		return r;
	condition.key = (enum volume_filter_key)key;
	if (is_flag(condition.key) && parse_bool(condition.value, &condition.flag, NULL) < 0)
		r = filter_refuse(KEYS[key], condition.value, "true or false", err);
	else if (condition.key == VOLUME_FILTER_NAME)
		r = parse_name(&condition, err);
	if (r < 0) {
		free(condition.value);
		return r;
	}
	*ARRAY_APPEND(filter->conditions, filter->count) = condition;
	return 0;
}

int volume_filter_parse(char *const *texts, struct volume_filter *ret, struct error *err)
{
	struct volume_filter filter = { 0 };
	int r = 0;
	for (; r >= 0 && texts && *texts; texts++)
		r = add_condition(*texts, &filter, err);
	if (r < 0) {
		volume_filter_done(&filter);
		return r;
	}
	*ret = filter;
	return 0;
}

void volume_filter_done(struct volume_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++) {
		if (filter->conditions[i].key == VOLUME_FILTER_NAME)
			regfree(&filter->conditions[i].pattern);
		free(filter->conditions[i].value);
	}
	free(filter->conditions);
	*filter = (struct volume_filter){ 0 };
}

static bool matches(const struct volume_condition *condition, const struct volume *volume)
{
	switch (condition->key) {
	case VOLUME_FILTER_DANGLING:
		return (volume->links == 0) == condition->flag;
	case VOLUME_FILTER_DRIVER:
		return streq(condition->value, VOLUME_DRIVER);
	case VOLUME_FILTER_LABEL:
		return filter_has_label(volume->labels, condition->value);
	case VOLUME_FILTER_LABEL_NOT:
		return !filter_has_label(volume->labels, condition->value);
	case VOLUME_FILTER_NAME:
		return regexec(&condition->pattern, volume->name, 0, NULL, 0) == 0;
	case VOLUME_FILTER_ALL:
	case VOLUME_FILTER_KEY_COUNT:
		break; /* says nothing of one volume */
	}
	return true;
}

bool volume_filter_matches(const struct volume_filter *filter, const struct volume *volume)
{
	struct filter_verdict verdict = { 0 };
	for (size_t i = 0; i < filter->count; i++) {
		enum volume_filter_key key = filter->conditions[i].key;
		bool singly = key == VOLUME_FILTER_LABEL || key == VOLUME_FILTER_LABEL_NOT;
		filter_count(&verdict, key, singly, matches(&filter->conditions[i], volume));
	}
	return filter_passes(&verdict);
}

bool volume_filter_wants_all(const struct volume_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++)
		if (filter->conditions[i].key == VOLUME_FILTER_ALL && filter->conditions[i].flag)
			return true;
	return false;
}
