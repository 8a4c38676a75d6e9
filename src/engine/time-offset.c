/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/time-offset.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"

struct offset {
	const char *clock; /* a word of the specification's */
	int64_t seconds;
	uint64_t nanoseconds; /* forward, also of what is behind */
};

/* 64 bits of nanoseconds, of which parse_nano() takes those without a sign: 292 years. */
static int parse_amount(const char *text, struct offset *ret, struct error *err)
{
	bool behind = *text == '-';
	uint64_t nano = 0;
	int r = parse_nano(text + (behind || *text == '+'), INT64_MAX, &nano, err);
	if (r < 0)
		return r;
	int64_t seconds = (int64_t)(nano / (uint64_t)NSEC_PER_SEC);
	ret->nanoseconds = nano % (uint64_t)NSEC_PER_SEC;
	ret->seconds = behind ? -seconds : seconds;
	if (behind && ret->nanoseconds > 0) {
		ret->seconds--;
		ret->nanoseconds = (uint64_t)NSEC_PER_SEC - ret->nanoseconds;
	}
	return 0;
}

static int parse(const char *text, struct offset *ret, struct error *err)
{
	static const char *const clocks[] = { "boottime", "monotonic", NULL };
	const char *equals = strchr(text, '=');
	if (!equals)
		return err_set(err, ERR_INVALID, "it is CLOCK=SECONDS");
	_cleanup_free_ char *clock = mem_strndup(text, (size_t)(equals - text));
	if (streq(clock, "realtime"))
		return err_set(err, ERR_UNSUPPORTED, "the time of day is the host's in every container");
	struct offset offset = { 0 };
	for (size_t i = 0; clocks[i]; i++)
		if (streq(clocks[i], clock))
			offset.clock = clocks[i];
	if (!offset.clock)
		return err_set(err, ERR_INVALID, "unknown clock \"%s\": there are monotonic and boottime", clock);
	int r = parse_amount(equals + 1, &offset, err);
	if (r >= 0)
		*ret = offset;
	return r;
}

bool time_offsets_are_wanted(const struct container_spec *spec)
{
	return strv_count(spec->time_offsets) > 0;
}

int time_offsets_check(const struct container_spec *spec, struct error *err)
{
	struct offset ignored;
	for (char **text = spec->time_offsets; text && *text; text++) {
		int r = parse(*text, &ignored, err);
		if (r < 0)
			return err_wrap(err, "--time-offset %s", *text);
	}
	return 0;
}

void time_offsets_add(const struct container_spec *spec, struct json_object *section)
{
	if (!time_offsets_are_wanted(spec))
		return;
	struct json_object *offsets = json_add_object(section, "timeOffsets");
	struct offset offset;
	for (char **text = spec->time_offsets; *text; text++) {
		if (parse(*text, &offset, NULL) < 0)
			continue;
		struct json_object *clock = json_add_object(offsets, offset.clock);
		json_add_i64(clock, "secs", offset.seconds);
		json_add_u64(clock, "nanosecs", offset.nanoseconds);
	}
}
