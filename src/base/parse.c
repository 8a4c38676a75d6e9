/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/util.h"

static int parse_digits(const char *s, unsigned base, uint64_t max, uint64_t *ret, struct error *err)
{
	uint64_t value = 0;
	if (!*s)
		return err_set(err, ERR_INVALID, "empty where a number is expected");
	for (const char *at = s; *at; at++) {
		unsigned digit = (unsigned)(unsigned char)*at - '0';
		if (digit >= base)
			return err_set(err, ERR_INVALID, "\"%s\" is not a number", s);
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value) || value > max)
			return err_set(err, ERR_INVALID, "\"%s\" is too large, the most is %llu", s,
				       (unsigned long long)max);
	}
	*ret = value;
	return 0;
}

int parse_u64(const char *s, uint64_t max, uint64_t *ret, struct error *err)
{
	return parse_digits(s, 10, max, ret, err);
}

int parse_octal(const char *s, uint64_t max, uint64_t *ret, struct error *err)
{
	return parse_digits(s, 8, max, ret, err);
}

int parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
	bool negative = *s == '-';
	uint64_t value;
	int r = parse_digits(s + negative, 10, UINT64_MAX, &value, err);
	if (r < 0)
		return r;
	/* In 65 bits and more, where the least number has its counterpart. */
	__int128 number = negative ? -(__int128)value : (__int128)value;
	if (number < min || number > max)
		return err_set(err, ERR_INVALID, "\"%s\" is out of range, %lld to %lld", s, (long long)min,
			       (long long)max);
	*ret = (int64_t)number;
	return 0;
}

int parse_nano(const char *s, uint64_t max, uint64_t *ret, struct error *err)
{
	enum { NANO_DIGITS = 9 };
	uint64_t value = 0;
	int decimals = -1; /* digits seen after the point; -1 before it */
	const char *at = s;
	for (; *at; at++) {
		if (*at == '.' && decimals < 0) {
			decimals = 0;
			continue;
		}
		if (!isdigit((unsigned char)*at))
			break;
		if (decimals >= NANO_DIGITS)
			continue;
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return err_set(err, ERR_INVALID, "\"%s\" is too large", s);
		decimals += decimals >= 0;
	}
	if (at == s || *at || streq(s, "."))
		return err_set(err, ERR_INVALID, "\"%s\" is not a number", s);
	for (int i = MAX(decimals, 0); i < NANO_DIGITS; i++)
		if (__builtin_mul_overflow(value, UINT64_C(10), &value))
			return err_set(err, ERR_INVALID, "\"%s\" is too large", s);
	if (value > max)
		return err_set(err, ERR_INVALID, "\"%s\" is too large", s);
	*ret = value;
	return 0;
}

int parse_size(const char *s, uint64_t *ret_bytes, struct error *err)
{
	static const char units[] = "bkmgtp";
	size_t digits = strspn(s, "0123456789.");
	char number[40];
	if (digits == 0 || digits >= sizeof number)
		return err_set(err, ERR_INVALID, "invalid size: \"%s\"", s);
	memcpy(number, s, digits);
	number[digits] = '\0';

	const char *unit = s + digits;
	unsigned shift = 0;
	unit += unit[0] == ' ' && unit[1];
	if (*unit) {
		const char *found = strchr(units, tolower((unsigned char)*unit));
		bool bare = unit[1] == '\0';
		bool with_b = found && *found != 'b' && (strcasecmp(unit + 1, "b") == 0 || strcasecmp(unit + 1, "ib") == 0);
		if (!found || !(bare || with_b))
			return err_set(err, ERR_INVALID, "invalid size: \"%s\"", s);
		shift = (unsigned)(found - units) * 10;
	}

	/* In thousand-millionths, so that "1.5g" is exact; only sizes without a point can be larger than that holds. */
	uint64_t whole, nano;
	if (!strchr(number, '.')) {
		int r = parse_digits(number, 10, INT64_MAX >> shift, &whole, err);
		if (r < 0)
			return r;
		*ret_bytes = whole << shift;
		return 0;
	}
	int r = parse_nano(number, UINT64_MAX, &nano, err);
	if (r < 0)
		return r;
	unsigned __int128 bytes = ((unsigned __int128)nano << shift) / 1000000000u;
	if (bytes > INT64_MAX)
		return err_set(err, ERR_INVALID, "size \"%s\" is too large", s);
	*ret_bytes = (uint64_t)bytes;
	return 0;
}

int parse_bool(const char *s, bool *ret, struct error *err)
{
	static const char *const yes[] = { "1", "t", "true" };
	static const char *const no[] = { "0", "f", "false" };
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		bool is_yes = strcasecmp(s, yes[i]) == 0;
		if (is_yes || strcasecmp(s, no[i]) == 0) {
			*ret = is_yes;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "\"%s\" is neither true nor false", s);
}

/* "1.5h" at *at as nanoseconds, and *at behind it. */
static int take_duration_unit(const char **at, int64_t *ret)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "ns", 1 },	    { "us", 1000 },	  { "\u00b5s", 1000 }, { "\u03bcs", 1000 },
		      { "ms", 1000000 },    { "s", 1000000000 }, { "m", 60000000000 }, { "h", 3600000000000 } };
	size_t digits = strspn(*at, "0123456789."), len = strcspn(*at + digits, "0123456789.");
	char number[40];
	uint64_t value, divisor = 1;
	if (digits == 0 || digits >= sizeof number)
		return -1;
	memcpy(number, *at, digits);
	number[digits] = '\0';
	if (parse_u64(number, UINT64_MAX, &value, NULL) < 0) {
		divisor = 1000000000;
		if (parse_nano(number, UINT64_MAX, &value, NULL) < 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strlen(units[i].name) != len || strncmp(*at + digits, units[i].name, len) != 0)
			continue;
		unsigned __int128 ns = (unsigned __int128)value * (uint64_t)units[i].ns / divisor;
		*at += digits + len;
		*ret = (int64_t)ns;
		return ns > INT64_MAX ? -1 : 0;
	}
	return -1;
}

int parse_duration(const char *s, int64_t *ret_ns, struct error *err)
{
	int64_t sum = 0, part;
	const char *at = streq(s, "0") ? s + 1 : s;
	if (*s == '\0')
		return err_set(err, ERR_INVALID, "invalid duration: \"%s\"", s);
	while (*at)
		if (take_duration_unit(&at, &part) < 0 || __builtin_add_overflow(sum, part, &sum))
			return err_set(err, ERR_INVALID, "invalid duration: \"%s\"", s);
	*ret_ns = sum;
	return 0;
}

/* Further names, which signal(7) has and sigabbrev_np() does not give. */
static int parse_signal_synonym(const char *name, int *ret)
{
	static const struct {
		const char *name;
		int sig;
	} synonyms[] = { { "CLD", SIGCHLD }, { "IO", SIGIO }, { "IOT", SIGIOT } };
	for (size_t i = 0; i < ARRAY_SIZE(synonyms); i++) {
		if (!streq(name, synonyms[i].name))
			continue;
		*ret = synonyms[i].sig;
		return 0;
	}
	return -1;
}

static int parse_realtime_signal(const char *name, int *ret)
{
	bool from_max = str_starts_with(name, "RTMAX");
	if (!from_max && !str_starts_with(name, "RTMIN"))
		return -1;
	const char *offset = name + strlen("RTMIN");
	uint64_t distance = 0;
	if (*offset && (*offset != (from_max ? '-' : '+') || parse_u64(offset + 1, 30, &distance, NULL) < 0))
		return -1;
	*ret = from_max ? SIGRTMAX - (int)distance : SIGRTMIN + (int)distance;
	return 0;
}

int parse_base64(const char *s, void *buf, size_t *ret_len, struct error *err)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strcspn(s, "="), padding = strlen(s + len), used = 0;
	if (padding > 2 || strspn(s + len, "=") != padding || (len + padding) % 4 != 0)
		return err_set(err, ERR_INVALID, "it is not in base64");
	unsigned char *out = buf;
	uint32_t bits = 0;
	for (size_t i = 0; i < len; i++) {
		const char *digit = memchr(digits, s[i], sizeof digits - 1);
		if (!digit)
			return err_set(err, ERR_INVALID, "it is not in base64");
		bits = bits << 6 | (uint32_t)(digit - digits);
		if (i % 4 != 0)
			out[used++] = (unsigned char)(bits >> (6 - i % 4 * 2));
	}
	*ret_len = used;
	return 0;
}

int parse_signal(const char *s, int *ret, struct error *err)
{
	uint64_t number;
	if (isdigit((unsigned char)*s)) {
		if (parse_u64(s, NSIG - 1, &number, NULL) < 0 || number == 0)
			return err_set(err, ERR_INVALID, "invalid signal: %s", s);
		*ret = (int)number;
		return 0;
	}
	char upper[16];
	if (strlen(s) >= sizeof upper)
		return err_set(err, ERR_INVALID, "invalid signal: %s", s);
	for (size_t i = 0; i <= strlen(s); i++)
		upper[i] = (char)toupper((unsigned char)s[i]);
	const char *name = str_starts_with(upper, "SIG") ? upper + 3 : upper;
	for (int sig = 1; sig < NSIG; sig++) {
		const char *abbreviation = sigabbrev_np(sig);
		if (abbreviation && streq(abbreviation, name)) {
			*ret = sig;
			return 0;
		}
	}
	if (parse_signal_synonym(name, ret) == 0 || parse_realtime_signal(name, ret) == 0)
		return 0;
	return err_set(err, ERR_INVALID, "invalid signal: %s", s);
}

const char *signal_name(int sig)
{
	static _Thread_local char number[24];
	const char *name = sigabbrev_np(sig);
	if (name)
		return name;
	if (sig >= SIGRTMIN && sig <= SIGRTMAX)
		snprintf(number, sizeof number, "RTMIN+%d", sig - SIGRTMIN);
	else
		snprintf(number, sizeof number, "%d", sig);
	return number;
}
