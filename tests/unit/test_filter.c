/* SPDX-License-Identifier: Apache-2.0 */
/* KEY=VALUE of filters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/filter.h"

static const char *const KEYS[] = { "id", "label", "label!", "status", NULL };

static void test_keys_and_values(void **state)
{
	static const struct {
		const char *text;
		size_t key;
		const char *value;
	} rows[] = {
		{ "id=abc", 0, "abc" },	   { "ID = abc ", 0, "abc" }, { "label=a=b", 1, "a=b" },
		{ "label!=a", 2, "a" },	   { "status=", 3, "" },      { " Status =running", 3, "running" },
		{ "label=a b", 1, "a b" }, { "id=\t x\n", 0, "x" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *value = NULL;
		size_t key = 77;
		assert_int_equal(filter_parse(rows[i].text, KEYS, &key, &value, NULL), 0);
		assert_int_equal(key, rows[i].key);
		assert_string_equal(value, rows[i].value);
	}
}

static void test_what_is_none(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "", "invalid filter '': it is KEY=VALUE" },
		{ "id", "invalid filter 'id': it is KEY=VALUE" },
		{ "=x", "invalid filter '': it is one of id, label, label!, status" },
		{ "Nosuch=x", "invalid filter 'nosuch': it is one of id, label, label!, status" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		char *value = NULL;
		size_t key = 77;
		assert_int_equal(filter_parse(rows[i].text, KEYS, &key, &value, &err), -ERR_USAGE);
		assert_string_equal(err.message, rows[i].message);
		assert_int_equal(key, 77);
		assert_null(value);
	}
}

static void test_refusals_say_what_is_expected(void **state)
{
	struct error err = { 0 };
	assert_int_equal(filter_refuse("status", "x", "running or not", &err), -ERR_USAGE);
	assert_string_equal(err.message, "invalid filter 'status=x': it is running or not");
}

static void test_labels(void **state)
{
	char *const labels[] = { (char *)"a=1", (char *)"bc=", (char *)"d", NULL };
	assert_true(filter_has_label(labels, "a"));
	assert_true(filter_has_label(labels, "a=1"));
	assert_false(filter_has_label(labels, "a="));
	assert_false(filter_has_label(labels, "a=12"));
	assert_true(filter_has_label(labels, "bc"));
	assert_true(filter_has_label(labels, "bc="));
	assert_false(filter_has_label(labels, "b"));
	assert_true(filter_has_label(labels, "d"));
	assert_false(filter_has_label(NULL, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_and_values),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_refusals_say_what_is_expected),
		cmocka_unit_test(test_labels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
