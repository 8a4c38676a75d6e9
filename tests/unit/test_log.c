/* SPDX-License-Identifier: Apache-2.0 */
/* The log: levels, formats, and lines that nobody can forge. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

static char *take_log(int fd)
{
	char *text = NULL;
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_text(fd, 1 << 20, "log", &text, NULL, NULL), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return text;
}

static int set_up(void **state)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	log_set_fd(fd);
	log_set_level(LOG_LEVEL_DEBUG);
	log_set_format(LOG_FORMAT_TEXT);
	*(int *)(*state = NEW(int)) = fd;
	return fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	log_set_fd(STDERR_FILENO);
	log_set_level(LOG_LEVEL_WARN);
	log_set_format(LOG_FORMAT_TEXT);
	fd_close(*(int *)*state);
	free(*state);
	return 0;
}

static void test_words(void **state)
{
	static const struct {
		const char *name;
		int level; /* -1: none */
	} rows[] = {
		{ "debug", LOG_LEVEL_DEBUG }, { "trace", LOG_LEVEL_DEBUG },   { "info", LOG_LEVEL_INFO },
		{ "INFO", LOG_LEVEL_INFO },   { "warn", LOG_LEVEL_WARN },     { "warning", LOG_LEVEL_WARN },
		{ "error", LOG_LEVEL_ERROR }, { "fatal", LOG_LEVEL_ERROR },   { "panic", LOG_LEVEL_ERROR },
		{ "", -1 },		      { "debugging", -1 },	      { "0", -1 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum log_level level = LOG_LEVEL_ERROR;
		int r = log_level_parse(rows[i].name, &level, NULL);
		assert_int_equal(r, rows[i].level < 0 ? -ERR_USAGE : 0);
		assert_int_equal(level, MAX(rows[i].level, 0));
	}
	enum log_format format = LOG_FORMAT_TEXT;
	assert_int_equal(log_format_parse("json", &format, NULL), 0);
	assert_int_equal(format, LOG_FORMAT_JSON);
	assert_int_equal(log_format_parse("xml", &format, NULL), -ERR_USAGE);
	assert_int_equal(format, LOG_FORMAT_JSON);
	assert_int_equal(log_format_parse("text", &format, NULL), 0);
	assert_int_equal(format, LOG_FORMAT_TEXT);
}

static void test_levels(void **state)
{
	int fd = *(int *)*state;
	static const struct {
		enum log_level level;
		const char *shown;
	} rows[] = {
		{ LOG_LEVEL_ERROR, "e" }, { LOG_LEVEL_WARN, "ew" }, { LOG_LEVEL_INFO, "ewi" }, { LOG_LEVEL_DEBUG, "ewid" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		log_set_level(rows[i].level);
		log_error("e");
		log_warn("w");
		log_info("i");
		log_debug("d");
		_cleanup_free_ char *text = take_log(fd);
		_cleanup_str_ struct str shown = { 0 };
		for (const char *at = text; (at = strstr(at, "msg=\"")); at++)
			str_append_char(&shown, at[5]);
		assert_string_equal(str_text(&shown), rows[i].shown);
	}
}

/* One message is one line, whatever is in it. */
static void test_text_cannot_be_forged(void **state)
{
	int fd = *(int *)*state;
	log_warn("%s", "a\"\nlevel=error msg=\"forged\\\x1b[2J");
	_cleanup_free_ char *text = take_log(fd);
	assert_non_null(strstr(text, " level=warning msg=\"a\\\"\\\\nlevel=error msg=\\\"forged\\\\\\\\x1b[2J\"\n"));
	assert_int_equal(strcspn(text, "\n"), strlen(text) - 1);
	assert_true(str_starts_with(text, "time=\"20"));
}

static void test_json_lines_are_json(void **state)
{
	int fd = *(int *)*state;
	log_set_format(LOG_FORMAT_JSON);
	log_error("%s", "quote \" backslash \\ newline \n escape \x1b broken \xff umlaut \xc3\xbc");
	_cleanup_free_ char *text = take_log(fd);
	_cleanup_json_document_ struct json_document document = { 0 };
	const char *level = "", *message = "", *when = "";
	assert_int_equal(json_parse(text, strlen(text), "log", ERR_JSON, &document, NULL), 0);
	struct json_node node = json_root(&document);
	assert_int_equal(json_need_string(&node, "level", &level, NULL), 1);
	assert_int_equal(json_need_string(&node, "msg", &message, NULL), 1);
	assert_int_equal(json_need_string(&node, "time", &when, NULL), 1);
	assert_string_equal(level, "error");
	assert_string_equal(message, "quote \" backslash \\ newline \\n escape \\x1b broken \\xff umlaut \xc3\xbc");
	assert_true(str_ends_with(when, "Z"));
}

static void test_giant_messages(void **state)
{
	int fd = *(int *)*state;
	_cleanup_free_ char *giant = mem_alloc(100001);
	memset(giant, '"', 100000);
	log_set_format(LOG_FORMAT_JSON);
	log_error("%s", giant);
	_cleanup_free_ char *text = take_log(fd);
	_cleanup_json_document_ struct json_document document = { 0 };
	assert_in_range(strlen(text), 2000, 5000);
	assert_int_equal(json_parse(text, strlen(text), "log", ERR_JSON, &document, NULL), 0);
}

static void test_failures(void **state)
{
	int fd = *(int *)*state;
	struct error err = { 0 };
	err_sys(&err, ENOENT, "open 'x'");
	log_failure(LOG_LEVEL_WARN, "clean up", &err);
	_cleanup_free_ char *without = take_log(fd);
	assert_non_null(strstr(without, "level=warning msg=\"clean up: open 'x': no such file or directory\"\n"));
	err_cause(&err, "it is gone");
	log_failure(LOG_LEVEL_ERROR, "clean up", &err);
	_cleanup_free_ char *with = take_log(fd);
	assert_non_null(strstr(with, "level=error msg=\"clean up: open 'x': no such file or directory (it is gone)\"\n"));
}

static void test_files(void **state)
{
	char path[] = "/tmp/test-log-XXXXXX";
	struct stat st;
	struct error err = { 0 };
	assert_non_null(mkdtemp(path));
	_cleanup_free_ char *file = mem_printf("%s/log", path), *link = mem_printf("%s/link", path);
	umask(0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(log_open_file(file, &err), 0);
		assert_true(log_fd() > STDERR_FILENO);
		assert_true(fcntl(log_fd(), F_GETFD) & FD_CLOEXEC);
		log_error("line %d", i);
	}
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	_cleanup_free_ char *text = NULL;
	assert_int_equal(file_read(AT_FDCWD, file, 4096, &text, NULL, NULL), 0);
	assert_non_null(strstr(text, "line 0"));
	assert_non_null(strstr(text, "line 1")); /* appended */

	int before = log_fd();
	assert_int_equal(symlink("log", link), 0);
	assert_true(log_open_file(link, &err) < 0);
	assert_true(log_open_file("/no/such/place", &err) < 0);
	assert_string_equal(err.message, "open log file '/no/such/place': no such file or directory");
	assert_int_equal(log_fd(), before);
	log_set_fd(STDERR_FILENO); /* the log's own file is closed with that */
	assert_int_equal(fcntl(before, F_GETFD), -1);
	unlink(link);
	unlink(file);
	rmdir(path);
}

#define WITH_LOG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		WITH_LOG(test_levels),
		WITH_LOG(test_text_cannot_be_forged),
		WITH_LOG(test_json_lines_are_json),
		WITH_LOG(test_giant_messages),
		WITH_LOG(test_failures),
		WITH_LOG(test_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
