/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of logs, read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/log-frames.h"
#include "monitor/log-record.h"

/* Exactly as long as its content, so that sanitizers see whoever reads behind it. */
static char *line_of(const char *text, size_t *ret_len)
{
	*ret_len = strlen(text);
	return mem_dup(text, *ret_len);
}

static void assert_text(const char *escaped, const char *wanted, size_t wanted_len)
{
	_cleanup_free_ char *text = mem_printf("{\"log\":\"%s\",\"stream\":\"stderr\",\"time\":\"2026-01-02T03:04:05Z\"}", escaped);
	size_t len;
	_cleanup_free_ char *line = line_of(text, &len);
	struct log_record entry;
	assert_true(log_record_parse(line, len, &entry));
	assert_int_equal(entry.len, wanted_len);
	assert_memory_equal(entry.text, wanted, wanted_len);
	assert_int_equal(entry.stream, LOG_STDERR);
	assert_int_equal(log_record_time(&entry), INT64_C(1767323045) * NSEC_PER_SEC);
}

static void test_escapes(void **state)
{
	assert_text("", "", 0);
	assert_text("plain\\n", "plain\n", 6);
	assert_text("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8);
	assert_text("a\\u0000b", "a\0b", 3);
	assert_text("\\u00fc\\u20ac\\ud83d\\ude00", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", 9);
	assert_text("\\u003c\\u003E", "<>", 2);
	assert_text("\xc3\xbc", "\xc3\xbc", 2);
}

static void test_halves_of_pairs_are_replaced(void **state)
{
	assert_text("\\ud83dx", "\xef\xbf\xbdx", 4);
	assert_text("\\ude00", "\xef\xbf\xbd", 3);
	assert_text("\\ud83d\\u0041", "\xef\xbf\xbd"
				       "A",
		    4);
	assert_text("\\ud83d\\n", "\xef\xbf\xbd\n", 4);
}

static void test_members_in_any_order_and_unknown_ones(void **state)
{
	static const char text[] = "{\"new\":{\"a\":\"}\\\"\"},\"attrs\":{\"k\":\"v\"},\"time\":\"x\",\"log\":\"t\",\"other\":\"o\"}";
	size_t len;
	_cleanup_free_ char *line = line_of(text, &len);
	struct log_record entry;
	assert_true(log_record_parse(line, len, &entry));
	assert_int_equal(entry.stream, LOG_STDOUT);
	assert_int_equal(entry.len, 1);
	assert_int_equal(entry.attributes_len, strlen("{\"k\":\"v\"}"));
	assert_memory_equal(entry.attributes, "{\"k\":\"v\"}", entry.attributes_len);
	assert_int_equal(log_record_time(&entry), 0);
}

static void test_what_is_no_entry(void **state)
{
	static const char *const rows[] = {
		"",
		"{",
		"{}",
		"nonsense",
		"{\"log\":\"half",
		"{\"log\":\"half\\",
		"{\"log\":\"half\\u12",
		"{\"log\":\"bad\\x\"}",
		"{\"log\":\"bad\\u12g4\"}",
		"{\"log\":\"a\",}",
		"{\"log\":\"a\"",
		"{\"log\":\"a\"}x",
		"{\"log\":1}",
		"{\"log\":{\"a\":\"b}",
		"{\"log\" :\"a\"}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct log_record entry;
		size_t len;
		_cleanup_free_ char *line = line_of(rows[i], &len);
		assert_false(log_record_parse(line, len, &entry));
	}
}

/* --- between lengths --- */

/* Exactly as long as it is, and with its lengths around it. */
static char *frame_of(const char *body, size_t len, size_t *ret_len)
{
	char *frame = mem_alloc(len + 8);
	const char length[4] = { 0, 0, (char)(len >> 8), (char)len };
	memcpy(frame, length, sizeof length);
	memcpy(frame + sizeof length, body, len);
	memcpy(frame + sizeof length + len, length, sizeof length);
	*ret_len = len + 8;
	return frame;
}

static void test_local(void **state)
{
	static const struct {
		const char *body, *text;
		enum log_stream stream;
		int64_t time_ns;
	} rows[] = {
		{ "\x0a\x06stderr\x10\xac\x02\x1a\x05hello", "hello\n", LOG_STDERR, 300 },
		{ "\x0a\x06stdout\x10\x01\x1a\x04half\x20\x01\x2a\x04\x08\x01\x18\x03", "half", LOG_STDOUT, 1 },
		{ "\x10\x01", "\n", LOG_STDOUT, 1 },			 /* an empty line has no text */
		{ "\x1a\x01x\x32\x02zz\x38\x07", "x\n", LOG_STDOUT, 0 }, /* fields to come */
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len;
		_cleanup_free_ char *frame = frame_of(rows[i].body, strlen(rows[i].body), &len);
		struct log_record entry;
		for (size_t some = 0; some < len; some++)
			assert_int_equal(LOG_FRAMES_LOCAL.length(frame, some), 0);
		assert_int_equal(LOG_FRAMES_LOCAL.length(frame, len), len);
		assert_true(LOG_FRAMES_LOCAL.parse(frame, len, &entry));
		assert_int_equal(entry.len, strlen(rows[i].text));
		assert_memory_equal(entry.text, rows[i].text, entry.len);
		assert_int_equal(entry.stream, rows[i].stream);
		assert_int_equal(log_record_time(&entry), rows[i].time_ns);
	}
}

static void test_what_is_no_local_entry(void **state)
{
	static const char *const bodies[] = { "\x1a\x05hell", "\x1a",
					      "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
					      "\x0d"
					      "abcd",
					      "\x80" };
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		size_t len;
		_cleanup_free_ char *frame = frame_of(bodies[i], strlen(bodies[i]), &len);
		struct log_record entry;
		assert_false(LOG_FRAMES_LOCAL.parse(frame, len, &entry));
	}
	size_t len;
	_cleanup_free_ char *frame = frame_of("\x10\x01", 2, &len);
	frame[len - 1] = 3;
	assert_int_equal(LOG_FRAMES_LOCAL.length(frame, len), -1);
	assert_int_equal(LOG_FRAMES_LOCAL.length("\xff\xff\xff\xff", 4), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_halves_of_pairs_are_replaced),
		cmocka_unit_test(test_members_in_any_order_and_unknown_ones),
		cmocka_unit_test(test_what_is_no_entry),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_what_is_no_local_entry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
