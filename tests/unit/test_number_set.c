/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of processors and memory nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"
#include "runtime/number-set.h"

static void test_lists(void **state)
{
	struct number_set set, part;
	assert_int_equal(number_set_parse("0-3,7,5-5,8191", &set, NULL), 0);
	static const unsigned in[] = { 0, 1, 2, 3, 5, 7, 8191 }, out[] = { 4, 6, 8, 63, 64, 8190, 8192, UINT32_MAX };
	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		assert_true(number_set_has(&set, in[i]));
	for (size_t i = 0; i < ARRAY_SIZE(out); i++)
		assert_false(number_set_has(&set, out[i]));
	assert_int_equal(number_set_parse("3,8191", &part, NULL), 0);
	assert_true(number_set_is_subset(&part, &set));
	assert_false(number_set_is_subset(&set, &part));
}

static void test_what_is_no_list(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "the list is empty" },	{ ",", "" },	{ "1,", "" },  { ",1", "" },  { "-", "" },   { "1-", "" },
		{ "-1", "" },			{ "1-2-3", "" }, { "a", "" },	{ "1 ", "" },  { "0x1", "" }, { "+1", "" },
		{ "2-1", "the range 2-1 runs backwards" }, { "8192", "" }, { "0-8192", "" }, { "99999999999999999999", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct number_set set = { .words = { 42 } };
		struct error err = { 0 };
		if (number_set_parse(rows[i].text, &set, &err) != -ERR_INVALID)
			fail_msg("\"%s\" was taken", rows[i].text);
		if (*rows[i].why)
			assert_string_equal(err.message, rows[i].why);
		assert_int_equal(set.words[0], 42);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_what_is_no_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
