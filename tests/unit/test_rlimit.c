/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits and their names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "runtime/rlimit.h"

static void test_names_and_numbers_agree(void **state)
{
	assert_int_equal(rlimit_from_name("RLIMIT_NOFILE", NULL), RLIMIT_NOFILE);
	assert_int_equal(rlimit_from_name("nofile", NULL), RLIMIT_NOFILE);
	for (int resource = 0; resource < RLIM_NLIMITS; resource++)
		assert_int_equal(rlimit_from_name(rlimit_name(resource), NULL), resource);
	assert_null(rlimit_name(-1));
	assert_null(rlimit_name(RLIM_NLIMITS));
}

static void test_unknown_names(void **state)
{
	struct error err = { 0 };
	assert_int_equal(rlimit_from_name("RLIMIT_NOFILES", &err), -ERR_INVALID);
	assert_string_equal(err.hint, "did you mean RLIMIT_NOFILE?");
	assert_int_equal(rlimit_from_name("files", NULL), -ERR_INVALID);
	assert_int_equal(rlimit_from_name("", NULL), -ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_numbers_agree),
		cmocka_unit_test(test_unknown_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
