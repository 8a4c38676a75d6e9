/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the journal in the format that journalctl exports. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/journald-export.h"

#define STRING(text) text, sizeof(text) - 1

/* Out of memory of exactly its length, so that sanitizers see whoever reads behind it; *entry is valid but for its time. */
static ssize_t parse(const char *data, size_t len, struct journald_entry *entry)
{
	_cleanup_free_ char *copy = mem_dup(data, len);
	return journald_entry_parse(copy, len, entry);
}

static void test_an_entry(void **state)
{
	static const char text[] = "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1795363156795096\n_PID=7\nPRIORITY=3\n"
				   "CONTAINER_ID_FULL=abc\nTEAM=a \"b\"\nMESSAGE=hello = there\n\nMESSAGE=next\n\n";
	struct journald_entry entry = { 0 };
	ssize_t n = parse(STRING(text), &entry);
	assert_int_equal(n, sizeof text - 1 - strlen("MESSAGE=next\n\n"));
	assert_true(entry.has_message);
	assert_string_equal(str_text(&entry.text), "hello = there\n");
	assert_string_equal(str_text(&entry.cursor), "s=1;i=2");
	assert_string_equal(str_text(&entry.attributes), "{\"TEAM\":\"a \\\"b\\\"\"}");
	assert_int_equal(entry.record.stream, LOG_STDERR);
	assert_int_equal(entry.record.time_ns, INT64_C(1795363156795096) * 1000);
	assert_int_equal(parse(text + n, sizeof text - 1 - (size_t)n, &entry), strlen("MESSAGE=next\n\n"));
	assert_string_equal(str_text(&entry.text), "next\n");
	assert_null(entry.record.attributes);
	assert_int_equal(entry.record.stream, LOG_STDOUT);
	journald_entry_done(&entry);
}

static void test_the_time_is_that_of_the_writer(void **state)
{
	static const char text[] = "SYSLOG_TIMESTAMP=2026-01-02T03:04:05.5Z\n__REALTIME_TIMESTAMP=1\nMESSAGE=x\n\n";
	static const char other[] = "SYSLOG_TIMESTAMP=Nov 22 12:34:56 \n__REALTIME_TIMESTAMP=5\nMESSAGE=x\n\n";
	struct journald_entry entry = { 0 };
	assert_int_equal(journald_entry_parse(STRING(text), &entry), sizeof text - 1);
	assert_int_equal(log_record_time(&entry.record), INT64_C(1767323045) * NSEC_PER_SEC + NSEC_PER_SEC / 2);
	assert_int_equal(journald_entry_parse(STRING(other), &entry), sizeof other - 1);
	assert_int_equal(log_record_time(&entry.record), 5000);
	journald_entry_done(&entry);
}

static void test_values_of_bytes_and_parts_of_lines(void **state)
{
	static const char text[] = "MESSAGE\n\4\0\0\0\0\0\0\0a\n\nb\nCONTAINER_PARTIAL_MESSAGE=true\n\n";
	static const char last[] =
		"MESSAGE\n\0\0\0\0\0\0\0\0\nCONTAINER_PARTIAL_MESSAGE=true\nCONTAINER_PARTIAL_LAST=true\n\n";
	struct journald_entry entry = { 0 };
	assert_int_equal(parse(STRING(text), &entry), sizeof text - 1);
	assert_string_equal(str_text(&entry.text), "a\n\nb");
	assert_int_equal(parse(STRING(last), &entry), sizeof last - 1);
	assert_string_equal(str_text(&entry.text), "\n");
	journald_entry_done(&entry);
}

static void test_of_every_part_the_rest_is_waited_for(void **state)
{
	static const char text[] = "A=1\nMESSAGE\n\4\0\0\0\0\0\0\0a\n\nb\nB=2\n\n";
	struct journald_entry entry = { 0 };
	for (size_t len = 0; len < sizeof text - 1; len++)
		assert_int_equal(parse(text, len, &entry), 0);
	assert_int_equal(parse(STRING(text), &entry), sizeof text - 1);
	journald_entry_done(&entry);
}

static void test_what_is_no_entry(void **state)
{
	struct journald_entry entry = { 0 };
	assert_int_equal(parse(STRING("=x\n\n"), &entry), -EBADMSG);
	assert_int_equal(parse(STRING("A\n\1\0\0\0\0\0\0\0ab\n\n"), &entry), -EBADMSG);
	/* One that never ends is the reader's to give up. */
	assert_int_equal(parse(STRING("A\n\377\377\377\377\377\377\377\377ab\n\n"), &entry), 0);
	assert_int_equal(parse(STRING("_PID=1\n\n"), &entry), strlen("_PID=1\n\n"));
	assert_false(entry.has_message);
	journald_entry_done(&entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_entry),
		cmocka_unit_test(test_the_time_is_that_of_the_writer),
		cmocka_unit_test(test_values_of_bytes_and_parts_of_lines),
		cmocka_unit_test(test_of_every_part_the_rest_is_waited_for),
		cmocka_unit_test(test_what_is_no_entry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
