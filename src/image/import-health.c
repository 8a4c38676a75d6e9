/* SPDX-License-Identifier: Apache-2.0 */
#include "image/import-health.h"

#include <stdlib.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "image/import-change.h"

static int set_retries(struct image_health *health, const char *value, struct error *err)
{
	int r = parse_i64(value, INT32_MIN, INT32_MAX, &health->retries, err);
	if (r >= 0 && health->retries < 0)
		r = err_set(err, ERR_INVALID, "it cannot be negative");
	return r;
}

static int set_duration(int64_t *duration_ns, const char *value, struct error *err)
{
	int r = parse_duration(value, duration_ns, err);
	if (r >= 0 && *duration_ns != 0 && *duration_ns < NSEC_PER_MSEC)
		r = err_set(err, ERR_INVALID, "it cannot be less than 1ms");
	return r;
}

/* "--NAME=VALUE" */
static int set_flag(struct image_health *health, const char *flag, struct error *err)
{
	const struct {
		const char *name;
		int64_t *duration_ns; /* NULL: the number of retries */
	} flags[] = {
		{ "--interval=", &health->interval_ns },
		{ "--timeout=", &health->timeout_ns },
		{ "--start-period=", &health->start_period_ns },
		{ "--start-interval=", &health->start_interval_ns },
		{ "--retries=", NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const char *value = str_after(flag, flags[i].name);
		if (!value)
			continue;
		int r = flags[i].duration_ns ? set_duration(flags[i].duration_ns, value, err)
					     : set_retries(health, value, err);
		return r < 0 ? err_wrap(err, "%s", flag) : 0;
	}
	return err_set(err, ERR_INVALID, "unknown flag: %s", flag);
}

/* The next word, which is taken off *at with the blanks behind it. free() it. */
static char *take_word(const char **at)
{
	size_t len = strcspn(*at, " \t");
	char *word = mem_strndup(*at, len);
	*at += len + strspn(*at + len, " \t");
	return word;
}

static int set_test(struct image_health *health, const char *kind, const char *command, struct error *err)
{
	if (strcasecmp(kind, "NONE") == 0) {
		if (*command)
			return err_set(err, ERR_INVALID, "HEALTHCHECK NONE takes no arguments");
		strv_append(&health->test, "NONE");
		return 0;
	}
	if (strcasecmp(kind, "CMD") != 0)
		return err_set(err, ERR_INVALID, "unknown type \"%s\" in HEALTHCHECK (try CMD)", kind);
	_cleanup_strv_ char **words = import_parse_array(command);
	if (words ? !*words : !*command)
		return err_set(err, ERR_INVALID, "missing command after HEALTHCHECK CMD");
	strv_append(&health->test, words ? "CMD" : "CMD-SHELL");
	for (char **word = words; word && *word; word++)
		strv_append(&health->test, *word);
	if (!words)
		strv_append(&health->test, command);
	return 0;
}

int import_change_health(struct image_config *config, const char *text, struct error *err)
{
	struct image_health health = { 0 };
	const char *at = text;
	int r = 0;
	while (r >= 0 && str_starts_with(at, "--")) {
		_cleanup_free_ char *flag = take_word(&at);
		r = set_flag(&health, flag, err);
	}
	if (r < 0)
		return r;
	_cleanup_free_ char *kind = take_word(&at);
	r = set_test(&health, kind, at, err);
	if (r < 0) {
		image_health_done(&health);
		return r;
	}
	image_health_done(&config->health);
	config->health = health;
	return 0;
}
