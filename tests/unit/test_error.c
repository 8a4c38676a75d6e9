/* SPDX-License-Identifier: Apache-2.0 */
/* The error value: what stays, what is added, and what a person reads. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

static bool is_one_of(int value, const int *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (values[i] == value)
			return true;
	return false;
}

static void test_table_of_codes(void **state)
{
	static const int exits[] = { 64, 125, 126, 127, 137 };
	for (int code = 1; code < ERR_CODE_END; code++) {
		const struct error_info *info = err_info(code);
		assert_true(str_starts_with(info->id, "E-"));
		assert_int_equal(err_code_from_id(info->id), code); /* so no id stands twice */
		assert_true(is_one_of(info->exit_status, exits, ARRAY_SIZE(exits)));
		assert_in_range(info->http_status, 400, 599);
		assert_false(str_ends_with(info->summary, "."));
		assert_ptr_equal(err_info(-code), info);
	}
	assert_ptr_equal(err_info(ERR_CODE_END), err_info(ERR_INTERNAL));
	assert_ptr_equal(err_info(1000000), err_info(ERR_INTERNAL));
	assert_ptr_equal(err_info(INT32_MIN), err_info(ERR_INTERNAL));
	assert_int_equal(err_code_from_id("E-NO-SUCH"), ERR_NONE);
	assert_int_equal(err_code_from_id(""), ERR_NONE);
}

static void test_stages(void **state)
{
	for (int stage = 0; stage < STAGE_END; stage++)
		assert_int_equal(err_stage_from_name(err_stage_name(stage)), stage);
	assert_string_equal(err_stage_name(-1), "none");
	assert_string_equal(err_stage_name(STAGE_END), "none");
	assert_int_equal(err_stage_from_name("Create"), STAGE_NONE);
}

static void test_set_and_clear(void **state)
{
	struct error err = { 0 };
	assert_int_equal(err_set(&err, ERR_BUSY, "cannot remove \"%s\"", "x"), -ERR_BUSY);
	assert_int_equal(err.code, ERR_BUSY);
	assert_int_equal(err.sys_errno, 0);
	assert_string_equal(err.message, "cannot remove \"x\"");
	err_hint(&err, "old hint");
	/* A new error is a new one in all its parts. */
	assert_int_equal(err_set(&err, ERR_INVALID, "other"), -ERR_INVALID);
	assert_string_equal(err.hint, "");
	err_clear(&err);
	assert_int_equal(err.code, ERR_NONE);
	assert_string_equal(err.message, "");
	err_clear(NULL);
}

static void test_codes_follow_errno(void **state)
{
	static const struct {
		int sys_errno, code;
	} rows[] = {
		{ EPERM, ERR_PERMISSION },    { EACCES, ERR_PERMISSION }, { ENOENT, ERR_NOT_FOUND },
		{ ENOSPC, ERR_NOSPC },	      { EDQUOT, ERR_NOSPC },	  { ETIMEDOUT, ERR_TIMEOUT },
		{ EBUSY, ERR_BUSY },	      { EEXIST, ERR_EXISTS },	  { ENOSYS, ERR_UNSUPPORTED },
		{ EOPNOTSUPP, ERR_UNSUPPORTED }, { EIO, ERR_SYSTEM },	  { EINVAL, ERR_SYSTEM },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		assert_int_equal(err_sys(&err, rows[i].sys_errno, "open '%s'", "f"), -rows[i].code);
		assert_int_equal(err.sys_errno, rows[i].sys_errno);
		assert_true(str_starts_with(err.message, "open 'f': "));
	}
	struct error err = { 0 };
	assert_int_equal(err_sys_code(&err, ERR_MOUNT, ENOENT, "mount"), -ERR_MOUNT);
	assert_string_equal(err.message, "mount: no such file or directory");
}

static void test_what_stands_nearest_the_cause_stays(void **state)
{
	struct error err = { 0 };
	err_sys(&err, ENOENT, "open '/a'");
	assert_int_equal(err_cause(&err, "the first %s", "cause"), -ERR_NOT_FOUND);
	assert_int_equal(err_cause(&err, "the second cause"), -ERR_NOT_FOUND);
	assert_int_equal(err_hint(&err, "the first hint"), -ERR_NOT_FOUND);
	assert_int_equal(err_hint(&err, "the second hint"), -ERR_NOT_FOUND);
	assert_int_equal(err_stage(&err, STAGE_EXEC), -ERR_NOT_FOUND);
	assert_int_equal(err_stage(&err, STAGE_CREATE), -ERR_NOT_FOUND);
	assert_int_equal(err_wrap(&err, "mount %d", 7), -ERR_NOT_FOUND);
	assert_int_equal(err_wrap(&err, "start \"web\""), -ERR_NOT_FOUND);
	assert_string_equal(err.message, "start \"web\": mount 7: open '/a': no such file or directory");
	assert_string_equal(err.cause, "the first cause");
	assert_string_equal(err.hint, "the first hint");
	assert_int_equal(err.stage, STAGE_EXEC);
}

/* "The code is enough for me." */
static void test_no_error_value(void **state)
{
	assert_int_equal(err_set(NULL, ERR_BUSY, "text"), -ERR_BUSY);
	assert_int_equal(err_sys(NULL, ENOENT, "text"), -ERR_NOT_FOUND);
	assert_int_equal(err_sys_code(NULL, ERR_MOUNT, ENOENT, "text"), -ERR_MOUNT);
	assert_true(err_wrap(NULL, "text") < 0);
	assert_true(err_cause(NULL, "text") < 0);
	assert_true(err_hint(NULL, "text") < 0);
	assert_true(err_stage(NULL, STAGE_EXEC) < 0);
}

static void test_texts_of_others_are_escaped(void **state)
{
	struct error err = { 0 };
	const char *evil = "\x1b]0;title\x07\r\n\xff";
	const char *tame = "\\x1b]0;title\\x07\\x0d\\n\\xff";
	err_set(&err, ERR_INVALID, "%s", evil);
	assert_string_equal(err.message, tame);
	err_cause(&err, "%s", evil);
	assert_string_equal(err.cause, tame);
	err_hint(&err, "%s", evil);
	assert_string_equal(err.hint, tame);
	err_wrap(&err, "%s", evil);
	assert_true(str_starts_with(err.message, tame));
	err_sys(&err, EIO, "%s", evil);
	assert_true(str_starts_with(err.message, tame));
}

/* Too much text is cut, and never without an end. */
static void test_giant_texts(void **state)
{
	enum { GIANT = 1 << 20 };
	struct error err = { 0 };
	_cleanup_free_ char *text = mem_alloc(GIANT + 1);
	static const char fill[] = { 'x', '\n', '\x01' };
	for (size_t i = 0; i < sizeof fill; i++) {
		memset(text, fill[i], GIANT);
		err_sys(&err, ENOENT, "%s", text);
		err_cause(&err, "%s", text);
		err_hint(&err, "%s", text);
		for (int k = 0; k < 20; k++)
			err_wrap(&err, "%s", text);
		assert_in_range(strlen(err.message), sizeof err.message - 4, sizeof err.message - 1);
		assert_in_range(strlen(err.cause), sizeof err.cause - 4, sizeof err.cause - 1);
		assert_in_range(strlen(err.hint), sizeof err.hint - 4, sizeof err.hint - 1);
	}
}

/* However long a name is that somebody puts in front, the cause is still there. */
static void test_long_names_do_not_hide_the_cause(void **state)
{
	char name[2000];
	struct error err = { 0 };
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	err_sys(&err, ENOENT, "open 'config.json'");
	err_wrap(&err, "create container '%s'", name);
	assert_true(str_starts_with(err.message, "create container 'nnn"));
	assert_true(str_ends_with(err.message, "n: open 'config.json': no such file or directory"));
	assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

static void test_received_errors_are_made_safe(void **state)
{
	struct error err;
	memset(&err, 'A', sizeof err);
	assert_int_equal(err_check_received(&err), -ERR_INTERNAL);
	assert_int_equal(strlen(err.message), sizeof err.message - 1);
	assert_int_equal(strlen(err.cause), sizeof err.cause - 1);
	assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
	assert_int_equal(err.stage, STAGE_NONE);

	static const int codes[] = { ERR_NONE, -1, ERR_CODE_END, INT32_MAX, INT32_MIN };
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		err = (struct error){ .code = codes[i], .stage = -5 };
		assert_int_equal(err_check_received(&err), -ERR_INTERNAL);
		assert_int_equal(err.stage, STAGE_NONE);
	}
	err = (struct error){ .code = ERR_HOOK, .stage = STAGE_CREATE, .message = "kept" };
	assert_int_equal(err_check_received(&err), -ERR_HOOK);
	assert_int_equal(err.stage, STAGE_CREATE);
	assert_string_equal(err.message, "kept");
}

static void test_format(void **state)
{
	char buf[4096];
	struct error err = { 0 };
	err_set(&err, ERR_EXEC_NOTFOUND, "exec \"x\": executable file not found in $PATH");
	err_format(&err, "coffer", 127, buf, sizeof buf);
	assert_string_equal(buf, "coffer: exec \"x\": executable file not found in $PATH\n"
				 "  [E-EXEC-NOTFOUND, exit 127]\n");
	err_cause(&err, "PATH=/bin");
	err_hint(&err, "did you mean \"y\"?");
	err_stage(&err, STAGE_EXEC);
	int len = err_format(&err, "coffer", 127, buf, sizeof buf);
	assert_string_equal(buf, "coffer: exec \"x\": executable file not found in $PATH\n"
				 "  cause: PATH=/bin\n"
				 "  hint:  did you mean \"y\"?\n"
				 "  [E-EXEC-NOTFOUND, stage exec, exit 127]\n");
	assert_int_equal(len, strlen(buf));

	char tiny[8];
	assert_int_equal(err_format(&err, "coffer", 127, tiny, sizeof tiny), len);
	assert_string_equal(tiny, "coffer:");
}

/* --- as JSON --- */

static void round_trip(const struct error *err, struct error *ret)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_json_ struct json_object *object = json_from_error(err);
	const char *text = json_text(object);
	assert_int_equal(json_parse(text, strlen(text), "error", ERR_JSON, &document, NULL), 0);
	struct json_node node = json_root(&document);
	json_to_error(&node, ret);
}

static void test_through_json_and_back(void **state)
{
	const struct error errors[] = {
		{ .code = ERR_BUSY, .message = "m" },
		{ .code = ERR_HOOK,
		  .sys_errno = ENOENT,
		  .stage = STAGE_CREATE,
		  .message = "\"quoted\" / \\ text",
		  .cause = "c",
		  .hint = "h" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct error back;
		round_trip(&errors[i], &back);
		assert_memory_equal(&back, &errors[i], sizeof back);
	}
}

static void test_hostile_json_errors(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *message;
	} rows[] = {
		{ "{}", ERR_INTERNAL, "an unknown error" },
		{ "[]", ERR_INTERNAL, "an unknown error" },
		{ "7", ERR_INTERNAL, "an unknown error" },
		{ "{\"code\":\"E-NO-SUCH\",\"message\":\"m\"}", ERR_INTERNAL, "m" },
		{ "{\"code\":7,\"message\":[]}", ERR_INTERNAL, "an unknown error" },
		{ "{\"code\":\"E-BUSY\",\"message\":\"\\u001b[2J\"}", ERR_BUSY, "\\x1b[2J" },
		{ "{\"code\":\"E-BUSY\",\"message\":\"a\\u0000b\"}", ERR_BUSY, "an unknown error" },
		{ "{\"code\":\"E-BUSY\",\"errno\":1e99,\"stage\":\"nowhere\"}", ERR_BUSY, "an unknown error" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_document_ struct json_document document = { 0 };
		struct error err;
		assert_int_equal(json_parse(rows[i].text, strlen(rows[i].text), "e", ERR_JSON, &document, NULL), 0);
		struct json_node node = json_root(&document);
		json_to_error(&node, &err);
		assert_int_equal(err.code, rows[i].code);
		assert_string_equal(err.message, rows[i].message);
		assert_int_equal(err.sys_errno, 0);
		assert_int_equal(err.stage, STAGE_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_of_codes),
		cmocka_unit_test(test_stages),
		cmocka_unit_test(test_set_and_clear),
		cmocka_unit_test(test_codes_follow_errno),
		cmocka_unit_test(test_what_stands_nearest_the_cause_stays),
		cmocka_unit_test(test_no_error_value),
		cmocka_unit_test(test_texts_of_others_are_escaped),
		cmocka_unit_test(test_giant_texts),
		cmocka_unit_test(test_long_names_do_not_hide_the_cause),
		cmocka_unit_test(test_received_errors_are_made_safe),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_through_json_and_back),
		cmocka_unit_test(test_hostile_json_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
