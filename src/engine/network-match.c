/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-match.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/filter.h"

static const char *const KEYS[NETWORK_MATCH_KEY_COUNT + 1] = {
	[NETWORK_MATCH_DANGLING] = "dangling", [NETWORK_MATCH_DRIVER] = "driver",    [NETWORK_MATCH_ID] = "id",
	[NETWORK_MATCH_LABEL] = "label",       [NETWORK_MATCH_LABEL_NOT] = "label!", [NETWORK_MATCH_NAME] = "name",
	[NETWORK_MATCH_SCOPE] = "scope",       [NETWORK_MATCH_TYPE] = "type",	     [NETWORK_MATCH_UNTIL] = "until",
};

/* --- parsing --- */

static int parse_value(struct network_condition *condition, struct error *err)
{
	const char *key = KEYS[condition->key], *value = condition->value;
	bool flag;
	switch (condition->key) {
	case NETWORK_MATCH_DANGLING:
		if (parse_bool(value, &flag, NULL) < 0)
			return filter_refuse(key, value, "true or false", err);
		condition->number = flag;
		return 0;
	case NETWORK_MATCH_TYPE:
		return streq(value, "custom") || streq(value, "builtin")
			       ? 0
			       : filter_refuse(key, value, "custom or builtin", err);
	case NETWORK_MATCH_UNTIL:
		if (time_parse_when(value, time_now_ns(), &condition->number, NULL) < 0)
			return filter_refuse(key, value, "a time or a duration", err);
		return 0;
	default:
		return 0;
	}
}

static int add_condition(const char *text, struct network_match *match, struct error *err)
{
	struct network_condition condition = { 0 };
	size_t key;
	int r = filter_parse(text, KEYS, &key, &condition.value, err);
	if (r < 0)
		return r;
	condition.key = (enum network_match_key)key;
	r = parse_value(&condition, err);
	if (r < 0) {
		free(condition.value);
		return r;
	}
	*ARRAY_APPEND(match->conditions, match->count) = condition;
	return 0;
}

int network_match_parse(char *const *texts, struct network_match *ret, struct error *err)
{
	struct network_match match = { 0 };
	int r = 0;
	for (; r >= 0 && texts && *texts; texts++)
		r = add_condition(*texts, &match, err);
	if (r < 0)
		network_match_done(&match);
	else
		*ret = match;
	return r;
}

void network_match_done(struct network_match *match)
{
	for (size_t i = 0; i < match->count; i++)
		free(match->conditions[i].value);
	free(match->conditions);
	*match = (struct network_match){ 0 };
}

/* --- matching --- */

/* Nobody's network is dangling that nobody has made. */
static int is_dangling(struct engine *engine, const struct network_record *record, struct error *err)
{
	return network_is_builtin(record) ? 0 : engine_network_is_dangling(engine, record, err);
}

static int matches(struct engine *engine, const struct network_condition *condition,
		   const struct network_record *record, struct error *err)
{
	int r;
	switch (condition->key) {
	case NETWORK_MATCH_DANGLING:
		r = is_dangling(engine, record, err);
		return r < 0 ? r : r == condition->number;
	case NETWORK_MATCH_DRIVER:
		return streq(record->driver, condition->value);
	case NETWORK_MATCH_ID:
		return strstr(record->id, condition->value) != NULL;
	case NETWORK_MATCH_LABEL:
		return filter_has_label(record->labels, condition->value);
	case NETWORK_MATCH_LABEL_NOT:
		return !filter_has_label(record->labels, condition->value);
	case NETWORK_MATCH_NAME:
		return strstr(record->name, condition->value) != NULL;
	case NETWORK_MATCH_SCOPE:
		return streq(condition->value, "local");
	case NETWORK_MATCH_TYPE:
		return network_is_builtin(record) == streq(condition->value, "builtin");
	case NETWORK_MATCH_UNTIL:
		return record->created_at < condition->number;
	case NETWORK_MATCH_KEY_COUNT:
		break;
	}
	return 1;
}

int network_matches(struct engine *engine, const struct network_match *match, const struct network_record *record,
		    struct error *err)
{
	struct filter_verdict verdict = { 0 };
	for (size_t i = 0; i < match->count; i++) {
		enum network_match_key key = match->conditions[i].key;
		int yes = matches(engine, &match->conditions[i], record, err);
		if (yes < 0)
			return yes;
		filter_count(&verdict, key, key == NETWORK_MATCH_LABEL || key == NETWORK_MATCH_LABEL_NOT, yes > 0);
	}
	return filter_passes(&verdict);
}
