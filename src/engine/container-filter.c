/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container-filter.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/filter.h"
#include "engine/image.h"
#include "engine/network.h"
#include "engine/record.h"
#include "engine/restart.h"

static const char *const KEY_NAMES[FILTER_KEY_COUNT + 1] = {
	[FILTER_ANCESTOR] = "ancestor", [FILTER_BEFORE] = "before",	  [FILTER_EXITED] = "exited",
	[FILTER_EXPOSE] = "expose",	[FILTER_HEALTH] = "health",	  [FILTER_ID] = "id",
	[FILTER_IS_TASK] = "is-task",	[FILTER_ISOLATION] = "isolation", [FILTER_LABEL] = "label",
	[FILTER_LABEL_NOT] = "label!",	[FILTER_NAME] = "name",		  [FILTER_NETWORK] = "network",
	[FILTER_PUBLISH] = "publish",	[FILTER_SINCE] = "since",	  [FILTER_STATUS] = "status",
	[FILTER_UNTIL] = "until",	[FILTER_VOLUME] = "volume",	  [FILTER_RESTART_POLICY] = "restart-policy",
	[FILTER_POD] = "pod",
};

/* --- Values --- */

static int refuse(const struct container_condition *condition, const char *expected, struct error *err)
{
	return filter_refuse(KEY_NAMES[condition->key], condition->value, expected, err);
}

static int parse_pattern(struct engine *engine, struct container_condition *condition, struct error *err)
{
	char why[128];
	int r = regcomp(&condition->pattern, condition->value, REG_EXTENDED | REG_NOSUB);
	if (r == 0)
		return 0;
	regerror(r, &condition->pattern, why, sizeof why);
	why[0] = (char)tolower((unsigned char)why[0]);
	return err_set(err, ERR_USAGE, "invalid filter '%s=%s': %s", KEY_NAMES[condition->key], condition->value, why);
}

static int parse_status(struct engine *engine, struct container_condition *condition, struct error *err)
{
	/* Docker's other word is a state in which no container of ours can be seen. */
	static const char *const never[] = { "removing", NULL };
	for (int state = STATE_CREATED; state < STATE_COUNT; state++) {
		if (streq(container_state_name((enum container_state)state), condition->value)) {
			condition->number = state;
			return 0;
		}
	}
	condition->number = -1;
	return strv_contains((char *const *)never, condition->value)
		       ? 0
		       : refuse(condition, "created, running, restarting, paused, exited or dead", err);
}

static int parse_exit_code(struct engine *engine, struct container_condition *condition, struct error *err)
{
	enum { EXIT_CODE_MAX = 255 };
	int r = parse_i64(condition->value, 0, EXIT_CODE_MAX, &condition->number, NULL);
	return r < 0 ? refuse(condition, "a number up to 255", err) : 0;
}

/* "80", "80/udp", "8000-8010/tcp". */
static int parse_port(struct engine *engine, struct container_condition *condition, struct error *err)
{
	enum { PORT_MAX = 65535 };
	static const char *const protocols[] = { "tcp", "udp", "sctp", NULL };
	_cleanup_free_ char *ports = mem_strdup(condition->value);
	char *slash = strchr(ports, '/'), *minus;
	uint64_t first, last;
	if (slash)
		*slash = '\0';
	minus = strchr(ports, '-');
	if (minus)
		*minus = '\0';
	bool known = !slash || strv_contains((char *const *)protocols, slash + 1);
	if (!known || parse_u64(ports, PORT_MAX, &first, NULL) < 0 ||
	    parse_u64(minus ? minus + 1 : ports, PORT_MAX, &last, NULL) < 0 || first > last)
		return refuse(condition, "PORT[-PORT][/PROTOCOL]", err);
	condition->first_port = first;
	condition->last_port = last;
	condition->protocol = mem_strdup(slash ? slash + 1 : "tcp");
	return 0;
}

static int parse_health(struct engine *engine, struct container_condition *condition, struct error *err)
{
	static const char *const words[] = {
		[HEALTH_IS_NONE] = "none",
		[HEALTH_IS_STARTING] = "starting",
		[HEALTH_IS_HEALTHY] = "healthy",
		[HEALTH_IS_UNHEALTHY] = "unhealthy",
	};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (streq(words[i], condition->value)) {
			condition->number = (int64_t)i;
			return 0;
		}
	}
	return refuse(condition, "starting, healthy, unhealthy or none", err);
}

static int parse_isolation(struct engine *engine, struct container_condition *condition, struct error *err)
{
	static const char *const words[] = { "default", "process", "hyperv", NULL };
	return strv_contains((char *const *)words, condition->value)
		       ? 0
		       : refuse(condition, "default, process or hyperv", err);
}

static int parse_restart_policy(struct engine *engine, struct container_condition *condition, struct error *err)
{
	for (int policy = RESTART_NO; policy <= RESTART_UNLESS_STOPPED; policy++)
		if (streq(condition->value, restart_policy_name((enum restart_policy)policy)))
			return 0;
	return refuse(condition, "no, on-failure, always or unless-stopped", err);
}

static int parse_is_task(struct engine *engine, struct container_condition *condition, struct error *err)
{
	bool wanted = false;
	int r = parse_bool(condition->value, &wanted, NULL);
	condition->number = wanted;
	return r < 0 ? refuse(condition, "true or false", err) : 0;
}

static int find_moment(struct engine *engine, struct container_condition *condition, struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	int r = engine_container_find(engine, condition->value, &record, err);
	if (r >= 0)
		condition->number = record->created_at;
	return r;
}

static int parse_until(struct engine *engine, struct container_condition *condition, struct error *err)
{
	int r = time_parse_when(condition->value, time_now_ns(), &condition->number, NULL);
	return r < 0 ? refuse(condition, "a time or a duration", err) : 0;
}

static bool has_layers_of(const struct image *image, const struct image *base)
{
	size_t count = strv_count(base->diff_ids);
	if (count == 0 || strv_count(image->diff_ids) < count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!streq(image->diff_ids[i], base->diff_ids[i]))
			return false;
	return true;
}

/* An image that is not here (any more) may still be what a container was made of, by name. */
static int find_ancestor(struct engine *engine, struct container_condition *condition, struct error *err)
{
	_cleanup_image_ struct image *base = NULL;
	struct image **images;
	size_t count;
	if (engine_image_find(engine, condition->value, &base, NULL) < 0)
		return 0;
	int r = engine_image_list(engine, &images, &count, err);
	if (r < 0)
		return r;
	strv_append(&condition->images, base->id);
	for (size_t i = 0; i < count; i++) {
		if (has_layers_of(images[i], base))
			strv_append(&condition->images, images[i]->id);
		image_free(images[i]);
	}
	free(images);
	return 0;
}

typedef int parse_function(struct engine *engine, struct container_condition *condition, struct error *err);

static parse_function *const PARSERS[FILTER_KEY_COUNT] = {
	[FILTER_ANCESTOR] = find_ancestor, [FILTER_BEFORE] = find_moment,
	[FILTER_EXITED] = parse_exit_code, [FILTER_EXPOSE] = parse_port,
	[FILTER_HEALTH] = parse_health,	   [FILTER_ID] = parse_pattern,
	[FILTER_IS_TASK] = parse_is_task,  [FILTER_ISOLATION] = parse_isolation,
	[FILTER_NAME] = parse_pattern,	   [FILTER_PUBLISH] = parse_port,
	[FILTER_SINCE] = find_moment,	   [FILTER_STATUS] = parse_status,
	[FILTER_UNTIL] = parse_until,	   [FILTER_RESTART_POLICY] = parse_restart_policy,
};

/* --- Parsing --- */

static void condition_done(struct container_condition *condition)
{
	if (PARSERS[condition->key] == parse_pattern)
		regfree(&condition->pattern);
	free(condition->value);
	free(condition->protocol);
	strv_free(condition->images);
}

static int add_condition(struct engine *engine, const char *text, struct container_filter *filter, struct error *err)
{
	struct container_condition condition = { 0 };
	size_t key = 0;
	int r = filter_parse(text, KEY_NAMES, &key, &condition.value, err);
	if (r < 0)
		return r;
	condition.key = (enum container_filter_key)key;
	r = PARSERS[key] ? PARSERS[key](engine, &condition, err) : 0;
	if (r < 0) {
		free(condition.value);
		free(condition.protocol);
		return r;
	}
	*ARRAY_APPEND(filter->conditions, filter->count) = condition;
	filter->shows_all |= key == FILTER_STATUS || key == FILTER_EXITED || key == FILTER_BEFORE ||
			     key == FILTER_SINCE;
	return 0;
}

int container_filter_parse(struct engine *engine, char *const *texts, struct container_filter *ret, struct error *err)
{
	struct container_filter filter = { 0 };
	int r = 0;
	for (; r >= 0 && texts && *texts; texts++)
		r = add_condition(engine, *texts, &filter, err);
	if (r < 0) {
		container_filter_done(&filter);
		return r;
	}
	*ret = filter;
	return 0;
}

void container_filter_done(struct container_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++)
		condition_done(&filter->conditions[i]);
	free(filter->conditions);
	*filter = (struct container_filter){ 0 };
}

/* --- Matching --- */

/* Docker's names begin with a slash inside, and people write patterns for either form. */
static bool name_matches(const struct container_condition *condition, const char *name)
{
	_cleanup_free_ char *slashed = mem_printf("/%s", name);
	return regexec(&condition->pattern, name, 0, NULL, 0) == 0 ||
	       regexec(&condition->pattern, slashed, 0, NULL, 0) == 0;
}

static bool has_mount(const struct container_record *record, const char *wanted)
{
	for (size_t i = 0; i < record->n_mounts; i++)
		if (streq(record->mounts[i].name, wanted) || streq(record->mounts[i].target, wanted))
			return true;
	return false;
}

static bool has_port(const struct container_condition *condition, const struct container_record *record)
{
	for (size_t i = 0; i < record->n_bindings; i++) {
		const struct port_binding *binding = &record->bindings[i];
		uint16_t port = condition->key == FILTER_PUBLISH ? binding->host_port : binding->container_port;
		if (port && port >= condition->first_port && port <= condition->last_port &&
		    streq(binding->protocol, condition->protocol))
			return true;
	}
	return false;
}

static bool matches(const struct container_condition *condition, const struct container_record *record)
{
	switch (condition->key) {
	case FILTER_ANCESTOR:
		return streq(record->image, condition->value) ||
		       (record->image_id && strv_contains(condition->images, record->image_id));
	case FILTER_BEFORE:
	case FILTER_UNTIL:
		return record->created_at < condition->number;
	case FILTER_EXITED:
		return record->state == STATE_EXITED && record->exit_code == condition->number;
	case FILTER_HEALTH:
		return (int64_t)record->health == condition->number;
	case FILTER_ID:
		return regexec(&condition->pattern, record->id, 0, NULL, 0) == 0;
	case FILTER_IS_TASK:
		return condition->number == 0;
	case FILTER_ISOLATION:
		return streq(condition->value, "default");
	case FILTER_LABEL:
		return filter_has_label(record->labels, condition->value);
	case FILTER_LABEL_NOT:
		return !filter_has_label(record->labels, condition->value);
	case FILTER_NAME:
		return name_matches(condition, record->name);
	case FILTER_NETWORK:
		return strv_contains(record->networks, condition->value);
	case FILTER_POD:
		return record->pod && (streq(record->pod_name, condition->value) ||
				       (*condition->value && str_after(record->pod, condition->value)));
	case FILTER_RESTART_POLICY:
		return streq(record->restart_policy, condition->value);
	case FILTER_SINCE:
		return record->created_at > condition->number;
	case FILTER_STATUS:
		return (int64_t)record->state == condition->number;
	case FILTER_VOLUME:
		return has_mount(record, condition->value);
	case FILTER_EXPOSE:
	case FILTER_PUBLISH:
		return has_port(condition, record);
	case FILTER_KEY_COUNT:
		break;
	}
	return false;
}

bool container_filter_matches(const struct container_filter *filter, const struct container_record *record)
{
	struct filter_verdict verdict = { 0 };
	for (size_t i = 0; i < filter->count; i++) {
		enum container_filter_key key = filter->conditions[i].key;
		bool singly = key == FILTER_LABEL || key == FILTER_LABEL_NOT;
		filter_count(&verdict, key, singly, matches(&filter->conditions[i], record));
	}
	return filter_passes(&verdict);
}
