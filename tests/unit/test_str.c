/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, the growing buffer, vectors, and text made safe to show. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

static void test_prefixes_and_suffixes(void **state)
{
	static const struct {
		const char *s, *part;
		bool starts, ends;
	} rows[] = {
		{ "", "", true, true },	      { "a", "", true, true },	     { "", "a", false, false },
		{ "abc", "ab", true, false }, { "abc", "bc", false, true },  { "abc", "abc", true, true },
		{ "ab", "abc", false, false }, { "aXa", "a", true, true },   { "abc", "ABC", false, false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(str_starts_with(rows[i].s, rows[i].part), rows[i].starts);
		assert_int_equal(str_ends_with(rows[i].s, rows[i].part), rows[i].ends);
	}
	assert_string_equal(str_after("key=value", "key="), "value");
	assert_null(str_after("ke", "key="));
}

static void test_null_and_empty(void **state)
{
	assert_true(streq_null(NULL, NULL));
	assert_false(streq_null(NULL, ""));
	assert_false(streq_null("", NULL));
	assert_true(streq_null("a", "a"));
	assert_true(str_is_empty(NULL));
	assert_true(str_is_empty(""));
	assert_false(str_is_empty(" "));
}

static void test_copy_fits_or_is_cut(void **state)
{
	char buf[4] = "xyz";
	assert_int_equal(str_copy(buf, 0, "abc"), 0);
	assert_string_equal(buf, "xyz");
	assert_int_equal(str_copy(buf, 1, "abc"), 0);
	assert_string_equal(buf, "");
	assert_int_equal(str_copy(buf, sizeof buf, "abc"), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(str_copy(buf, sizeof buf, "abcdef"), 3);
	assert_string_equal(buf, "abc");
}

static void test_words_of_errno(void **state)
{
	char buf[64], tiny[4];
	assert_string_equal(str_errno(ENOENT, buf, sizeof buf), "no such file or directory");
	assert_string_equal(str_errno(EIO, buf, sizeof buf), "input/output error");
	assert_string_equal(str_errno(4095, buf, sizeof buf), "error 4095");
	assert_string_equal(str_errno(-1, buf, sizeof buf), "error -1");
	assert_string_equal(str_errno(ENOENT, tiny, sizeof tiny), "no ");
}

/* --- UTF-8 --- */

static const struct {
	const char *bytes;
	size_t len; /* of the character, 0: none */
} CHARACTERS[] = {
	{ "a", 1 },
	{ "\x7f", 1 },
	{ "\xc2\x80", 2 },
	{ "\xc3\xa9", 2 },
	{ "\xe2\x82\xac", 3 },
	{ "\xef\xbf\xbf", 3 },
	{ "\xf0\x9f\x90\xb3", 4 },
	{ "\xf4\x8f\xbf\xbf", 4 },
	{ "\x80", 0 },		       /* a continuation alone */
	{ "\xc3", 0 },		       /* cut off */
	{ "\xe2\x82", 0 },
	{ "\xf0\x9f\x90", 0 },
	{ "\xc3\x28", 0 },	       /* the second byte is no continuation */
	{ "\xc0\xaf", 0 },	       /* overlong "/" */
	{ "\xe0\x80\xaf", 0 },
	{ "\xf0\x80\x80\xaf", 0 },
	{ "\xc1\xbf", 0 },
	{ "\xed\xa0\x80", 0 },	       /* surrogates */
	{ "\xed\xbf\xbf", 0 },
	{ "\xf4\x90\x80\x80", 0 },     /* above U+10FFFF */
	{ "\xf5\x80\x80\x80", 0 },
	{ "\xf8\x88\x80\x80\x80", 0 }, /* five bytes */
	{ "\xfe", 0 },
	{ "\xff", 0 },
};

static void test_utf8_characters(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(CHARACTERS); i++) {
		const char *bytes = CHARACTERS[i].bytes;
		size_t left = strlen(bytes);
		/* At the very end of its memory, so that a sanitizer sees a byte too many being read. */
		_cleanup_free_ char *copy = mem_dup(bytes, left);
		assert_int_equal(str_utf8_length(copy, left), CHARACTERS[i].len);
		assert_int_equal(str_is_utf8(copy, left), CHARACTERS[i].len != 0);
	}
}

static void test_utf8_there_and_back(void **state)
{
	static const uint32_t characters[] = { 'a', 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff };
	for (size_t i = 0; i < ARRAY_SIZE(characters); i++) {
		_cleanup_str_ struct str text = { 0 };
		uint32_t character = 0;
		str_append_utf8(&text, characters[i]);
		assert_int_equal(str_utf8_decode(text.data, text.len, &character), text.len);
		assert_int_equal(character, characters[i]);
	}
}

static void test_utf8_texts(void **state)
{
	assert_true(str_is_utf8("", 0));
	assert_true(str_is_utf8("gr\xc3\xbc\xc3\x9f", 6));
	assert_false(str_is_utf8("gr\xc3\xbc\xc3\x9f", 5));
	assert_true(str_is_utf8("a\0b", 3));
}

static void test_control_characters_are_escaped(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "plain \xc3\xbc", "plain \xc3\xbc" },
		{ "two\nlines\tand tab", "two\\nlines\\tand tab" },
		{ "\x1b[31mred\r", "\\x1b[31mred\\x0d" },
		{ "\x7f\x01", "\\x7f\\x01" },
		{ "\xc2\x9b" "31m", "\\x9b31m" }, /* CSI as one C1 character */
		{ "\xc2\xa0", "\xc2\xa0" },	  /* the first that is none */
		{ "\x9b", "\\x9b" },		  /* the same byte, but no character */
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xe2\x82", "\\xe2\\x82" },
	};
	char buf[64];
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(str_escape_control(rows[i].in, buf, sizeof buf), strlen(rows[i].out));
		assert_string_equal(buf, rows[i].out);
	}
}

/* An escape, or a character of several bytes, is there whole or not at all. */
static void test_escaping_into_little_room(void **state)
{
	static const char text[] = "a\n\xe2\x82\xac\x1b";
	static const char *const prefixes[] = { "", "a", "a\\n", "a\\n\xe2\x82\xac", "a\\n\xe2\x82\xac\\x1b" };
	for (size_t size = 1; size < 16; size++) {
		char buf[16];
		const char *longest = "";
		for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
			if (strlen(prefixes[i]) < size)
				longest = prefixes[i];
		assert_int_equal(str_escape_control(text, buf, size), strlen(longest));
		assert_string_equal(buf, longest);
	}
	char untouched = 'x';
	assert_int_equal(str_escape_control(text, &untouched, 0), 0);
	assert_int_equal(untouched, 'x');
}

/* --- "did you mean" --- */

static void test_distances(void **state)
{
	static const struct {
		const char *a, *b;
		size_t limit, distance;
	} rows[] = {
		{ "", "", 3, 0 },	     { "run", "run", 3, 0 },	 { "run", "rum", 3, 1 }, { "run", "rn", 3, 1 },
		{ "run", "runs", 3, 1 },     { "urn", "run", 3, 1 },	 { "", "abc", 3, 3 },	 { "abc", "", 1, 2 },
		{ "kitten", "sitting", 5, 3 }, { "abcdef", "uvwxyz", 2, 3 }, { "ca", "abc", 5, 3 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(str_distance(rows[i].a, rows[i].b, rows[i].limit), rows[i].distance);
		assert_int_equal(str_distance(rows[i].b, rows[i].a, rows[i].limit), rows[i].distance);
	}
}

static void test_distance_of_what_is_too_long(void **state)
{
	char a[65], b[66];
	memset(a, 'x', 64);
	memset(b, 'x', 65);
	a[64] = b[65] = '\0';
	assert_int_equal(str_distance(a, a, 2), 0);
	assert_int_equal(str_distance(b, b, 2), 0);
	assert_int_equal(str_distance(a, b, 2), 3);
}

static void test_nearest(void **state)
{
	static const char *const verbs[] = { "create", "delete", "kill", "start", "state", NULL };
	static const char *const none[] = { NULL };
	assert_string_equal(str_nearest("crate", verbs), "create");
	assert_string_equal(str_nearest("strat", verbs), "start");
	assert_string_equal(str_nearest("state", verbs), "state");
	assert_null(str_nearest("checkpoint", verbs));
	assert_null(str_nearest("x", verbs));
	assert_null(str_nearest("", verbs));
	assert_null(str_nearest("kill", none));
	assert_null(str_nearest("kill", NULL));
}

/* --- the buffer --- */

static void test_buffer_grows(void **state)
{
	_cleanup_str_ struct str s = { 0 };
	assert_string_equal(str_text(&s), "");
	str_append_len(&s, NULL, 0);
	assert_string_equal(str_text(&s), "");
	str_append(&s, "one");
	str_append_char(&s, ' ');
	str_appendf(&s, "%d%s", 2, "!");
	str_append_len(&s, "\0z", 2);
	assert_int_equal(s.len, 8);
	assert_memory_equal(s.data, "one 2!\0z", 9);

	str_truncate(&s, 100);
	assert_int_equal(s.len, 8);
	str_truncate(&s, 3);
	assert_string_equal(str_text(&s), "one");
	for (int i = 0; i < 10000; i++)
		str_appendf(&s, "%04d", i);
	assert_int_equal(s.len, 3 + 40000);
	assert_string_equal(s.data + s.len - 8, "99989999");
}

static void test_buffer_is_handed_over(void **state)
{
	struct str s = { 0 };
	_cleanup_free_ char *empty = str_take(&s);
	assert_string_equal(empty, "");
	str_append(&s, "text");
	_cleanup_free_ char *text = str_take(&s);
	assert_string_equal(text, "text");
	assert_null(s.data);
	assert_int_equal(s.len, 0);
	str_append(&s, "again");
	assert_string_equal(str_text(&s), "again");
	str_done(&s);
	str_done(&s);
	assert_null(s.data);
}

/* --- vectors --- */

static void test_split_and_join(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		const char *parts[5];
	} rows[] = {
		{ NULL, 0, { 0 } },	     { "", 0, { 0 } },
		{ "a", 1, { "a" } },	     { "a:b", 2, { "a", "b" } },
		{ ":", 2, { "", "" } },	     { "a:", 2, { "a", "" } },
		{ ":a", 2, { "", "a" } },    { "a::b:", 4, { "a", "", "b", "" } },
		{ "no separator", 1, { "no separator" } },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_strv_ char **v = strv_split(rows[i].text, ':');
		assert_non_null(v);
		assert_int_equal(strv_count(v), rows[i].count);
		for (size_t k = 0; k < rows[i].count; k++)
			assert_string_equal(v[k], rows[i].parts[k]);
		_cleanup_free_ char *joined = strv_join(v, ":");
		assert_string_equal(joined, rows[i].text ? rows[i].text : "");
	}
}

/* Megabytes of separators are split in the time that it takes to read them. */
static void test_split_of_a_hostile_text(void **state)
{
	enum { MANY = 1 << 20 };
	_cleanup_free_ char *text = mem_alloc(MANY + 1);
	memset(text, '/', MANY);
	_cleanup_strv_ char **v = strv_split(text, '/');
	assert_int_equal(strv_count(v), MANY + 1);
}

static void test_vectors(void **state)
{
	_cleanup_strv_ char **v = NULL;
	assert_int_equal(strv_count(NULL), 0);
	assert_false(strv_contains(NULL, "a"));
	strv_append(&v, "a");
	strv_take(&v, mem_strdup("b"));
	assert_int_equal(strv_count(v), 2);
	assert_true(strv_contains(v, "b"));
	assert_false(strv_contains(v, "ab"));

	_cleanup_strv_ char **copy = strv_copy(v);
	assert_int_equal(strv_count(copy), 2);
	assert_string_equal(copy[1], "b");
	assert_ptr_not_equal(copy[1], v[1]);
	_cleanup_strv_ char **empty = strv_copy(NULL);
	assert_non_null(empty);
	assert_null(empty[0]);
	_cleanup_free_ char *joined = strv_join(NULL, ",");
	assert_string_equal(joined, "");
	strv_free(NULL);
}

/* --- memory --- */

static void test_memory(void **state)
{
	_cleanup_free_ char *zeroed = mem_alloc(16);
	for (int i = 0; i < 16; i++)
		assert_int_equal(zeroed[i], 0);
	_cleanup_free_ void *nothing = mem_alloc(0);
	assert_non_null(nothing);
	assert_null(mem_strdup(NULL));
	_cleanup_free_ char *part = mem_strndup("abcdef", 3), *all = mem_strndup("ab", 10);
	assert_string_equal(part, "abc");
	assert_string_equal(all, "ab");
	_cleanup_free_ char *printed = mem_printf("%s/%d", "a", 7);
	assert_string_equal(printed, "a/7");
}

static void test_arrays_grow_by_zeroed_elements(void **state)
{
	struct pair {
		int a, b;
	} *pairs = NULL;
	size_t count = 0;
	for (int i = 0; i < 1000; i++) {
		struct pair *pair = ARRAY_APPEND(pairs, count);
		assert_int_equal(pair->a, 0);
		assert_int_equal(pair->b, 0);
		pair->a = i;
		pair->b = -i;
	}
	assert_int_equal(count, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(pairs[i].a + pairs[i].b, 0);
	free(pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes_and_suffixes),
		cmocka_unit_test(test_null_and_empty),
		cmocka_unit_test(test_copy_fits_or_is_cut),
		cmocka_unit_test(test_words_of_errno),
		cmocka_unit_test(test_utf8_characters),
		cmocka_unit_test(test_utf8_there_and_back),
		cmocka_unit_test(test_utf8_texts),
		cmocka_unit_test(test_control_characters_are_escaped),
		cmocka_unit_test(test_escaping_into_little_room),
		cmocka_unit_test(test_distances),
		cmocka_unit_test(test_distance_of_what_is_too_long),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_buffer_grows),
		cmocka_unit_test(test_buffer_is_handed_over),
		cmocka_unit_test(test_split_and_join),
		cmocka_unit_test(test_split_of_a_hostile_text),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_arrays_grow_by_zeroed_elements),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
