/* SPDX-License-Identifier: Apache-2.0 */
/* Platforms: their spellings, and which of them run where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/util.h"
#include "image/platform.h"

static struct platform parse(const char *text)
{
	struct platform platform = { 0 };
	struct error err = { 0 };
	if (platform_parse(text, &platform, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return platform;
}

static void test_spellings(void **state)
{
	static const struct {
		const char *text, *formatted;
	} cases[] = {
		{ "linux/amd64", "linux/amd64" },
		{ "linux/x86_64", "linux/amd64" },
		{ "linux/amd64/v1", "linux/amd64" },
		{ "linux/amd64/v3", "linux/amd64/v3" },
		{ "amd64", "linux/amd64" },
		{ "aarch64", "linux/arm64" },
		{ "linux/arm64/v8", "linux/arm64" },
		{ "linux/arm64/8", "linux/arm64" },
		{ "linux/arm64/v9", "linux/arm64/v9" },
		{ "arm", "linux/arm/v7" },
		{ "linux/arm", "linux/arm/v7" },
		{ "linux/arm/6", "linux/arm/v6" },
		{ "linux/arm/v5", "linux/arm/v5" },
		{ "armhf", "linux/arm/v7" },
		{ "linux/armel", "linux/arm/v6" },
		{ "i686", "linux/386" },
		{ "Linux/AMD64", "linux/amd64" },
		{ "windows/amd64", "windows/amd64" },
		{ "s390x", "linux/s390x" },
		{ "linux/riscv64", "linux/riscv64" },
		{ "freebsd/sparc64", "freebsd/sparc64" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct platform platform = parse(cases[i].text);
		char text[64];
		assert_string_equal(platform_format(&platform, text), cases[i].formatted);
	}
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"/",
		"linux/",
		"/amd64",
		"linux/amd64/",
		"linux/amd64/v1/x",
		"nonsense",
		"linux/nonsense",
		"nonsense/amd64",
		"linux amd64",
		"linux/am\n64",
		"linux/../etc",
		"linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"aaaaaaaaaaaaaaaaaaaaa/amd64",
		"linux/amd64/vvvvvvvvvvvvvvvvvvvvv",
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct platform platform = { .os = "same" };
		struct error err = { 0 };
		int r = platform_parse(cases[i], &platform, &err);
		if (r != -ERR_INVALID)
			fail_msg("\"%s\" was not refused", cases[i]);
		assert_string_equal(platform.os, "same");
	}
}

static void test_unknown_words(void **state)
{
	static const struct {
		const char *text, *hint;
	} cases[] = {
		{ "linux/nonsense", "" },
		{ "linux/amd46", "did you mean amd64?" },
		{ "linus/amd64", "did you mean linux?" },
		{ "amd46", "did you mean amd64?" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct platform platform;
		struct error err = { 0 };
		assert_int_equal(platform_parse(cases[i].text, &platform, &err), -ERR_INVALID);
		assert_non_null(strstr(err.message, "unknown platform"));
		assert_non_null(strstr(err.message, cases[i].text));
		assert_string_equal(err.hint, cases[i].hint);
	}
}

static void test_host(void **state)
{
	struct utsname system;
	struct platform host = platform_host();
	assert_int_equal(uname(&system), 0);
	assert_string_equal(host.os, "linux");
	if (streq(system.machine, "x86_64"))
		assert_string_equal(host.architecture, "amd64");
	if (streq(system.machine, "aarch64"))
		assert_string_equal(host.architecture, "arm64");
	assert_true(platform_match(&host, &host) > 0);
	struct platform alone = parse("linux");
	assert_string_equal(alone.architecture, host.architecture);
}

static void test_matches(void **state)
{
	static const struct {
		const char *wanted, *offered;
		bool match;
	} cases[] = {
		{ "linux/amd64", "linux/amd64", true },
		{ "linux/amd64", "linux/arm64", false },
		{ "linux/amd64", "windows/amd64", false },
		{ "linux/amd64", "linux/386", false },
		{ "linux/amd64", "linux/amd64/v2", false },
		{ "linux/amd64/v3", "linux/amd64", true },
		{ "linux/amd64/v3", "linux/amd64/v2", true },
		{ "linux/amd64/v2", "linux/amd64/v3", false },
		{ "linux/arm64", "linux/arm64/v8", true },
		{ "linux/arm64/v8", "linux/arm64", true },
		{ "linux/arm64", "linux/arm64/v8.1", false },
		{ "linux/arm64/v9", "linux/arm64/v8.2", true },
		{ "linux/arm64", "linux/arm/v7", false },
		{ "linux/arm/v7", "linux/arm/v6", true },
		{ "linux/arm/v6", "linux/arm/v7", false },
		{ "linux/arm", "linux/arm/v7", true },
		{ "linux/ppc64le", "linux/ppc64le/power9", false },
		{ "linux/ppc64le/power9", "linux/ppc64le", true },
		{ "linux/ppc64le/power9", "linux/ppc64le/power9", true },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct platform wanted = parse(cases[i].wanted), offered = parse(cases[i].offered);
		if ((platform_match(&wanted, &offered) > 0) != cases[i].match)
			fail_msg("%s where %s is wanted", cases[i].offered, cases[i].wanted);
	}
}

/* As they come out of an index, which was not normalised. */
static void test_raw_words(void **state)
{
	struct platform wanted = parse("linux/arm64");
	struct platform v8 = { "linux", "arm64", "v8" }, empty = { 0 }, no_os = { "", "arm64", "" };
	assert_true(platform_match(&wanted, &v8) > 0);
	assert_int_equal(platform_match(&wanted, &empty), 0);
	assert_int_equal(platform_match(&wanted, &no_os), 0);
}

static void test_nearest_wins(void **state)
{
	static const char *const better_first[] = { "linux/arm/v7", "linux/arm/v6", "linux/arm/v5" };
	struct platform wanted = parse("linux/arm/v7");
	int before = INT32_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(better_first); i++) {
		struct platform offered = parse(better_first[i]);
		int match = platform_match(&wanted, &offered);
		assert_true(match > 0 && match < before);
		before = match;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unknown_words), cmocka_unit_test(test_host),
		cmocka_unit_test(test_matches),	      cmocka_unit_test(test_raw_words),
		cmocka_unit_test(test_nearest_wins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
