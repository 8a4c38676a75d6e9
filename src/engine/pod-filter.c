/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pod-filter.h"

#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/filter.h"

/* --- what the keys are about --- */

static bool id_matches(const struct pod_condition *condition, const struct pod *pod)
{
	return str_after(pod->id, condition->value) != NULL;
}

static bool name_matches(const struct pod_condition *condition, const struct pod *pod)
{
	return strstr(pod->name, condition->value) != NULL;
}

static bool label_matches(const struct pod_condition *condition, const struct pod *pod)
{
	return filter_has_label(pod->labels, condition->value);
}

static bool status_matches(const struct pod_condition *condition, const struct pod *pod)
{
	return strcasecmp(pod_state(pod), condition->value) == 0;
}

static bool number_matches(const struct pod_condition *condition, const struct pod *pod)
{
	return (int64_t)pod->n_containers == condition->number;
}

static bool network_matches(const struct pod_condition *condition, const struct pod *pod)
{
	return pod->n_containers > 0 && strv_contains(pod->containers[0]->networks, condition->value);
}

static bool until_matches(const struct pod_condition *condition, const struct pod *pod)
{
	return pod->created_at < condition->number;
}

/* Whether that of any container is so. */
static bool any_id_matches(const struct pod_condition *condition, const struct pod *pod)
{
	for (size_t i = 0; i < pod->n_containers; i++)
		if (str_after(pod->containers[i]->id, condition->value))
			return true;
	return false;
}

static bool any_name_matches(const struct pod_condition *condition, const struct pod *pod)
{
	for (size_t i = 0; i < pod->n_containers; i++)
		if (strstr(pod->containers[i]->name, condition->value))
			return true;
	return false;
}

static bool any_state_matches(const struct pod_condition *condition, const struct pod *pod)
{
	for (size_t i = 0; i < pod->n_containers; i++)
		if (streq(container_state_name(pod->containers[i]->state), condition->value))
			return true;
	return false;
}

static int parse_number(struct pod_condition *condition, struct error *err)
{
	int r = parse_i64(condition->value, 0, INT32_MAX, &condition->number, NULL);
	return r < 0 ? filter_refuse("ctr-number", condition->value, "a number", err) : 0;
}

static int parse_until(struct pod_condition *condition, struct error *err)
{
	int r = time_parse_when(condition->value, time_now_ns(), &condition->number, NULL);
	return r < 0 ? filter_refuse("until", condition->value, "a time or a duration", err) : 0;
}

enum { LABEL = 5 };

/* In one order. */
static const char *const NAMES[] = { "ctr-ids", "ctr-names", "ctr-number", "ctr-status", "id", "label",
				     "name",	"network",   "status",	   "until",	 NULL };
static const struct {
	bool (*matches)(const struct pod_condition *condition, const struct pod *pod);
	int (*parse)(struct pod_condition *condition, struct error *err); /* or NULL */
} KEYS[] = {
	{ any_id_matches, NULL },	{ any_name_matches, NULL }, { number_matches, parse_number },
	{ any_state_matches, NULL },	{ id_matches, NULL },	    { label_matches, NULL },
	{ name_matches, NULL },		{ network_matches, NULL },  { status_matches, NULL },
	{ until_matches, parse_until },
};

/* --- all of them --- */

int pod_filter_parse(char *const *texts, struct pod_filter *ret, struct error *err)
{
	struct pod_filter filter = { 0 };
	int r = 0;
	for (; r >= 0 && texts && *texts; texts++) {
		struct pod_condition condition = { 0 };
		r = filter_parse(*texts, NAMES, &condition.key, &condition.value, err);
		if (r >= 0 && KEYS[condition.key].parse)
			r = KEYS[condition.key].parse(&condition, err);
		*ARRAY_APPEND(filter.conditions, filter.count) = condition;
	}
	if (r < 0) {
		pod_filter_done(&filter);
		return r;
	}
	*ret = filter;
	return 0;
}

void pod_filter_done(struct pod_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++)
		free(filter->conditions[i].value);
	free(filter->conditions);
	*filter = (struct pod_filter){ 0 };
}

bool pod_filter_matches(const struct pod_filter *filter, const struct pod *pod)
{
	struct filter_verdict verdict = { 0 };
	for (size_t i = 0; i < filter->count; i++) {
		const struct pod_condition *condition = &filter->conditions[i];
		bool met = KEYS[condition->key].matches(condition, pod);
		filter_count(&verdict, (unsigned)condition->key, condition->key == LABEL, met);
	}
	return filter_passes(&verdict);
}
