/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/format.h"

#include <time.h>

#include "base/util.h"

static void format_in_units(uint64_t bytes, unsigned base, const char *const *units, size_t n_units, char *buf)
{
	double value = (double)bytes;
	size_t unit = 0;
	/* Half a digit below the next unit is the next unit: 1000kB does not exist. */
	while (value >= base - 0.5 && unit + 1 < n_units) {
		value /= base;
		unit++;
	}
	/* Three digits; four before the point can only be in front of a unit of 1024. */
	if (value < 999.5)
		snprintf(buf, SIZE_TEXT_MAX, "%.3g%s", value, units[unit]);
	else
		snprintf(buf, SIZE_TEXT_MAX, "%.0f%s", value, units[unit]);
}

const char *format_size(uint64_t bytes, char buf[static SIZE_TEXT_MAX])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	format_in_units(bytes, 1000, units, ARRAY_SIZE(units), buf);
	return buf;
}

const char *format_binary_size(uint64_t bytes, char buf[static SIZE_TEXT_MAX])
{
	static const char *const units[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };
	format_in_units(bytes, 1024, units, ARRAY_SIZE(units), buf);
	return buf;
}

void format_ago(struct str *out, int64_t then, int64_t now)
{
	char text[TIME_TEXT_MAX];
	if (then == 0)
		str_append(out, "N/A");
	else
		str_appendf(out, "%s ago", time_format_duration(MAX(now - then, INT64_C(0)), text));
}

void format_time(struct str *out, int64_t ns)
{
	char text[64];
	time_t seconds = ns / NSEC_PER_SEC;
	struct tm tm;
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z %Z", localtime_r(&seconds, &tm));
	str_append(out, text);
}

static const char *const HEALTH_TEXTS[] = {
	[HEALTH_IS_NONE] = "",
	[HEALTH_IS_STARTING] = " (health: starting)",
	[HEALTH_IS_HEALTHY] = " (healthy)",
	[HEALTH_IS_UNHEALTHY] = " (unhealthy)",
};

void format_container_status(struct str *out, const struct container_record *record, int64_t now)
{
	char text[TIME_TEXT_MAX];
	switch (record->state) {
	case STATE_CREATED:
		str_append(out, "Created");
		break;
	case STATE_RUNNING:
	case STATE_PAUSED:
		str_appendf(out, "Up %s%s", time_format_duration(MAX(now - record->started_at, INT64_C(0)), text),
			    record->state == STATE_PAUSED ? " (Paused)" : HEALTH_TEXTS[record->health]);
		break;
	case STATE_EXITED:
		str_appendf(out, "Exited (%d) ", record->exit_code);
		format_ago(out, record->finished_at, now);
		break;
	case STATE_RESTARTING:
		str_appendf(out, "Restarting (%d) ", record->exit_code);
		format_ago(out, record->finished_at, now);
		break;
	case STATE_DEAD:
		str_append(out, "Dead");
		break;
	case STATE_COUNT:
		break;
	}
}

void format_container_id(struct str *out, const char *id, bool whole)
{
	str_append_len(out, id, whole ? strlen(id) : strnlen(id, SHORT_ID_LENGTH));
}

void format_image_id(struct str *out, const char *id, bool whole)
{
	const char *digits = str_after(id, "sha256:");
	format_container_id(out, whole || !digits ? id : digits, whole);
}

/* The start of the character behind the first @count ones, or the end. */
static const char *skip_characters(const char *text, size_t count)
{
	for (; *text && count > 0; count--)
		do
			text++;
		while ((*text & 0xc0) == 0x80);
	return text;
}

void format_ellipsis(struct str *out, const char *text, size_t max)
{
	if (*skip_characters(text, max) == '\0') {
		str_append(out, text);
		return;
	}
	str_append_len(out, text, (size_t)(skip_characters(text, max - 1) - text));
	str_append(out, "…");
}
