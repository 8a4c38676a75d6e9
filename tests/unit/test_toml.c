/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files in TOML: what they mean as JSON, and what is refused, where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/toml.h"
#include "base/util.h"

static void test_documents(void **state)
{
	static const struct {
		const char *toml, *json;
	} cases[] = {
		{ "", "{}" },
		{ "# only this", "{}" },
		{ "a=1\r\nb = \"x\" # y\n", "{\"a\":1,\"b\":\"x\"}" },
		{ "a = -17\nb = true\nc = false\nd = 0", "{\"a\":-17,\"b\":true,\"c\":false,\"d\":0}" },
		{ "a = 'C:\\x'\nb = \"\\t\\\"\\u00fc\\U0001F600\"",
		  "{\"a\":\"C:\\\\x\",\"b\":\"\\t\\\"\xc3\xbc\xf0\x9f\x98\x80\"}" },
		{ "a = [ 1,\n # so\n 2, ]\nb = []", "{\"a\":[1,2],\"b\":[]}" },
		{ "a = [[1], [\"x\", {y = 2}]]", "{\"a\":[[1],[\"x\",{\"y\":2}]]}" },
		{ "a.b = 1\na.\"c d\" = 2", "{\"a\":{\"b\":1,\"c d\":2}}" },
		{ "[a]\nx=1\n[a.b]\ny=2\n[c.d]\n[c]\nz=3",
		  "{\"a\":{\"x\":1,\"b\":{\"y\":2}},\"c\":{\"d\":{},\"z\":3}}" },
		{ "[[a]]\nx=1\n[[a.b]]\ny=2\n[[a.b]]\n[[a]]\nx=3",
		  "{\"a\":[{\"x\":1,\"b\":[{\"y\":2},{}]},{\"x\":3}]}" },
		{ "[ a . 'b' ]\n1-_ = {}", "{\"a\":{\"b\":{\"1-_\":{}}}}" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_document_ struct json_document document = { 0 };
		struct error err = { 0 };
		if (toml_parse(cases[i].toml, strlen(cases[i].toml), "t", ERR_INVALID, &document, &err) < 0)
			fail_msg("%s: %s", cases[i].toml, err.message);
		assert_string_equal(json_text(document.root), cases[i].json);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *toml, *words;
	} cases[] = {
		{ "a", "t:1:2: expected \"=\"" },
		{ "a = ", "t:1:5: expected a value" },
		{ "= 1", "t:1:1: expected a key" },
		{ "a = 1 b = 2", "t:1:7: expected the end of the line" },
		{ "a = 1\na = 2", "t:2:3: \"a\" is defined twice" },
		{ "a = 1\na.b = 2", "t:2:5: \"a\" is defined twice" },
		{ "[a]\n[a]", "t:2:4: \"a\" is defined twice" },
		{ "a = {}\n[a.b]", "t:2:6: \"a\" is defined twice" },
		{ "a = []\n[[a]]", "t:2:6: \"a\" is defined twice" },
		{ "[a.b]\n[a]\nb.c = 1", "t:3:5: \"b\" is defined twice" },
		{ "[[a]]\n[a]", "t:2:4: \"a\" is defined twice" },
		{ "[a", "t:1:3: expected \"]\"" },
		{ "[[a]", "t:1:5: expected \"]\"" },
		{ "a = \"x", "t:1:7: a string without an end" },
		{ "a = \"x\ny\"", "t:1:7: a control character in a string" },
		{ "a = \"\\x\"", "t:1:7: unknown escape in a string" },
		{ "a = \"\\ud800\"", "t:1:12: no such character" },
		{ "a = \"\\u12\"", "t:1:10: expected 4 hexadecimal digits" },
		{ "a = \"\"\"x\"\"\"", "t:1:6: strings over several lines are not supported" },
		{ "a = 1.5", "t:1:5: a value of a kind that is not supported" },
		{ "a = 1979-05-27", "t:1:5: a value of a kind that is not supported" },
		{ "a = 010", "t:1:5: a value of a kind that is not supported" },
		{ "a = [1 2]", "t:1:8: expected \",\" or \"]\"" },
		{ "a = {b = 1,}", "t:1:12: expected a key" },
		{ "a = {b = 1\n}", "t:1:11: expected \",\" or \"}\"" },
		{ "# \x01", "t:1:3: a control character in a comment" },
		{ "a = [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "t:1:21: nested too deeply" },
		{ "\xff", "t: this is not text in UTF-8" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_document document = { 0 };
		struct error err = { 0 };
		int r = toml_parse(cases[i].toml, strlen(cases[i].toml), "t", ERR_INVALID, &document, &err);
		if (r != -ERR_INVALID || !streq(err.message, cases[i].words))
			fail_msg("%s: %s", cases[i].toml, err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
