/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

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
	int64_t fraction = ns % NSEC_PER_SEC;
	if (fraction < 0) { /* before 1970 */
		seconds--;
		fraction += NSEC_PER_SEC;
	}
	struct tm tm;
	gmtime_r(&seconds, &tm);
	size_t len = strftime(buf, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, TIME_TEXT_MAX - len, ".%09lldZ", (long long)fraction);
	return buf;
}

/* --- Reading. Each piece advances *at; what is not as it should be makes it NULL, and it stays so. --- */

/* Exactly @count digits, from @min to @max. */
static int take_number(const char **at, int count, int min, int max)
{
	int value = 0;
	for (int i = 0; *at && i < count; i++) {
		bool digit = isdigit((unsigned char)**at);
		value = digit ? value * 10 + (**at - '0') : 0;
		*at = digit ? *at + 1 : NULL;
	}
	if (value < min || value > max)
		*at = NULL;
	return value;
}

static void take_char(const char **at, char c)
{
	if (*at)
		*at = **at == c ? *at + 1 : NULL;
}

static int days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month == 0 ? 0 : days[month - 1] + (leap && month == 2);
}

static struct tm take_date_and_time(const char **at)
{
	int year = take_number(at, 4, 0, 9999);
	take_char(at, '-');
	int month = take_number(at, 2, 1, 12);
	take_char(at, '-');
	int day = take_number(at, 2, 1, *at ? days_of_month(year, month) : 0);
	take_char(at, 'T');
	int hour = take_number(at, 2, 0, 23);
	take_char(at, ':');
	int minute = take_number(at, 2, 0, 59);
	take_char(at, ':');
	int second = take_number(at, 2, 0, 60);
	return (struct tm){ .tm_year = year - 1900,
			    .tm_mon = month - 1,
			    .tm_mday = day,
			    .tm_hour = hour,
			    .tm_min = minute,
			    .tm_sec = second };
}

/* ".123" as nanoseconds, or nothing; digits beyond the ninth are dropped. */
static int64_t take_fraction(const char **at)
{
	if (!*at || **at != '.')
		return 0;
	(*at)++;
	int64_t ns = take_number(at, 1, 0, 9) * (NSEC_PER_SEC / 10);
	for (int64_t unit = NSEC_PER_SEC / 100; *at && isdigit((unsigned char)**at); (*at)++, unit /= 10)
		ns += (**at - '0') * unit;
	return ns;
}

/* "Z", or "+02:00" as seconds. */
static int64_t take_offset(const char **at)
{
	int64_t sign = *at && **at == '-' ? -1 : 1;
	if (!*at || (**at != '+' && **at != '-')) {
		take_char(at, 'Z');
		return 0;
	}
	(*at)++;
	int hours = take_number(at, 2, 0, 23);
	take_char(at, ':');
	int minutes = take_number(at, 2, 0, 59);
	return sign * (hours * 3600 + minutes * 60);
}

int time_parse_rfc3339(const char *text, int64_t *ret_ns, struct error *err)
{
	const char *at = text;
	struct tm tm = take_date_and_time(&at);
	int64_t fraction = take_fraction(&at);
	int64_t offset = take_offset(&at);
	if (!at || *at)
		return err_set(err, ERR_INVALID, "\"%s\" is not a time in RFC 3339 form", text);
	if (tm.tm_year + 1900 <= 1) {
		*ret_ns = 0;
		return 0;
	}
	__int128 ns = (__int128)(timegm(&tm) - offset) * NSEC_PER_SEC + fraction;
	if (ns < INT64_MIN || ns > INT64_MAX)
		return err_set(err, ERR_INVALID, "time \"%s\" is out of range", text);
	*ret_ns = (int64_t)ns;
	return 0;
}

/* "1136073600.000000001" */
static bool parse_seconds(const char *text, int64_t *ret_ns)
{
	static const uint64_t max = INT64_MAX / NSEC_PER_SEC - 1;
	size_t digits = strspn(text, "0123456789");
	_cleanup_free_ char *whole = mem_strndup(text, digits);
	const char *at = text + digits;
	uint64_t seconds;
	int64_t fraction = take_fraction(&at);
	if (!at || *at || parse_u64(whole, max, &seconds, NULL) < 0)
		return false;
	*ret_ns = (int64_t)seconds * NSEC_PER_SEC + fraction;
	return true;
}

/* The time that clocks here showed as UTC shows @ns. */
static int64_t from_local(int64_t ns)
{
	time_t seconds = ns / NSEC_PER_SEC;
	struct tm tm;
	gmtime_r(&seconds, &tm);
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * NSEC_PER_SEC + ns % NSEC_PER_SEC;
}

/* The parts of a date that are left out are zeros. */
static int parse_partial(const char *text, int64_t *ret_ns, struct error *err)
{
	static const char zeros[] = "T00:00:00";
	static const size_t lengths[] = { 10, 13, 16, 19 }; /* up to the day, hour, minute, second */
	enum { DATE_LENGTH = 10 };
	size_t len = strnlen(text, DATE_LENGTH);
	len += strcspn(text + len, "Z+-");
	bool is_local = !text[len], complete = len > lengths[3];
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
		complete |= len == lengths[i];
	if (!complete)
		return err_set(err, ERR_INVALID, "\"%s\" is not a time", text);
	_cleanup_free_ char *whole = mem_printf("%.*s%s%s", (int)len, text,
						len < lengths[3] ? zeros + (len - DATE_LENGTH) : "",
						is_local ? "Z" : text + len);
	int64_t ns;
	if (time_parse_rfc3339(whole, &ns, NULL) < 0)
		return err_set(err, ERR_INVALID, "\"%s\" is not a time", text);
	*ret_ns = is_local ? from_local(ns) : ns;
	return 0;
}

int time_parse_when(const char *text, int64_t now, int64_t *ret_ns, struct error *err)
{
	int64_t duration;
	if (parse_seconds(text, ret_ns))
		return 0;
	if (parse_duration(text, &duration, NULL) < 0)
		return parse_partial(text, ret_ns, err);
	*ret_ns = now - duration;
	return 0;
}

/* @value units of @scale ns, as a decimal fraction without zeros at its end, and the unit's name. */
static void format_fraction(int64_t value, int64_t scale, const char *unit, char *buf, size_t size)
{
	int len = snprintf(buf, size, "%lld", (long long)(value / scale));
	int64_t rest = value % scale;
	for (bool point = true; rest > 0 && (size_t)len < size; point = false) {
		rest *= 10;
		len += snprintf(buf + len, size - (size_t)len, "%s%lld", point ? "." : "", (long long)(rest / scale));
		rest %= scale;
	}
	snprintf(buf + len, size - (size_t)len, "%s", unit);
}

const char *time_format_go_duration(int64_t ns, char buf[static TIME_TEXT_MAX])
{
	int64_t minutes = ns / (60 * NSEC_PER_SEC);
	int len = 0;
	if (ns > 0 && ns < NSEC_PER_SEC) {
		int64_t scale = ns >= NSEC_PER_MSEC ? NSEC_PER_MSEC : ns >= 1000 ? 1000 : 1;
		format_fraction(ns, scale, scale == 1 ? "ns" : scale == 1000 ? "µs" : "ms", buf, TIME_TEXT_MAX);
		return buf;
	}
	if (minutes >= 60)
		len += snprintf(buf, TIME_TEXT_MAX, "%lldh", (long long)(minutes / 60));
	if (minutes > 0)
		len += snprintf(buf + len, TIME_TEXT_MAX - (size_t)len, "%lldm", (long long)(minutes % 60));
	format_fraction(ns % (60 * NSEC_PER_SEC), NSEC_PER_SEC, "s", buf + len, TIME_TEXT_MAX - (size_t)len);
	return buf;
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
