/* SPDX-License-Identifier: Apache-2.0 */
/* Whose ids /etc/subuid says are whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/subordinate-ids.h"

static void expect_ranges(const char *text, size_t count, const struct spec_id_mapping *wanted)
{
	_cleanup_id_list_ struct id_list list = { 0 };
	*ARRAY_APPEND(list.items, list.count) = (struct spec_id_mapping){ 0, 1000, 1 };
	subordinate_ids_parse(text, "ann", 1000, &list);
	assert_int_equal(list.count, count + 1);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list.items[i + 1].container_id, wanted[i].container_id);
		assert_int_equal(list.items[i + 1].host_id, wanted[i].host_id);
		assert_int_equal(list.items[i + 1].size, wanted[i].size);
	}
}

static void ranges_are_of_the_user(void **state)
{
	const struct spec_id_mapping wanted[] = { { 1, 100000, 65536 } };
	expect_ranges("bob:1:1\nann:100000:65536\nanna:7:1\n", 1, wanted);
}

static void a_user_can_be_a_number(void **state)
{
	const struct spec_id_mapping wanted[] = { { 1, 300000, 10 } };
	expect_ranges("1000:300000:10", 1, wanted);
}

static void ranges_follow_each_other(void **state)
{
	const struct spec_id_mapping wanted[] = { { 1, 100000, 10 }, { 11, 200000, 5 } };
	expect_ranges("ann:100000:10\nann:200000:5\n", 2, wanted);
}

static void lines_without_sense_are_left_out(void **state)
{
	expect_ranges("", 0, NULL);
	expect_ranges("ann\nann:\nann:1\nann::\nann:x:1\nann:1:x\nann:-1:5\nann:1:1:1\n# ann:1:1\n", 0, NULL);
}

static void ids_that_are_none_are_left_out(void **state)
{
	const struct spec_id_mapping wanted[] = { { 1, 4294967294u, 1 } };
	expect_ranges("ann:1:0\nann:4294967295:1\nann:4294967290:6\nann:1:4294967295\nann:4294967294:1\n", 1, wanted);
}

static void sizes_add_up(void **state)
{
	_cleanup_id_list_ struct id_list list = { 0 };
	assert_int_equal(id_list_size(&list), 0);
	subordinate_ids_parse("ann:1:3000000000\nann:5:1000000000\n", "ann", 1000, &list);
	assert_int_equal(id_list_size(&list), 4000000000u);
}

static void no_file_is_no_ids(void **state)
{
	_cleanup_id_list_ struct id_list list = { 0 };
	assert_int_equal(subordinate_ids_read("/nowhere/subuid", "ann", 1000, &list, NULL), 0);
	assert_int_equal(list.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_of_the_user),
		cmocka_unit_test(a_user_can_be_a_number),
		cmocka_unit_test(ranges_follow_each_other),
		cmocka_unit_test(lines_without_sense_are_left_out),
		cmocka_unit_test(ids_that_are_none_are_left_out),
		cmocka_unit_test(sizes_add_up),
		cmocka_unit_test(no_file_is_no_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
