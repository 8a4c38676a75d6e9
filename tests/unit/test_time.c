/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and their texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/time.h"
#include "base/util.h"

#define SECONDS(n) ((n) * NSEC_PER_SEC)

static void test_clocks_go_forward(void **state)
{
	int64_t before = time_monotonic_ns(), wall = time_now_ns();
	nanosleep(&(struct timespec){ .tv_nsec = 2 * NSEC_PER_MSEC }, NULL);
	assert_true(time_monotonic_ns() >= before + 2 * NSEC_PER_MSEC);
	assert_true(wall > SECONDS(INT64_C(1600000000)));
}

static void test_rfc3339_there_and_back(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{ 0, "0001-01-01T00:00:00Z" },
		{ 1, "1970-01-01T00:00:00.000000001Z" },
		{ SECONDS(1700000000) + 123456789, "2023-11-14T22:13:20.123456789Z" },
		{ SECONDS(951782400), "2000-02-29T00:00:00.000000000Z" },
		{ INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
		{ -1, "1969-12-31T23:59:59.999999999Z" },
		{ SECONDS(-1), "1969-12-31T23:59:59.000000000Z" },
		{ INT64_MIN, "1677-09-21T00:12:43.145224192Z" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char buf[TIME_TEXT_MAX];
		int64_t ns = 77;
		assert_string_equal(time_format_rfc3339(rows[i].ns, buf), rows[i].text);
		assert_int_equal(time_parse_rfc3339(rows[i].text, &ns, NULL), 0);
		assert_true(ns == rows[i].ns);
	}
}

static void test_rfc3339_of_others(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} rows[] = {
		{ "2023-11-14T22:13:20Z", SECONDS(1700000000) },
		{ "2023-11-14T22:13:20.5Z", SECONDS(1700000000) + 500000000 },
		{ "2023-11-14T22:13:20.1234567891234Z", SECONDS(1700000000) + 123456789 },
		{ "2023-11-15T00:13:20+02:00", SECONDS(1700000000) },
		{ "2023-11-14T16:43:20.25-05:30", SECONDS(1700000000) + 250000000 },
		{ "2023-11-14T22:13:20+00:00", SECONDS(1700000000) },
		{ "2023-11-14T22:13:20-00:00", SECONDS(1700000000) },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "0001-01-01T00:00:00Z", 0 },
		{ "0001-01-01T01:00:00.5+01:00", 0 },
		{ "2016-12-31T23:59:60Z", SECONDS(1483228800) }, /* a leap second */
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t ns = 77;
		assert_int_equal(time_parse_rfc3339(rows[i].text, &ns, NULL), 0);
		assert_true(ns == rows[i].ns);
	}
}

static void test_rfc3339_that_is_none(void **state)
{
	static const char *const rows[] = {
		"",
		"now",
		"2023-11-14",
		"2023-11-14T22:13:20",
		"2023-11-14 22:13:20Z",
		"2023-11-14T22:13:20z ",
		"2023-11-14T22:13:20Zjunk",
		"2023-11-14T22:13:20.Z",
		"2023-11-14T22:13:20,5Z",
		"2023-11-14T22:13:20+2:00",
		"2023-11-14T22:13:20+02",
		"2023-11-14T22:13:20+0200",
		"2023-11-14T22:13:20+02:0",
		"2023-11-14T22:13:20+02:000",
		"2023-11-14T22:13:20+-1:00",
		"2023-11-14T22:13:20+01:-1",
		"2023-11-14T22:13:20+ 1:00",
		"2023-11-14T22:13:20+01: 1",
		"2023-11-14T22:13:20+24:00",
		"2023-11-14T22:13:20+01:60",
		"2023-13-14T22:13:20Z",
		"2023-00-14T22:13:20Z",
		"2023-11-31T22:13:20Z",
		"2023-02-29T22:13:20Z",
		"2023-11-00T22:13:20Z",
		"2023-11-14T24:13:20Z",
		"2023-11-14T22:60:20Z",
		"2023-11-14T22:13:61Z",
		" 2023-11-14T22:13:20Z",
		"2023- 1-14T22:13:20Z",
		"2023-1-14T22:13:20Z",
		"23-11-14T22:13:20Z",
		"+023-11-14T22:13:20Z",
		"-2023-11-14T22:13:20Z",
		"12023-11-14T22:13:20Z",
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t ns = 77;
		if (time_parse_rfc3339(rows[i], &ns, NULL) != -ERR_INVALID)
			fail_msg("\"%s\" was taken for a time", rows[i]);
		assert_int_equal(ns, 77);
	}
}

static void test_rfc3339_that_does_not_fit(void **state)
{
	static const char *const rows[] = {
		"2262-04-11T23:47:16.854775808Z", "2262-04-11T23:47:16.9Z", "2262-04-11T23:47:17Z",
		"2262-04-11T23:47:16.5-00:01",	  "9999-12-31T23:59:59Z",   "1677-09-21T00:12:43Z",
		"0002-01-01T00:00:00Z",		  "1600-01-01T00:00:00.5Z",
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		int64_t ns = 77;
		assert_int_equal(time_parse_rfc3339(rows[i], &ns, &err), -ERR_INVALID);
		assert_non_null(strstr(err.message, "is out of range"));
		assert_int_equal(ns, 77);
	}
}

static void test_durations_in_dockers_words(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{ -5, "Less than a second" },
		{ 0, "Less than a second" },
		{ 1, "1 second" },
		{ 2, "2 seconds" },
		{ 59, "59 seconds" },
		{ 60, "About a minute" },
		{ 119, "About a minute" },
		{ 120, "2 minutes" },
		{ 3599, "59 minutes" },
		{ 3600, "About an hour" },
		{ 5399, "About an hour" },
		{ 5400, "2 hours" }, /* hours are rounded */
		{ 47 * 3600, "47 hours" },
		{ 48 * 3600, "2 days" },
		{ 13 * 86400, "13 days" },
		{ 14 * 86400, "2 weeks" },
		{ 59 * 86400, "8 weeks" },
		{ 60 * 86400, "2 months" },
		{ 729 * 86400, "24 months" },
		{ 730 * 86400, "2 years" },
		{ INT64_C(36500) * 86400, "100 years" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char buf[TIME_TEXT_MAX];
		assert_string_equal(time_format_duration(SECONDS(rows[i].seconds), buf), rows[i].text);
	}
	char buf[TIME_TEXT_MAX];
	assert_string_equal(time_format_duration(INT64_MAX, buf), "292 years");
	assert_string_equal(time_format_duration(INT64_MIN, buf), "Less than a second");
	assert_string_equal(time_format_duration(NSEC_PER_SEC - 1, buf), "Less than a second");
}

static void test_times_that_people_type(void **state)
{
	static const int64_t now = SECONDS(INT64_C(1700000000));
	static const struct {
		const char *text;
		int64_t ns;
	} rows[] = {
		{ "1136073600", SECONDS(1136073600) },
		{ "1136073600.000000001", SECONDS(1136073600) + 1 },
		{ "10m", SECONDS(1700000000 - 600) },
		{ "1h30m", SECONDS(1700000000 - 5400) },
		{ "0", 0 },
		{ "2023-11-14T22:13:20.5Z", SECONDS(1700000000) + 500000000 },
		{ "2023-11-14T22:13Z", SECONDS(1700000000 - 20) },
		{ "2023-11-14T22+01:00", SECONDS(1700000000 - 20 - 13 * 60 - 3600) },
		{ "2023-11-14Z", SECONDS(1699920000) },
		/* Local time, which is three hours ahead. */
		{ "2023-11-14", SECONDS(1699920000 - 3 * 3600) },
		{ "2023-11-14T22:13:20", SECONDS(1700000000 - 3 * 3600) },
	};
	static const char *const bad[] = { "",
					   "x",
					   "-5",
					   "5x",
					   "2023-11-1",
					   "2023-11-14T",
					   "2023-13-01",
					   "2023-11-14T2",
					   "2023-11-14T22:13:20Zz",
					   "99999999999999999999",
					   "1.",
					   "2023-11-14 22:13" };
	setenv("TZ", "TEST-3", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t ns = 77;
		assert_int_equal(time_parse_when(rows[i].text, now, &ns, NULL), 0);
		assert_int_equal(ns, rows[i].ns);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int64_t ns = 77;
		struct error err = { 0 };
		assert_int_equal(time_parse_when(bad[i], now, &ns, &err), -ERR_INVALID);
		assert_int_equal(ns, 77);
	}
}

static void test_go_durations(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1ns" },
		{ 1500, "1.5µs" },
		{ 300 * NSEC_PER_MSEC, "300ms" },
		{ 1001 * INT64_C(1000), "1.001ms" },
		{ 30 * NSEC_PER_SEC, "30s" },
		{ 90 * NSEC_PER_SEC + 500 * NSEC_PER_MSEC, "1m30.5s" },
		{ 3600 * NSEC_PER_SEC, "1h0m0s" },
		{ INT64_MAX, "2562047h47m16.854775807s" },
	};
	char text[TIME_TEXT_MAX];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(time_format_go_duration(cases[i].ns, text), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_go_durations),
		cmocka_unit_test(test_clocks_go_forward),
		cmocka_unit_test(test_rfc3339_there_and_back),
		cmocka_unit_test(test_rfc3339_of_others),
		cmocka_unit_test(test_rfc3339_that_is_none),
		cmocka_unit_test(test_rfc3339_that_does_not_fit),
		cmocka_unit_test(test_times_that_people_type),
		cmocka_unit_test(test_durations_in_dockers_words),
	};
	/* Where the machine stands must not matter. */
	setenv("TZ", "Asia/Kolkata", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
