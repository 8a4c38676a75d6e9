/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/health-config.h"

#include <limits.h>

#include "base/str.h"
#include "base/time.h"
#include "base/util.h"

/* Docker's defaults. */
static const struct {
	int64_t interval_ns, timeout_ns, start_interval_ns;
	int retries;
} DEFAULTS = { 30 * NSEC_PER_SEC, 30 * NSEC_PER_SEC, 5 * NSEC_PER_SEC, 3 };

static enum health_action find_action(const char *name)
{
	static const char *const names[] = {
		[HEALTH_LEAVES] = "none",
		[HEALTH_KILLS] = "kill",
		[HEALTH_RESTARTS] = "restart",
		[HEALTH_STOPS] = "stop",
	};
	int action = HEALTH_LEAVES;
	while (!str_is_empty(name) && action < HEALTH_ACTION_COUNT && !streq(names[action], name))
		action++;
	return (enum health_action)action;
}

int health_config_check(const struct container_spec *spec, struct error *err)
{
	const struct {
		const char *name;
		int64_t value_ns;
	} durations[] = {
		{ "Interval", spec->health.interval_ns },
		{ "Timeout", spec->health.timeout_ns },
		{ "StartPeriod", spec->health.start_period_ns },
		{ "StartInterval", spec->health.start_interval_ns },
	};
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++)
		if (durations[i].value_ns != 0 && durations[i].value_ns < NSEC_PER_MSEC)
			return err_set(err, ERR_INVALID, "%s in Healthcheck cannot be less than 1ms",
				       durations[i].name);
	if (spec->health.retries < 0)
		return err_set(err, ERR_INVALID, "Retries in Healthcheck cannot be negative");
	if (find_action(spec->health_on_failure) == HEALTH_ACTION_COUNT)
		return err_set(err, ERR_INVALID,
			       "invalid on-failure action \"%s\" of a health check: it is none, kill, restart or stop",
			       spec->health_on_failure);
	return 0;
}

int health_config_check_action(const struct container_spec *spec, const struct image_health *health, struct error *err)
{
	bool acts = find_action(spec->health_on_failure) != HEALTH_LEAVES,
	     tells = streq_null(spec->sdnotify, "healthy");
	if ((!acts && !tells) || health_config_is_on(health))
		return 0;
	if (acts)
		err_set(err, ERR_INVALID, "cannot set on-failure action to %s without a health check",
			spec->health_on_failure);
	else
		err_set(err, ERR_INVALID, "--sdnotify healthy: it is never healthy without a health check");
	return err_hint(err, "--health-cmd COMMAND");
}

static int64_t either(int64_t wish, int64_t image)
{
	return wish ? wish : image;
}

void health_config_resolve(const struct container_spec *spec, const struct image_health *image,
			   struct image_health *ret)
{
	const struct image_health *wish = &spec->health;
	*ret = (struct image_health){
		.test = strv_copy(wish->test ? wish->test : image->test),
		.interval_ns = either(wish->interval_ns, image->interval_ns),
		.timeout_ns = either(wish->timeout_ns, image->timeout_ns),
		.start_period_ns = either(wish->start_period_ns, image->start_period_ns),
		.start_interval_ns = either(wish->start_interval_ns, image->start_interval_ns),
		.retries = either(wish->retries, image->retries),
	};
}

/* --- JSON --- */

void health_config_to_json(const struct image_health *health, struct json_object *object)
{
	if (strv_count(health->test) == 0)
		return;
	struct json_object *section = json_add_object(object, "Healthcheck");
	json_add_strv(section, "Test", health->test);
	const struct {
		const char *key;
		int64_t value;
	} numbers[] = {
		{ "Interval", health->interval_ns },
		{ "Timeout", health->timeout_ns },
		{ "StartPeriod", health->start_period_ns },
		{ "StartInterval", health->start_interval_ns },
		{ "Retries", health->retries },
	};
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].value)
			json_add_i64(section, numbers[i].key, numbers[i].value);
}

int health_config_from_json(const struct json_node *object, struct image_health *ret, struct error *err)
{
	return image_health_parse(object, ret, err);
}

/* --- For the monitor --- */

bool health_config_is_on(const struct image_health *health)
{
	size_t count = strv_count(health->test);
	return count > 1 && (streq(health->test[0], "CMD") || streq(health->test[0], "CMD-SHELL"));
}

static char **program_of(char *const *test)
{
	char **args = NULL;
	if (streq(test[0], "CMD"))
		return strv_copy(test + 1);
	strv_append(&args, "/bin/sh");
	strv_append(&args, "-c");
	strv_append(&args, test[1]);
	return args;
}

void health_config_plan(const struct container_config *config, struct health_plan *ret)
{
	const struct image_health *health = &config->health;
	int64_t stop_timeout_s = config_stop_timeout_s(config);
	*ret = (struct health_plan){ 0 };
	if (!health_config_is_on(health))
		return;
	*ret = (struct health_plan){
		.args = program_of(health->test),
		.interval_ns = either(health->interval_ns, DEFAULTS.interval_ns),
		.timeout_ns = either(health->timeout_ns, DEFAULTS.timeout_ns),
		.start_period_ns = health->start_period_ns,
		.start_interval_ns = either(health->start_interval_ns, DEFAULTS.start_interval_ns),
		.retries = health->retries > 0 ? (int)MIN(health->retries, (int64_t)INT_MAX) : DEFAULTS.retries,
		.action = find_action(config_spec(config)->health_on_failure),
		.stop_timeout_ms = stop_timeout_s < 0 ? -1 : (int)MIN(stop_timeout_s * 1000, (int64_t)INT_MAX),
	};
}
