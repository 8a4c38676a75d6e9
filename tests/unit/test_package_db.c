/* SPDX-License-Identifier: Apache-2.0 */
/* What package managers have written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/package-db.h"

static void assert_package(const struct package_list *list, size_t i, const char *name, const char *version,
			   const char *architecture)
{
	assert_true(i < list->count);
	assert_string_equal(list->packages[i].name, name);
	assert_string_equal(list->packages[i].version, version);
	assert_string_equal(list->packages[i].architecture, architecture);
}

static void test_dpkg(void **state)
{
	struct package_list list = { 0 };
	package_db_parse(PACKAGE_DEB,
			 "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2+b2\n"
			 "Description: a shell\n Package: no-field-of-its-own\n .\n more\n\n"
			 "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\n"
			 "Package: half\nStatus: install ok half-installed\nVersion: 1\n\n"
			 "Package:  spaces \t\r\nVersion:\n\n"
			 "Version: 3\n\n"
			 "Package: last\nVersion: 1:2~rc1",
			 &list);
	assert_int_equal(list.count, 3);
	assert_package(&list, 0, "bash", "5.2.15-2+b2", "amd64");
	assert_package(&list, 1, "spaces", "", "");
	assert_package(&list, 2, "last", "1:2~rc1", "");
	package_list_done(&list);
}

static void test_apk(void **state)
{
	struct package_list list = { 0 };
	package_db_parse(PACKAGE_APK,
			 "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\nS:383459\nF:lib\nR:ld-musl.so\n\n"
			 "P:busybox\nV:1.36.1-r15\nA:x86_64\n\n",
			 &list);
	assert_int_equal(list.count, 2);
	assert_package(&list, 0, "musl", "1.2.4-r2", "x86_64");
	assert_package(&list, 1, "busybox", "1.36.1-r15", "x86_64");
	package_list_done(&list);
}

static void test_nonsense(void **state)
{
	static const char *const texts[] = { "", "\n\n\n", "Package", "Package:\n", ":\n:\n", "\x01\x02\n" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct package_list list = { 0 };
		package_db_parse(PACKAGE_DEB, texts[i], &list);
		assert_int_equal(list.count, 0);
		package_list_done(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dpkg),
		cmocka_unit_test(test_apk),
		cmocka_unit_test(test_nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
