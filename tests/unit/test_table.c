/* SPDX-License-Identifier: Apache-2.0 */
/* Columns, and the values in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/format.h"
#include "cli/table.h"

static char *print(const struct table *table)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	table_print(table, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void test_columns(void **state)
{
	_cleanup_table_ struct table table = { .columns = 3 };
	table_add_row(&table, (const char *const[]){ "ID", "LONG HEADER", "NAMES", NULL });
	table_add_row(&table, (const char *const[]){ "a very long cell", "x", "name", NULL });
	table_add_row(&table, (const char *const[]){ "", "", "", NULL });
	_cleanup_free_ char *text = print(&table);
	assert_string_equal(text, "ID                 LONG HEADER   NAMES\n"
				  "a very long cell   x             name\n"
				  "                                 \n");
}

static void test_columns_are_ten_wide_at_least(void **state)
{
	_cleanup_table_ struct table table = { .columns = 2 };
	table_add_row(&table, (const char *const[]){ "A", "B", NULL });
	table_add_row(&table, (const char *const[]){ "seven77", "b", NULL });
	_cleanup_free_ char *text = print(&table);
	assert_string_equal(text, "A         B\nseven77   b\n");
}

static void test_characters_count_not_bytes(void **state)
{
	_cleanup_table_ struct table table = { .columns = 2 };
	table_add_row(&table, (const char *const[]){ "äöüßäöüß", "x", NULL });
	table_add_row(&table, (const char *const[]){ "12345678", "x", NULL });
	_cleanup_free_ char *text = print(&table);
	assert_string_equal(text, "äöüßäöüß   x\n12345678   x\n");
}

/* As Go's tabwriter: a column ends where a line does not have it. */
static void test_tabs_are_columns(void **state)
{
	static const struct {
		const char *text, *result;
	} rows[] = {
		{ "", "" },
		{ "\n", "\n" },
		{ "a\n\nb\n", "a\n\nb\n" },
		{ "a\tb\nlonger than\tc\n", "a             b\nlonger than   c\n" },
		{ "a\tb\nno tab here\na\tb", "a         b\nno tab here\na         b" },
		{ "a\tb\tc\nmuch longer\tb\n", "a             b         c\nmuch longer   b\n" },
		{ "\t\tx\n", "                    x\n" },
		{ "ä\tb\nxy\tb\n", "ä         b\nxy        b\n" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = table_align(rows[i].text);
		assert_string_equal(text, rows[i].result);
	}
}

static void test_nothing_drives_the_terminal(void **state)
{
	_cleanup_table_ struct table table = { .columns = 1 };
	table_add(&table, "\033[31mred\007\x7f\xc2\x9b\xff\n\t");
	_cleanup_free_ char *text = print(&table);
	assert_string_equal(text, "\\x1b[31mred\\x07\\x7f\\x9b\\xff\\n\\t\n");
}

static void test_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text, *binary;
	} rows[] = {
		{ 0, "0B", "0 B" },
		{ 999, "999B", "999 B" },
		{ 1000, "1kB", "1000 B" },
		{ 1024, "1.02kB", "1 KiB" },
		{ 12345678, "12.3MB", "11.8 MiB" },
		{ 999400, "999kB", "976 KiB" },
		{ 999600, "1MB", "976 KiB" },
		{ UINT64_C(32) << 20, "33.6MB", "32 MiB" },
		{ UINT64_C(3) << 29, "1.61GB", "1.5 GiB" },
		{ UINT64_MAX, "18.4EB", "16 EiB" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[SIZE_TEXT_MAX];
		assert_string_equal(format_size(rows[i].bytes, text), rows[i].text);
		assert_string_equal(format_binary_size(rows[i].bytes, text), rows[i].binary);
	}
}

static void test_container_status(void **state)
{
	const int64_t now = 1000000 * NSEC_PER_SEC;
	static const struct {
		enum container_state state;
		int exit_code;
		int64_t started_s, finished_s; /* ago; -1: never */
		const char *text;
	} rows[] = {
		{ STATE_CREATED, 0, -1, -1, "Created" },
		{ STATE_RUNNING, 0, 300, -1, "Up 5 minutes" },
		{ STATE_RUNNING, 0, 0, -1, "Up Less than a second" },
		{ STATE_PAUSED, 0, 7200, -1, "Up 2 hours (Paused)" },
		{ STATE_EXITED, 0, 10, 3, "Exited (0) 3 seconds ago" },
		{ STATE_EXITED, 137, 100, 60, "Exited (137) About a minute ago" },
		{ STATE_EXITED, 1, 100, -5, "Exited (1) Less than a second ago" }, /* the clock was put back */
		{ STATE_DEAD, 0, 10, 10, "Dead" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct container_record record = {
			.state = rows[i].state,
			.exit_code = rows[i].exit_code,
			.started_at = now - rows[i].started_s * NSEC_PER_SEC,
			.finished_at = now - rows[i].finished_s * NSEC_PER_SEC,
		};
		_cleanup_str_ struct str text = { 0 };
		format_container_status(&text, &record, now);
		assert_string_equal(str_text(&text), rows[i].text);
	}
}

static void test_times(void **state)
{
	_cleanup_str_ struct str never = { 0 }, then = { 0 };
	format_ago(&never, 0, 1000);
	assert_string_equal(str_text(&never), "N/A");
	format_ago(&then, NSEC_PER_SEC, 121 * NSEC_PER_SEC);
	assert_string_equal(str_text(&then), "2 minutes ago");
}

static void test_ids(void **state)
{
	_cleanup_str_ struct str image = { 0 }, whole = { 0 }, container = { 0 };
	format_image_id(&image, "sha256:0123456789abcdef", false);
	format_image_id(&whole, "sha256:0123456789abcdef", true);
	format_container_id(&container, "0123456789abcdef", false);
	assert_string_equal(str_text(&image), "0123456789ab");
	assert_string_equal(str_text(&whole), "sha256:0123456789abcdef");
	assert_string_equal(str_text(&container), "0123456789ab");
}

static void test_ellipsis(void **state)
{
	static const struct {
		const char *text;
		size_t max;
		const char *result;
	} rows[] = {
		{ "", 5, "" },	 { "12345", 5, "12345" }, { "123456", 5, "1234…" },   { "ääääää", 5, "ääää…" },
		{ "ä", 1, "ä" }, { "äö", 1, "…" },	  { "abc", SIZE_MAX, "abc" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_str_ struct str out = { 0 };
		format_ellipsis(&out, rows[i].text, rows[i].max);
		assert_string_equal(str_text(&out), rows[i].result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_columns_are_ten_wide_at_least),
		cmocka_unit_test(test_characters_count_not_bytes),
		cmocka_unit_test(test_tabs_are_columns),
		cmocka_unit_test(test_nothing_drives_the_terminal),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_container_status),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ellipsis),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
