/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, sizes, booleans and signals out of hostile text. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

/* What no parser of whole numbers takes. */
static const char *const NOT_NUMBERS[] = {
	"",	"+",	"-",	  "+1",	  " 1",	  "1 ",	  "\t1",   "1\n",  "0x10",	"1e3", "1.0", "1,000",
	"one",	"--1",	"-+1",	  "1-",	  "1a",	  "\xd9\xa1", "0b1", "1_000", "\xff", "/",   ":",   "1\x01",
};

static void test_whole_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max, value;
	} rows[] = {
		{ "0", 0, 0 },
		{ "00", 0, 0 },
		{ "007", 7, 7 },
		{ "42", 100, 42 },
		{ "100", 100, 100 },
		{ "18446744073709551615", UINT64_MAX, UINT64_MAX },
		{ "000000000000000000000000000000000000001", 1, 1 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 77;
		assert_int_equal(parse_u64(rows[i].text, rows[i].max, &value, NULL), 0);
		assert_true(value == rows[i].value);
	}
}

static void test_whole_numbers_that_are_none(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(NOT_NUMBERS); i++) {
		uint64_t value = 77;
		int64_t number = 77;
		assert_int_equal(parse_u64(NOT_NUMBERS[i], UINT64_MAX, &value, NULL), -ERR_INVALID);
		assert_int_equal(parse_octal(NOT_NUMBERS[i], UINT64_MAX, &value, NULL), -ERR_INVALID);
		assert_int_equal(parse_i64(NOT_NUMBERS[i], INT64_MIN, INT64_MAX, &number, NULL), -ERR_INVALID);
		assert_int_equal(value, 77);
		assert_int_equal(number, 77);
	}
}

static void test_whole_numbers_that_are_too_large(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
	} rows[] = {
		{ "1", 0 },
		{ "101", 100 },
		{ "18446744073709551616", UINT64_MAX },
		{ "18446744073709551620", UINT64_MAX },
		{ "184467440737095516150", UINT64_MAX },
		{ "99999999999999999999999999999999", UINT64_MAX },
	};
	struct error err = { 0 };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 77;
		assert_int_equal(parse_u64(rows[i].text, rows[i].max, &value, &err), -ERR_INVALID);
		assert_int_equal(value, 77);
		assert_non_null(strstr(err.message, rows[i].text));
		assert_non_null(strstr(err.message, "is too large, the most is"));
	}
}

static void test_signed_numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max;
		bool ok;
		int64_t value;
	} rows[] = {
		{ "0", 0, 0, true, 0 },
		{ "-0", 0, 0, true, 0 },
		{ "-1", -1, 1, true, -1 },
		{ "-1000", -1000, 1000, true, -1000 },
		{ "-1001", -1000, 1000, false, 0 },
		{ "1001", -1000, 1000, false, 0 },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, false, 0 },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN },
		{ "-9223372036854775809", INT64_MIN, INT64_MAX, false, 0 },
		{ "18446744073709551615", INT64_MIN, INT64_MAX, false, 0 },
		{ "-18446744073709551615", INT64_MIN, INT64_MAX, false, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t value = 77;
		struct error err = { 0 };
		int r = parse_i64(rows[i].text, rows[i].min, rows[i].max, &value, &err);
		assert_int_equal(r, rows[i].ok ? 0 : -ERR_INVALID);
		assert_true(value == (rows[i].ok ? rows[i].value : 77));
		if (!rows[i].ok)
			assert_non_null(strstr(err.message, rows[i].text));
	}
}

static void test_octal_numbers(void **state)
{
	uint64_t value = 77;
	assert_int_equal(parse_octal("0755", 07777, &value, NULL), 0);
	assert_int_equal(value, 0755);
	assert_int_equal(parse_octal("7777", 07777, &value, NULL), 0);
	assert_int_equal(value, 07777);
	assert_int_equal(parse_octal("10000", 07777, &value, NULL), -ERR_INVALID);
	assert_int_equal(parse_octal("0o755", 07777, &value, NULL), -ERR_INVALID);
	assert_int_equal(parse_octal("8", 07777, &value, NULL), -ERR_INVALID);
	assert_int_equal(parse_octal("2000000000000000000000", UINT64_MAX, &value, NULL), -ERR_INVALID);
	assert_int_equal(value, 07777);
}

static void test_decimal_fractions(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t nano;
	} rows[] = {
		{ "0", true, 0 },
		{ "1", true, 1000000000 },
		{ "1.5", true, 1500000000 },
		{ ".5", true, 500000000 },
		{ "2.", true, 2000000000 },
		{ "0.000000001", true, 1 },
		{ "0.0000000019", true, 1 }, /* cut, not rounded */
		{ "1.000000000000000000000000000000000", true, 1000000000 },
		{ "18446744073.709551615", true, UINT64_MAX },
		{ "18446744073.709551616", false, 0 },
		{ "18446744074", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "", false, 0 },
		{ ".", false, 0 },
		{ "1.5.", false, 0 },
		{ "1..5", false, 0 },
		{ "-1", false, 0 },
		{ "+1", false, 0 },
		{ "1e3", false, 0 },
		{ "1,5", false, 0 },
		{ " 1", false, 0 },
		{ "nan", false, 0 },
		{ "inf", false, 0 },
		{ "0x1", false, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t nano = 77;
		int r = parse_nano(rows[i].text, UINT64_MAX, &nano, NULL);
		assert_int_equal(r, rows[i].ok ? 0 : -ERR_INVALID);
		assert_true(nano == (rows[i].ok ? rows[i].nano : 77));
	}
	uint64_t nano = 77;
	assert_int_equal(parse_nano("2", 2000000000, &nano, NULL), 0);
	assert_int_equal(parse_nano("2.000000001", 2000000000, &nano, NULL), -ERR_INVALID);
	assert_int_equal(nano, 2000000000);
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "10b", 10 },
		{ "1k", 1 << 10 },
		{ "1K", 1 << 10 },
		{ "10kb", 10 << 10 },
		{ "10kB", 10 << 10 },
		{ "10KiB", 10 << 10 },
		{ "64m", 64 << 20 },
		{ "1.5g", UINT64_C(3) << 29 },
		{ ".5k", 512 },
		{ "2GiB", UINT64_C(2) << 30 },
		{ "2 GiB", UINT64_C(2) << 30 },
		{ "3t", UINT64_C(3) << 40 },
		{ "1P", UINT64_C(1) << 50 },
		{ "1.0001", 1 },
		{ "9223372036854775807", INT64_MAX },
		{ "8191p", UINT64_C(8191) << 50 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t bytes = 77;
		assert_int_equal(parse_size(rows[i].text, &bytes, NULL), 0);
		assert_true(bytes == rows[i].bytes);
	}
}

static void test_sizes_that_are_none(void **state)
{
	static const char *const rows[] = {
		"",    "m",   "b",    "kb",   "-1",   "+1",	  "-1m",     "1x",  "1mm",	"1bb", "1bib", "1mi",
		"1ib", "1  m", ".",    "1..5k", "1.5.5k", " 1m",	  "1m ",     "1 m ", "0x10",	"1e3", "1kk",  "9223372036854775808",
		"8192p", "9999999999999999999999999999999999999999999999999999999999999", "8192.0p", "1\n", "1m\n", "nan", "inf",
		"12345678901234567890123456789012345678901234567890k",
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t bytes = 77;
		assert_int_equal(parse_size(rows[i], &bytes, NULL), -ERR_INVALID);
		assert_int_equal(bytes, 77);
	}
}

static void test_durations(void **state)
{
	const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "5s", 5000000000 },
		{ "100ms", 100000000 },
		{ "1.5h", 5400000000000 },
		{ "1h30m", 5400000000000 },
		{ ".5s", 500000000 },
		{ "1us", 1000 },
		{ "1\u00b5s", 1000 },
		{ "2ns", 2 },
		{ "90000000000ns", 90000000000 },
		{ "1m1s1ms", 61001000000 },
		{ "2562047h", 9223369200000000000 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		int64_t ns = -1;
		assert_int_equal(parse_duration(good[i].text, &ns, NULL), 0);
		assert_int_equal(ns, good[i].ns);
	}
}

static void test_durations_that_are_none(void **state)
{
	const char *const bad[] = { "",	   "5",	  "s",	  "-5s",  "+5s",   "5 s",  "5s ",     "1y",  "1.2.3s", ".s",
				    "00",  "5S",  "1h30", "1hh",  "0x5s",  "1e3s", "2562048h", "1d", "9223372036854775807s",
				    "s5" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int64_t ns = -1;
		assert_true(parse_duration(bad[i], &ns, NULL) < 0);
		assert_int_equal(ns, -1);
	}
}

static void test_booleans(void **state)
{
	static const struct {
		const char *text;
		int value; /* -1: none */
	} rows[] = {
		{ "true", 1 },	{ "True", 1 },	 { "TRUE", 1 }, { "t", 1 },  { "T", 1 },  { "1", 1 },
		{ "false", 0 }, { "False", 0 },	 { "FALSE", 0 }, { "f", 0 }, { "F", 0 },  { "0", 0 },
		{ "", -1 },	{ "yes", -1 },	 { "no", -1 },	{ "on", -1 }, { "2", -1 }, { "true ", -1 },
		{ " 1", -1 },	{ "truefalse", -1 }, { "00", -1 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool value = i % 2;
		int r = parse_bool(rows[i].text, &value, NULL);
		assert_int_equal(r, rows[i].value < 0 ? -ERR_INVALID : 0);
		assert_int_equal(value, rows[i].value < 0 ? (int)(i % 2) : rows[i].value);
	}
}

static void test_signals(void **state)
{
	const struct {
		const char *text;
		int sig;
	} rows[] = {
		{ "TERM", SIGTERM },	 { "SIGTERM", SIGTERM },   { "sigterm", SIGTERM }, { "term", SIGTERM },
		{ "15", SIGTERM },	 { "9", SIGKILL },	   { "KILL", SIGKILL },	   { "1", SIGHUP },
		{ "64", 64 },		 { "WINCH", SIGWINCH },	   { "SIGUSR1", SIGUSR1 }, { "IO", SIGIO },
		{ "POLL", SIGPOLL },	 { "CHLD", SIGCHLD },	   { "CLD", SIGCHLD },	   { "IOT", SIGABRT },
		{ "ABRT", SIGABRT },	 { "STKFLT", SIGSTKFLT },  { "SYS", SIGSYS },	   { "RTMIN", SIGRTMIN },
		{ "SIGRTMIN", SIGRTMIN }, { "RTMIN+3", SIGRTMIN + 3 }, { "sigrtmin+15", SIGRTMIN + 15 },
		{ "RTMAX", SIGRTMAX },	 { "RTMAX-1", SIGRTMAX - 1 }, { "RTMIN+30", SIGRTMAX }, { "RTMAX-30", SIGRTMIN },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int sig = 77;
		assert_int_equal(parse_signal(rows[i].text, &sig, NULL), 0);
		assert_int_equal(sig, rows[i].sig);
	}
}

static void test_signals_that_are_none(void **state)
{
	static const char *const rows[] = {
		"",	  "SIG",     "0",	"65",	    "-9",	"+9",	     "9x",	 "9 ",
		" 9",	  "NOSUCH",  "SIGSIGTERM", "TERMX",  "RTMIN+31", "RTMIN-1",  "RTMAX+1",  "RTMAX-31",
		"RTMIN+", "RTMIN+-1", "RTMINX", "18446744073709551625", "0x9", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct error err = { 0 };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int sig = 77;
		assert_int_equal(parse_signal(rows[i], &sig, &err), -ERR_INVALID);
		assert_int_equal(sig, 77);
		assert_true(str_starts_with(err.message, "invalid signal: "));
	}
}

static void test_names_of_signals(void **state)
{
	assert_string_equal(signal_name(SIGKILL), "KILL");
	assert_string_equal(signal_name(SIGRTMIN + 2), "RTMIN+2");
	assert_string_equal(signal_name(0), "0");
	assert_string_equal(signal_name(-5), "-5");
	assert_string_equal(signal_name(1000), "1000");
	/* Every name reads back. */
	for (int sig = 1; sig < NSIG; sig++) {
		int again = 0;
		if (sig >= 32 && sig < SIGRTMIN)
			continue; /* the C library's own */
		assert_int_equal(parse_signal(signal_name(sig), &again, NULL), 0);
		assert_int_equal(again, sig);
	}
}

static void test_base64(void **state)
{
	static const struct {
		const char *text, *decoded;
	} rows[] = { { "", "" }, { "Zg==", "f" }, { "Zm8=", "fo" }, { "Zm9v", "foo" }, { "Zm9vYg==", "foob" }, { "+/+/", "\xfb\xff\xbf" } };
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Zm=v", "=", "====", "Zm9v\n", "Zm9-", "Z m9" };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char buf[16];
		size_t len = 99;
		assert_int_equal(parse_base64(rows[i].text, buf, &len, NULL), 0);
		assert_int_equal(len, strlen(rows[i].decoded));
		assert_memory_equal(buf, rows[i].decoded, len);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char buf[16];
		size_t len = 99;
		if (parse_base64(bad[i], buf, &len, NULL) != -ERR_INVALID || len != 99)
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_whole_numbers),
		cmocka_unit_test(test_whole_numbers_that_are_none),
		cmocka_unit_test(test_whole_numbers_that_are_too_large),
		cmocka_unit_test(test_signed_numbers),
		cmocka_unit_test(test_octal_numbers),
		cmocka_unit_test(test_decimal_fractions),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_sizes_that_are_none),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_durations_that_are_none),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_signals_that_are_none),
		cmocka_unit_test(test_names_of_signals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
