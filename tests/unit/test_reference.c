/* SPDX-License-Identifier: Apache-2.0 */
/* Image names: Docker's grammar and defaults, and what is said about a name that breaks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/reference.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX

static void test_parts(void **state)
{
	static const struct {
		const char *text, *registry, *repository, *tag, *digest;
	} cases[] = {
		{ "busybox", "docker.io", "library/busybox", "latest", NULL },
		{ "busybox:1.36", "docker.io", "library/busybox", "1.36", NULL },
		{ "team/app", "docker.io", "team/app", "latest", NULL },
		{ "team/app/part", "docker.io", "team/app/part", "latest", NULL },
		{ "library/busybox", "docker.io", "library/busybox", "latest", NULL },
		{ "docker.io/busybox", "docker.io", "library/busybox", "latest", NULL },
		{ "docker.io/team/app", "docker.io", "team/app", "latest", NULL },
		{ "index.docker.io/busybox", "docker.io", "library/busybox", "latest", NULL },
		{ "localhost/app", "localhost", "app", "latest", NULL },
		{ "localhost:5000/app:1", "localhost:5000", "app", "1", NULL },
		{ "busybox:1/2", "busybox:1", "2", "latest", NULL },
		{ "Registry/app", "Registry", "app", "latest", NULL },
		{ "example.com/a/b/c:v1", "example.com", "a/b/c", "v1", NULL },
		{ "example.com:8443/app", "example.com:8443", "app", "latest", NULL },
		{ "xn--n3h.com/app", "xn--n3h.com", "app", "latest", NULL },
		{ "a-b.c-d.example/app", "a-b.c-d.example", "app", "latest", NULL },
		{ "127.0.0.1:5000/app", "127.0.0.1:5000", "app", "latest", NULL },
		{ "[::1]:5000/app", "[::1]:5000", "app", "latest", NULL },
		{ "[2001:db8::1]/app", "[2001:db8::1]", "app", "latest", NULL },
		{ "busybox@" DIGEST, "docker.io", "library/busybox", NULL, DIGEST },
		{ "busybox:1@" DIGEST, "docker.io", "library/busybox", "1", DIGEST },
		{ "localhost:5000/a/b:c.D-e_f@" DIGEST, "localhost:5000", "a/b", "c.D-e_f", DIGEST },
		{ "a_b/c__d/e-f/g---h/i.j", "docker.io", "a_b/c__d/e-f/g---h/i.j", "latest", NULL },
		{ "app:_x", "docker.io", "library/app", "_x", NULL },
		{ HEX ":latest", "docker.io", "library/" HEX, "latest", NULL },
		{ HEX "0", "docker.io", "library/" HEX "0", "latest", NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_reference_ struct image_reference reference = { 0 };
		struct error err = { 0 };
		if (reference_parse(cases[i].text, &reference, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.message);
		assert_string_equal(reference.registry, cases[i].registry);
		assert_string_equal(reference.repository, cases[i].repository);
		assert_true(streq_null(reference.tag, cases[i].tag));
		assert_true(streq_null(reference.digest, cases[i].digest));
	}
}

/* What is said must name the rule, and the place where it is broken. */
static void test_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "it is empty" },
		{ HEX, "cannot specify 64-byte hexadecimal strings" },
		{ "Busybox", "repository name must be lowercase, and has 'B' at character 1" },
		{ "UPPER/Image:1", "repository name must be lowercase, and has 'I' at character 7" },
		{ "team/App", "repository name must be lowercase, and has 'A' at character 6" },
		{ "busybox:", "a tag ends too early, at character 9" },
		{ "busybox:-1", "a tag may not have '-' there, at character 9" },
		{ "busybox:.1", "a tag may not have '.' there, at character 9" },
		{ "busybox:a b", "a tag may not have ' ' there, at character 10" },
		{ "busybox:a:b", "a tag may not have ':' there, at character 10" },
		{ "busybox@", "digest" },
		{ "t:1@sha256:abcd", "digest needs 64 hex digits, has 4" },
		{ "busybox@sha256:" HEX "0", "digest" },
		{ "busybox@sha256:../../../etc/passwd", "digest" },
		{ "busybox@md5:0123456789abcdef0123456789abcdef", "digest" },
		{ "bus ybox", "a repository's name may not have ' ' there, at character 4" },
		{ "busybox\n", "a repository's name" },
		{ "/busybox", "a repository's name may not have '/' there, at character 1" },
		{ "team//app", "a repository's name may not have '/' there, at character 6" },
		{ "team/app/", "a repository's name ends too early, at character 10" },
		{ "-app", "may not have '-' there, at character 1" },
		{ "app-", "ends too early, at character 5" },
		{ "a..b", "may not have '.' there, at character 3" },
		{ "a___b", "may not have '_' there, at character 4" },
		{ "a._b", "may not have '_' there, at character 3" },
		{ "../../etc/passwd", "a registry's name may not have '.' there, at character 1" },
		{ "a/../b", "a repository's name may not have '.' there, at character 3" },
		{ "localhost:/app", "a registry's port" },
		{ "localhost:5a/app", "a registry's port may not have 'a' there, at character 12" },
		{ "example..com/app", "a registry's name may not have '.' there, at character 9" },
		{ "-example.com/app", "a registry's name may not have '-' there, at character 1" },
		{ "example-.com/app", "a registry's name may not have '-' there, at character 8" },
		{ "exa_mple.com/app", "a registry's name may not have '_' there, at character 4" },
		{ "[::1/app", "an IPv6 address in brackets may not have '/' there" },
		{ "[::g]/app", "an IPv6 address in brackets may not have 'g' there, at character 4" },
		{ "[]/app", "an IPv6 address in brackets may not have ']' there" },
		{ "[::1]5000/app", "a registry's name may not have '5' there, at character 6" },
		{ "[::1]:5000", "a repository's name may not have '[' there, at character 1" },
		{ "https://example.com/app", "a registry's port may not have '/' there, at character 7" },
		{ "localhost/", "repository name must have at least one component" },
		{ "caf\xc3\xa9", "may not hold the byte 0xc3, at character 4" },
		{ "app\x1b[31m", "a repository's name" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_reference reference = { .tag = (char *)"untouched" };
		struct error err = { 0 };
		if (reference_parse(cases[i].text, &reference, &err) != -ERR_IMG_REF)
			fail_msg("\"%s\" was not refused", cases[i].text);
		assert_string_equal(reference.tag, "untouched");
		if (!strstr(err.message, "invalid reference format") || !strstr(err.message, cases[i].words))
			fail_msg("\"%s\": %s", cases[i].text, err.message);
		assert_null(strchr(err.message, '\x1b'));
	}
}

static char *repeated(const char *before, char c, size_t count, const char *after)
{
	struct str text = { 0 };
	str_append(&text, before);
	for (size_t i = 0; i < count; i++)
		str_append_char(&text, c);
	str_append(&text, after);
	return str_take(&text);
}

static void test_lengths(void **state)
{
	static const struct {
		const char *before;
		size_t count;
		const char *after;
		int result;
	} cases[] = {
		{ "team/", 250, "", 0 }, /* 255 in all */
		{ "team/", 251, "", -ERR_IMG_REF },
		{ "", 247, "", 0 }, /* with "library/" before it */
		{ "", 248, "", -ERR_IMG_REF },
		{ "a.b:5000/", 255, ":1", 0 },
		{ "a:", 128, "", 0 },
		{ "a:", 129, "", -ERR_IMG_REF },
		{ "a.", 253, "/a", 0 },
		{ "a.", 254, "/a", -ERR_IMG_REF },
		{ "a:", 100000, "", -ERR_IMG_REF },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = repeated(cases[i].before, 'a', cases[i].count, cases[i].after);
		_cleanup_reference_ struct image_reference reference = { 0 };
		struct error err = { 0 };
		assert_int_equal(reference_parse(text, &reference, &err), cases[i].result);
		if (cases[i].result < 0)
			assert_non_null(strstr(err.message, "invalid reference format"));
	}
}

static void test_texts(void **state)
{
	static const struct {
		const char *text, *full, *familiar, *repository;
	} cases[] = {
		{ "busybox", "docker.io/library/busybox:latest", "busybox:latest", "busybox" },
		{ "docker.io/team/app:1", "docker.io/team/app:1", "team/app:1", "team/app" },
		{ "localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest",
		  "localhost:5000/app" },
		{ "a/b@" DIGEST, "docker.io/a/b@" DIGEST, "a/b@" DIGEST, "a/b" },
		{ "a/b:c@" DIGEST, "docker.io/a/b:c@" DIGEST, "a/b:c@" DIGEST, "a/b" },
		{ "docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest", "library/a/b" },
		/* These would be read as something else without their registry. */
		{ "docker.io/localhost/a", "docker.io/localhost/a:latest", "docker.io/localhost/a:latest",
		  "docker.io/localhost/a" },
		{ "docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest", "docker.io/a.b/c" },
		{ "docker.io/library/" HEX, "docker.io/library/" HEX ":latest", "docker.io/library/" HEX ":latest",
		  "docker.io/library/" HEX },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_reference_ struct image_reference reference = { 0 };
		assert_int_equal(reference_parse(cases[i].text, &reference, NULL), 0);
		_cleanup_free_ char *full = reference_full(&reference);
		_cleanup_free_ char *familiar = reference_familiar(&reference);
		_cleanup_free_ char *repository = reference_familiar_repository(&reference);
		assert_string_equal(full, cases[i].full);
		assert_string_equal(familiar, cases[i].familiar);
		assert_string_equal(repository, cases[i].repository);
	}
}

static void test_done_twice(void **state)
{
	struct image_reference reference;
	assert_int_equal(reference_parse("a:1@" DIGEST, &reference, NULL), 0);
	reference_done(&reference);
	reference_done(&reference);
	assert_null(reference.registry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts), cmocka_unit_test(test_refused),	 cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_texts), cmocka_unit_test(test_done_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
