/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of others: what is JSON, where in it something is wrong, and numbers to their last digit. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json-position.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

static void parse(const char *text, struct json_document *ret)
{
	struct error err = { 0 };
	if (json_parse(text, strlen(text), "doc", ERR_SPEC, ret, &err) < 0)
		fail_msg("%s: %s", text, err.message);
}

/* --- what is JSON --- */

static void test_valid_documents(void **state)
{
	static const char *const rows[] = {
		"{}", "[]", "0", "-0", "12", "-1.5e+10", "1E9", "true", "false", "null", "\"\"", "\"\\u00e9\\ud83d\\udc33\"",
		" \t\r\n{ \"a\" : [ 1 , 2 ] } \n", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "[[],{},\"\",0,true,null]", "\"\x7f\"",
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_document_ struct json_document document = { 0 };
		parse(rows[i], &document);
		assert_int_equal(document.len, strlen(rows[i]));
	}
}

static void test_documents_that_are_none(void **state)
{
	static const struct {
		const char *text, *place;
	} rows[] = {
		{ "", "doc:1:1: unexpected end of file" },
		{ " \n ", "doc:2:2: unexpected end of file" },
		{ "{", "doc:1:2: unexpected end of file" },
		{ "{\n\"a\":", "doc:2:5: unexpected end of file" },
		{ "[1,\n2", "doc:2:2: unexpected end of file" },
		{ "\"abc", "doc:1:5: unexpected end of file" },
		{ "tru", "doc:1:4: unexpected end of file" },
		{ "{}\n}", "doc:2:1: expected end of file before '}'" },
		{ "{} {}", "doc:1:4: expected end of file before '{'" },
		{ "1 2", "doc:1:3: " },
		{ "{\"a\":1,}", "doc:1:8: expected '\"' before '}'" },
		{ "[1,]", "doc:1:4: expected a value before ']'" },
		{ "{a:1}", "doc:1:2: expected '\"' before 'a'" },
		{ "{'a':1}", "doc:1:2: " },
		{ "{\"a\" 1}", "doc:1:6: expected ':' before '1'" },
		{ "{\"a\":1 \"b\":2}", "doc:1:8: expected ',' or '}' before '\"'" },
		{ "[1 2]", "doc:1:4: expected ',' or ']' before '2'" },
		{ "{\n  \"a\": nope\n}", "doc:2:9: expected null before 'o'" },
		{ "+1", "doc:1:1: " },
		{ "01", "doc:1:2: a number begins with 0" },
		{ "1.", "doc:1:3: unexpected end of file" },
		{ ".5", "doc:1:1: " },
		{ "1.x", "doc:1:3: expected a digit before 'x'" },
		{ "1e", "doc:1:3: unexpected end of file" },
		{ "[1e+]", "doc:1:5: expected a digit before ']'" },
		{ "-", "doc:1:2: unexpected end of file" },
		{ "-01", "doc:1:3: a number begins with 0" },
		{ "--1", "doc:1:2: expected a digit before '-'" },
		{ "0x10", "doc:1:2: " },
		{ "NaN", "doc:1:1: " },
		{ "Infinity", "doc:1:1: " },
		{ "-Infinity", "doc:1:2: expected a digit before 'I'" },
		{ "TRUE", "doc:1:1: " },
		{ "Null", "doc:1:1: " },
		{ "/* comment */ {}", "doc:1:1: " },
		{ "{} // comment", "doc:1:4: " },
		{ "\"\\x\"", "doc:1:3: unknown escape in a string" },
		{ "\"\\u12g4\"", "doc:1:6: expected a hexadecimal digit before 'g'" },
		{ "\"a\nb\"", "doc:1:3: a control character in a string" },
		{ "\"a\tb\"", "doc:1:3: " },
		{ "[\"\x01\"]", "doc:1:3: " },
		{ "\xef\xbb\xbf{}", "doc:1:1: expected a value before byte 0xef" },
		{ "\"\xff\"", "doc:1:2: not valid UTF-8" },
		{ "{\n\"\xc0\xaf\":1}", "doc:2:2: not valid UTF-8" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_document document = { .len = 77 };
		struct error err = { 0 };
		int r = json_parse(rows[i].text, strlen(rows[i].text), "doc", ERR_SPEC, &document, &err);
		if (r != -ERR_SPEC || !str_starts_with(err.message, rows[i].place))
			fail_msg("%s: %d, \"%s\" instead of \"%s\"", rows[i].text, r, err.message, rows[i].place);
		assert_int_equal(document.len, 77);
	}
}

static void test_nul_bytes(void **state)
{
	struct json_document document = { 0 };
	struct error err = { 0 };
	assert_int_equal(json_parse("{}\0", 3, "doc", ERR_JSON, &document, &err), -ERR_JSON);
	assert_string_equal(err.message, "doc:1:3: holds a NUL byte");
	assert_int_equal(json_parse("\0", 1, "doc", ERR_JSON, &document, &err), -ERR_JSON);
}

static void test_depth(void **state)
{
	for (size_t depth = 1; depth < 200000; depth += depth < 100 ? 1 : 50000) {
		_cleanup_str_ struct str text = { 0 };
		struct json_document document = { 0 };
		struct error err = { 0 };
		for (size_t i = 0; i < depth; i++)
			str_append(&text, i % 2 ? "[" : "{\"a\":");
		str_append_char(&text, '7');
		for (size_t i = depth; i-- > 0;)
			str_append_char(&text, i % 2 ? ']' : '}');
		int r = json_parse(text.data, text.len, "doc", ERR_SPEC, &document, &err);
		assert_int_equal(r, depth <= JSON_DEPTH_MAX ? 0 : -ERR_SPEC);
		if (r < 0)
			assert_non_null(strstr(err.message, "nested too deeply"));
		json_document_done(&document);
	}
}

static void test_load(void **state)
{
	_cleanup_close_ int fd = memfd_create("doc", MFD_CLOEXEC);
	_cleanup_json_document_ struct json_document document = { 0 };
	struct error err = { 0 };
	assert_int_equal(fd_write_all(fd, "{\"a\":1}", 7), 0);
	struct fd_path name = fd_path(fd);
	assert_int_equal(json_load(AT_FDCWD, name.text, 6, ERR_SPEC, &document, &err), -ERR_INVALID);
	assert_int_equal(json_load(AT_FDCWD, "/no/such/file", 7, ERR_SPEC, &document, &err), -ERR_NOT_FOUND);
	assert_int_equal(json_load(AT_FDCWD, name.text, 7, ERR_SPEC, &document, &err), 0);
	assert_string_equal(document.name, name.text);
}

/* --- where it stands --- */

static void test_positions_of_offsets(void **state)
{
	static const char text[] = "ab\n\ncd";
	static const struct json_position rows[] = { { 1, 1 }, { 1, 2 }, { 1, 3 }, { 2, 1 }, { 3, 1 }, { 3, 2 }, { 3, 3 }, { 3, 3 } };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_position at = json_position_of_offset(text, i);
		assert_int_equal(at.line, rows[i].line);
		assert_int_equal(at.column, rows[i].column);
	}
}

static const char DOCUMENT[] = "{\n"					    /* 1 */
			       "  \"a\": {\"b\": [10, {\"c\": null}]},\n"    /* 2 */
			       "  \"x/y\": 1, \"~\": 2, \"\": 3,\n"	    /* 3 */
			       "  \"s\": \"]},\\\"{[\",\n"		    /* 4 */
			       "  \"deep\": [[[\n    [ 7 ]]]],\n"	    /* 5, 6 */
			       "  \"twice\": 1,\n"			    /* 7 */
			       "  \"e\\u0065\": 1,\n"			    /* 8 */
			       "  \"twice\": 2,\n"			    /* 9 */
			       "  \"last\":true}\n";

static void test_positions_of_pointers(void **state)
{
	static const struct {
		const char *pointer;
		size_t line, column; /* 0: not there */
	} rows[] = {
		{ "", 1, 1 },
		{ "/a", 2, 8 },
		{ "/a/b", 2, 14 },
		{ "/a/b/0", 2, 15 },
		{ "/a/b/1", 2, 19 },
		{ "/a/b/1/c", 2, 25 },
		{ "/x~1y", 3, 10 },
		{ "/~0", 3, 18 },
		{ "/", 3, 25 },
		{ "/s", 4, 8 },
		{ "/deep/0/0/0/0", 6, 7 },
		{ "/twice", 9, 12 }, /* the one that counts */
		{ "/last", 10, 10 },
		{ "/ee", 8, 14 },
		{ "/none", 0, 0 },
		{ "/a/b/2", 0, 0 },
		{ "/a/b/00", 0, 0 },
		{ "/a/b/-", 0, 0 },
		{ "/s/0", 0, 0 },
		{ "/last/x", 0, 0 },
		{ "a", 1, 1 }, /* no pointer, and so the whole */
	};
	_cleanup_json_document_ struct json_document document = { 0 };
	parse(DOCUMENT, &document);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_position at = { 0, 0 };
		bool found = json_position_of_pointer(DOCUMENT, rows[i].pointer, &at);
		if (found != (rows[i].line > 0) || at.line != rows[i].line || at.column != rows[i].column)
			fail_msg("%s: %d %zu:%zu", rows[i].pointer, found, at.line, at.column);
	}
}

static void test_complaints_name_the_place(void **state)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node a, b, element, c;
	struct error err = { 0 };
	parse(DOCUMENT, &document);
	struct json_node root = json_root(&document);
	assert_int_equal(json_error(&root, &err, "all of it is %s", "wrong"), -ERR_SPEC);
	assert_string_equal(err.message, "doc:1:1: /: all of it is wrong");
	assert_int_equal(json_get(&root, "a", &a), 1);
	assert_int_equal(json_get_array(&a, "b", &b, &err), 1);
	element = json_array_at(&b, 1);
	json_error(&element, &err, "bad");
	assert_string_equal(err.message, "doc:2:19: /a/b/1: bad");
	assert_int_equal(json_get(&element, "c", &c), 0); /* null is as good as nothing */
	assert_int_equal(json_get(&root, "x/y", &c), 1);
	json_error(&c, &err, "bad");
	assert_string_equal(err.message, "doc:3:10: /x~1y: bad");
}

/* A document that was built here has no text to point into. */
static void test_complaints_about_built_documents(void **state)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct error err = { 0 };
	struct json_object *object = json_object_new_object();
	json_add_i64(object, "n", 7);
	json_document_wrap(object, "built", ERR_JSON, &document);
	struct json_node root = json_root(&document);
	const char *text = "untouched";
	assert_int_equal(json_get_string(&root, "n", &text, &err), -ERR_JSON);
	assert_string_equal(err.message, "built: /n: expected a string, found a number");
	assert_string_equal(text, "untouched");
}

/* --- types --- */

static int get_as(const struct json_node *node, const char *key, const char *type, struct error *err)
{
	struct json_node member;
	const char *text;
	_cleanup_strv_ char **v = NULL;
	bool flag;
	int64_t i;
	uint64_t u;
	if (streq(type, "string"))
		return json_get_string(node, key, &text, err);
	if (streq(type, "object"))
		return json_get_object(node, key, &member, err);
	if (streq(type, "array"))
		return json_get_array(node, key, &member, err);
	if (streq(type, "boolean"))
		return json_get_bool(node, key, &flag, err);
	if (streq(type, "i64"))
		return json_get_i64(node, key, INT64_MIN, INT64_MAX, &i, err);
	if (streq(type, "u64"))
		return json_get_u64(node, key, UINT64_MAX, &u, err);
	return json_get_strv(node, key, &v, err);
}

static void test_types(void **state)
{
	static const char text[] = "{\"string\":\"\",\"object\":{},\"array\":[],\"boolean\":false,\"i64\":1,\"half\":1.5,"
				   "\"null\":null,\"mixed\":[\"a\",1],\"nul\":\"a\\u0000b\"}";
	static const struct {
		const char *key, *type, *complaint; /* NULL: fine */
	} rows[] = {
		{ "string", "string", NULL },
		{ "object", "object", NULL },
		{ "array", "array", NULL },
		{ "array", "strv", NULL },
		{ "boolean", "boolean", NULL },
		{ "i64", "i64", NULL },
		{ "i64", "u64", NULL },
		{ "string", "object", "/string: expected an object, found a string" },
		{ "string", "array", "/string: expected an array, found a string" },
		{ "string", "boolean", "/string: expected a boolean, found a string" },
		{ "string", "i64", "/string: expected an integer, found a string" },
		{ "string", "u64", "/string: expected an integer, found a string" },
		{ "string", "strv", "/string: expected an array, found a string" },
		{ "i64", "string", "/i64: expected a string, found a number" },
		{ "i64", "boolean", "/i64: expected a boolean, found a number" },
		{ "half", "i64", "/half: expected an integer, found a number" },
		{ "half", "u64", "/half: expected an integer, found a number" },
		{ "object", "string", "/object: expected a string, found an object" },
		{ "array", "string", "/array: expected a string, found an array" },
		{ "boolean", "u64", "/boolean: expected an integer, found a boolean" },
		{ "mixed", "strv", "/mixed/1: expected a string, found a number" },
		{ "nul", "string", "/nul: holds a NUL character" },
	};
	_cleanup_json_document_ struct json_document document = { 0 };
	parse(text, &document);
	struct json_node root = json_root(&document);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		int r = get_as(&root, rows[i].key, rows[i].type, &err);
		assert_int_equal(r, rows[i].complaint ? -ERR_SPEC : 1);
		if (rows[i].complaint)
			assert_true(str_ends_with(err.message, rows[i].complaint));
		assert_int_equal(get_as(&root, "absent", rows[i].type, NULL), 0);
		assert_int_equal(get_as(&root, "null", rows[i].type, NULL), 0);
	}
}

static void test_required_members(void **state)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node node;
	struct error err = { 0 };
	const char *text;
	parse("{\"a\":{\"n\":null,\"s\":\"x\"}}", &document);
	struct json_node root = json_root(&document);
	assert_int_equal(json_need_object(&root, "a", &node, &err), 1);
	assert_int_equal(json_need_string(&node, "s", &text, &err), 1);
	assert_string_equal(text, "x");
	assert_int_equal(json_need_string(&node, "n", &text, &err), -ERR_SPEC);
	assert_string_equal(err.message, "doc:1:6: /a: \"n\" is required, but missing");
	assert_int_equal(json_need_array(&node, "s", &node, &err), -ERR_SPEC);
	assert_int_equal(json_need_object(&root, "z", &node, &err), -ERR_SPEC);
}

/* --- numbers --- */

static void test_integers_to_the_last_digit(void **state)
{
	static const struct {
		const char *text;
		int as_signed, as_unsigned; /* 1: it fits */
		int64_t i;
		uint64_t u;
	} rows[] = {
		{ "0", 1, 1, 0, 0 },
		{ "-0", 1, 1, 0, 0 },
		{ "-1", 1, 0, -1, 0 },
		{ "9223372036854775807", 1, 1, INT64_MAX, INT64_MAX },
		{ "9223372036854775808", 0, 1, 0, UINT64_C(1) << 63 },
		{ "18446744073709551615", 0, 1, 0, UINT64_MAX },
		{ "18446744073709551616", 0, 0, 0, 0 },
		{ "99999999999999999999999999", 0, 0, 0, 0 },
		{ "-9223372036854775808", 1, 0, INT64_MIN, 0 },
		{ "-9223372036854775809", 0, 0, 0, 0 },
		{ "-99999999999999999999999999", 0, 0, 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_document_ struct json_document document = { 0 };
		_cleanup_free_ char *text = mem_printf("{\"n\":%s}", rows[i].text);
		parse(text, &document);
		struct json_node root = json_root(&document);
		int64_t number = 77;
		uint64_t value = 77;
		int s = json_get_i64(&root, "n", INT64_MIN, INT64_MAX, &number, NULL);
		int u = json_get_u64(&root, "n", UINT64_MAX, &value, NULL);
		if (s != (rows[i].as_signed ? 1 : -ERR_SPEC) || u != (rows[i].as_unsigned ? 1 : -ERR_SPEC))
			fail_msg("%s: signed %d, unsigned %d", rows[i].text, s, u);
		assert_true(number == (rows[i].as_signed ? rows[i].i : 77));
		assert_true(value == (rows[i].as_unsigned ? rows[i].u : 77));
	}
}

static void test_ranges(void **state)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct error err = { 0 };
	int64_t i = 77;
	uint64_t u = 77;
	parse("{\"n\": 11, \"m\": -11}", &document);
	struct json_node root = json_root(&document);
	assert_int_equal(json_get_i64(&root, "n", -10, 10, &i, &err), -ERR_SPEC);
	assert_string_equal(err.message, "doc:1:7: /n: 11 is out of range, -10 to 10");
	assert_int_equal(json_get_i64(&root, "m", -10, 10, &i, &err), -ERR_SPEC);
	assert_int_equal(json_get_u64(&root, "n", 10, &u, &err), -ERR_SPEC);
	assert_string_equal(err.message, "doc:1:7: /n: 11 is out of range, 0 to 10");
	assert_int_equal(json_get_u64(&root, "m", 10, &u, &err), -ERR_SPEC);
	assert_int_equal(i, 77);
	assert_int_equal(u, 77);
	assert_int_equal(json_get_i64(&root, "n", 11, 11, &i, &err), 1);
	assert_int_equal(i, 11);
}

/* --- walking and building --- */

static void test_members_in_order(void **state)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_str_ struct str keys = { 0 };
	struct json_iterator iterator = { 0 };
	struct json_node member;
	parse("{\"z\":1,\"a\":null,\"m\":[]}", &document);
	struct json_node root = json_root(&document);
	while (json_next(&root, &iterator, &member))
		str_append(&keys, member.key);
	assert_string_equal(str_text(&keys), "zam");

	_cleanup_json_document_ struct json_document empty = { 0 };
	parse("{}", &empty);
	root = json_root(&empty);
	iterator = (struct json_iterator){ 0 };
	assert_false(json_next(&root, &iterator, &member));
}

static void test_building(void **state)
{
	const char *const words[] = { "a", "\"b\"", NULL };
	_cleanup_json_ struct json_object *object = json_object_new_object();
	json_add_string(object, "s", "a/b\n\x01");
	json_add_string(object, "none", NULL);
	json_add_i64(object, "n", INT64_MIN);
	json_add_bool(object, "b", true);
	json_add_strv(object, "v", (char *const *)words);
	json_add_strv(object, "no", NULL);
	json_add_i64(json_add_object(object, "o"), "k", 1);
	json_append_string(json_add_array(object, "l"), "x");
	assert_string_equal(json_text(object), "{\"s\":\"a/b\\n\\u0001\",\"n\":-9223372036854775808,\"b\":true,"
					       "\"v\":[\"a\",\"\\\"b\\\"\"],\"o\":{\"k\":1},\"l\":[\"x\"]}");
}

/* The last value of a key that stands twice counts, and it is the one that a complaint points at. */
static void test_keys_that_stand_twice(void **state)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct error err = { 0 };
	const char *text = NULL;
	parse("{\"k\":\"first\",\n\"k\":7}", &document);
	struct json_node root = json_root(&document);
	assert_int_equal(json_get_string(&root, "k", &text, &err), -ERR_SPEC);
	assert_string_equal(err.message, "doc:2:5: /k: expected a string, found a number");
}

static void test_texts_that_are_empty_are_absent(void **state)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_free_ char *text = NULL;
	parse("{\"empty\":\"\",\"null\":null,\"word\":\"w\",\"number\":1}", &document);
	struct json_node root = json_root(&document);
	assert_int_equal(json_get_text(&root, "empty", &text, NULL), 0);
	assert_int_equal(json_get_text(&root, "null", &text, NULL), 0);
	assert_int_equal(json_get_text(&root, "none", &text, NULL), 0);
	assert_int_equal(json_get_text(&root, "number", &text, NULL), -ERR_SPEC);
	assert_null(text);
	assert_int_equal(json_get_text(&root, "word", &text, NULL), 1);
	assert_string_equal(text, "w");
}

/* A complaint about the last of many megabytes still comes at once. */
static void test_position_at_the_end_of_a_large_document(void **state)
{
	enum { MANY = 400000 };
	_cleanup_str_ struct str text = { 0 };
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node array;
	struct error err = { 0 };
	uint64_t value;
	str_append(&text, "{\"l\":[");
	for (int i = 0; i < MANY; i++)
		str_append(&text, "{\"a\":[1,\"}\"]},\n");
	str_append(&text, "{}]}");
	parse(text.data, &document);
	struct json_node root = json_root(&document);
	assert_int_equal(json_get_array(&root, "l", &array, &err), 1);
	assert_int_equal(json_array_length(&array), MANY + 1);
	struct json_node last = json_array_at(&array, MANY);
	assert_int_equal(json_as_u64(&last, 1, &value, &err), -ERR_SPEC);
	assert_string_equal(err.message, "doc:400001:1: /l/400000: expected an integer, found an object");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_documents),
		cmocka_unit_test(test_documents_that_are_none),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_positions_of_offsets),
		cmocka_unit_test(test_positions_of_pointers),
		cmocka_unit_test(test_complaints_name_the_place),
		cmocka_unit_test(test_complaints_about_built_documents),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_required_members),
		cmocka_unit_test(test_integers_to_the_last_digit),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_members_in_order),
		cmocka_unit_test(test_building),
		cmocka_unit_test(test_keys_that_stand_twice),
		cmocka_unit_test(test_texts_that_are_empty_are_absent),
		cmocka_unit_test(test_position_at_the_end_of_a_large_document),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
