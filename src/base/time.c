/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

int64_t time_now_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t time_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

const char *time_format_rfc3339(int64_t ns, char buf[static TIME_TEXT_MAX])
{
	if (ns == 0) {
		str_copy(buf, TIME_TEXT_MAX, "0001-01-01T00:00:00Z");
		return buf;
	}
	time_t seconds = ns / NSEC_PER_SEC;
	struct tm tm;
	gmtime_r(&seconds, &tm);
	size_t len = strftime(buf, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, TIME_TEXT_MAX - len, ".%09lldZ", (long long)(ns % NSEC_PER_SEC));
	return buf;
}

/* ".123" as nanoseconds; digits beyond the ninth are dropped. Advances *at. */
static int64_t parse_fraction(const char **at)
{
	int64_t ns = 0, unit = NSEC_PER_SEC / 10;
	for ((*at)++; isdigit((unsigned char)**at); (*at)++, unit /= 10)
		ns += (**at - '0') * unit;
	return ns;
}

int time_parse_rfc3339(const char *text, int64_t *ret_ns, struct error *err)
{
	struct tm tm = { 0 };
	const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t fraction = 0;
	int hours = 0, minutes = 0, used = 0;
	if (at && *at == '.')
		fraction = parse_fraction(&at);
	if (!at || (*at != 'Z' && *at != '+' && *at != '-'))
		return err_set(err, ERR_INVALID, "\"%s\" is not a time in RFC 3339 form", text);
	int64_t sign = *at == '-' ? -1 : 1;
	if (*at == 'Z')
		at++;
	else if (sscanf(at + 1, "%2d:%2d%n", &hours, &minutes, &used) == 2 && used == 5)
		at += 1 + used;
	if (*at)
		return err_set(err, ERR_INVALID, "\"%s\" is not a time in RFC 3339 form", text);
	if (tm.tm_year + 1900 <= 1) {
		*ret_ns = 0;
		return 0;
	}
	int64_t seconds = timegm(&tm) - sign * (hours * 3600 + minutes * 60);
	if (__builtin_mul_overflow(seconds, NSEC_PER_SEC, &seconds))
		return err_set(err, ERR_INVALID, "time \"%s\" is out of range", text);
	*ret_ns = seconds + fraction;
	return 0;
}

const char *time_format_duration(int64_t ns, char buf[static TIME_TEXT_MAX])
{
	int64_t seconds = ns / NSEC_PER_SEC, minutes = seconds / 60, hours = (seconds + 1800) / 3600;
	if (seconds < 1)
		snprintf(buf, TIME_TEXT_MAX, "Less than a second");
	else if (seconds == 1)
		snprintf(buf, TIME_TEXT_MAX, "1 second");
	else if (seconds < 60)
		snprintf(buf, TIME_TEXT_MAX, "%d seconds", (int)seconds);
	else if (minutes == 1)
		snprintf(buf, TIME_TEXT_MAX, "About a minute");
	else if (minutes < 60)
		snprintf(buf, TIME_TEXT_MAX, "%d minutes", (int)minutes);
	else if (hours == 1)
		snprintf(buf, TIME_TEXT_MAX, "About an hour");
	else if (hours < 48)
		snprintf(buf, TIME_TEXT_MAX, "%d hours", (int)hours);
	else if (hours < 24 * 7 * 2)
		snprintf(buf, TIME_TEXT_MAX, "%d days", (int)(hours / 24));
	else if (hours < 24 * 30 * 2)
		snprintf(buf, TIME_TEXT_MAX, "%d weeks", (int)(hours / 24 / 7));
	else if (hours < 24 * 365 * 2)
		snprintf(buf, TIME_TEXT_MAX, "%d months", (int)(hours / 24 / 30));
	else
		snprintf(buf, TIME_TEXT_MAX, "%d years", (int)(hours / 24 / 365));
	return buf;
}
