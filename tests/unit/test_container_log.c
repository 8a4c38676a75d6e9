/* SPDX-License-Identifier: Apache-2.0 */
/* A container's log: entries, partial lines, rotation, damage, in each driver's form; a journal that is slow or gone. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "monitor/log-escape.h"
#include "monitor/log-driver.h"

#define T1 INT64_C(1790000000000000001)
#define T1_TEXT "2026-09-21T14:13:20.000000001Z"
#define T2 INT64_C(1790000001500000000)
#define T2_TEXT "2026-09-21T14:13:21.500000000Z"

static char folder[64], log_path[80];

static int make_folder(void **state)
{
	str_copy(folder, sizeof folder, "/tmp/coffer-test-log-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(log_path, sizeof log_path, "%s/c.log", folder);
	return 0;
}

static int remove_folder(void **state)
{
	return path_remove_tree(AT_FDCWD, folder);
}

static struct container_log *open_plan(const struct log_plan *plan)
{
	struct container_log *log = NULL;
	struct error err = { 0 };
	if (container_log_open(plan, &log, &err) < 0)
		fail_msg("%s", err.message);
	return log;
}

static struct container_log *open_log(uint64_t max_bytes, unsigned max_files)
{
	const struct log_plan plan = { .driver = LOG_DRIVER_JSON_FILE,
				       .path = log_path,
				       .limits = { max_bytes, max_files, false } };
	return open_plan(&plan);
}

static void put(struct container_log *log, enum log_stream stream, const char *text, int64_t now_ns)
{
	(void)container_log_write(log, stream, text, strlen(text), now_ns);
}

/* The content of the log, or of its predecessor ".1"; "" if it is missing. free() it. */
static char *content(const char *suffix)
{
	_cleanup_free_ char *path = mem_printf("%s%s", log_path, suffix);
	char *text = NULL;
	return file_read(AT_FDCWD, path, 16 << 20, &text, NULL, NULL) < 0 ? mem_strdup("") : text;
}

static void assert_content(const char *expected)
{
	_cleanup_free_ char *text = content("");
	assert_string_equal(text, expected);
}

/* --- Entries --- */

static void test_lines(void **state)
{
	struct container_log *log = open_log(1 << 20, 3);
	put(log, LOG_STDOUT, "one\ntwo\n", T1);
	put(log, LOG_STDERR, "\n", T2);
	assert_content("{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":\"" T1_TEXT "\"}\n"
		       "{\"log\":\"two\\n\",\"stream\":\"stdout\",\"time\":\"" T1_TEXT "\"}\n"
		       "{\"log\":\"\\n\",\"stream\":\"stderr\",\"time\":\"" T2_TEXT "\"}\n");
	container_log_close(log, T2);
	struct stat st;
	assert_int_equal(stat(log_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_a_line_in_pieces(void **state)
{
	struct container_log *log = open_log(1 << 20, 3);
	put(log, LOG_STDOUT, "he", T1);
	put(log, LOG_STDERR, "no\n", T1);
	put(log, LOG_STDOUT, "llo\nwor", T2);
	assert_content("{\"log\":\"no\\n\",\"stream\":\"stderr\",\"time\":\"" T1_TEXT "\"}\n"
		       "{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"" T2_TEXT "\"}\n");
	/* The last line has no newline, and is not lost. */
	container_log_close(log, T2);
	_cleanup_free_ char *text = content("");
	assert_true(str_ends_with(text, "{\"log\":\"wor\",\"stream\":\"stdout\",\"time\":\"" T2_TEXT "\"}\n"));
}

static void test_escapes(void **state)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{ "plain ~", "plain ~" },
		{ "\"\\", "\\\"\\\\" },
		{ "\r\n", "\\r\\n" },
		{ "\t\x1b[0m\x7f", "\\u0009\\u001b[0m\x7f" },
		{ "<a&b>", "\\u003ca\\u0026b\\u003e" },
		{ "ä€😀", "ä€😀" },
		{ "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", "\\u2028\\u2029\xe2\x80\xaa" },
		{ "\xff", "\\ufffd" },
		{ "a\xc3", "a\\ufffd" },
		{ "\xc3(", "\\ufffd(" },
		{ "\xe2\x82x", "\\ufffd\\ufffdx" },
		{ "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },
		{ "\xc0\x80", "\\ufffd\\ufffd" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char out[128];
		size_t len = log_escape(cases[i].text, strlen(cases[i].text), out);
		out[len] = '\0';
		assert_string_equal(out, cases[i].escaped);
	}
	char out[LOG_ESCAPE_MAX];
	assert_int_equal(log_escape("\0", 1, out), 6);
	assert_memory_equal(out, "\\u0000", 6);
}

/* --- Long lines --- */

/* The text of all entries, put together; their number and the longest one. free() it. */
static char *logged(size_t *ret_count, size_t *ret_longest)
{
	_cleanup_free_ char *text = content("");
	struct str all = { 0 };
	*ret_count = *ret_longest = 0;
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		_cleanup_json_document_ struct json_document document = { 0 };
		const char *entry;
		assert_int_equal(json_parse(line, (size_t)(end - line), "entry", ERR_JSON, &document, NULL), 0);
		struct json_node root = json_root(&document);
		assert_int_equal(json_need_string(&root, "log", &entry, NULL), 1);
		str_append(&all, entry);
		*ret_count += 1;
		*ret_longest = MAX(*ret_longest, strlen(entry));
	}
	return str_take(&all);
}

static void assert_split(size_t length, size_t entries, size_t longest)
{
	_cleanup_free_ char *line = mem_alloc(length + 2);
	memset(line, 'x', length);
	line[length] = '\n';
	struct container_log *log = open_log(1 << 20, 1);
	put(log, LOG_STDOUT, line, T1);
	container_log_close(log, T1);
	size_t count, max;
	_cleanup_free_ char *text = logged(&count, &max);
	assert_string_equal(text, line);
	assert_int_equal(count, entries);
	assert_int_equal(max, longest);
	unlink(log_path);
}

static void test_long_lines_are_split_as_docker_does(void **state)
{
	assert_split(LOG_LINE_MAX - 1, 1, LOG_LINE_MAX); /* with its newline it just fits */
	assert_split(LOG_LINE_MAX, 2, LOG_LINE_MAX);
	assert_split(LOG_LINE_MAX + 1, 2, LOG_LINE_MAX);
	assert_split(4 * LOG_LINE_MAX - 1, 4, LOG_LINE_MAX);
	assert_split(4 * LOG_LINE_MAX, 5, LOG_LINE_MAX);
}

static void test_parts_of_a_line_have_the_time_of_the_first(void **state)
{
	_cleanup_free_ char *half = mem_alloc(LOG_LINE_MAX + 1);
	memset(half, 'y', LOG_LINE_MAX);
	struct container_log *log = open_log(1 << 20, 1);
	put(log, LOG_STDOUT, half, T1);
	put(log, LOG_STDOUT, half, T2);
	put(log, LOG_STDOUT, "end\nnext\n", T2);
	container_log_close(log, T2);
	_cleanup_free_ char *text = content("");
	assert_non_null(strstr(text, "yy\",\"stream\":\"stdout\",\"time\":\"" T1_TEXT "\"}\n{\"log\":\"yy"));
	assert_non_null(strstr(text, "{\"log\":\"end\\n\",\"stream\":\"stdout\",\"time\":\"" T1_TEXT "\"}\n"
				     "{\"log\":\"next\\n\",\"stream\":\"stdout\",\"time\":\"" T2_TEXT "\"}\n"));
}

/* A long line of three-byte characters, which the limit does not divide; read in odd pieces. */
static void test_characters_are_not_cut(void **state)
{
	struct str line = { 0 };
	for (int i = 0; i < 15000; i++)
		str_append(&line, "€");
	str_append_char(&line, '\n');
	struct container_log *log = open_log(1 << 20, 1);
	for (size_t at = 0; at < line.len; at += 1001)
		(void)container_log_write(log, LOG_STDOUT, line.data + at, MIN((size_t)1001, line.len - at), T1);
	container_log_close(log, T1);
	size_t count, longest;
	_cleanup_free_ char *text = logged(&count, &longest);
	assert_string_equal(text, line.data);
	assert_int_equal(count, 3);
	str_done(&line);
}

/* What every byte becomes the most of fits, too. */
static void test_the_worst_bytes(void **state)
{
	enum { SIZE = 60000 };
	_cleanup_free_ char *zeros = mem_alloc(SIZE);
	struct container_log *log = open_log(1 << 20, 1);
	(void)container_log_write(log, LOG_STDOUT, zeros, SIZE, T1);
	(void)container_log_write(log, LOG_STDERR, zeros, SIZE, T1);
	container_log_close(log, T1);
	struct stat st;
	assert_int_equal(stat(log_path, &st), 0);
	assert_true(st.st_size > 2 * SIZE * LOG_ESCAPE_MAX);
}

/* --- Rotation --- */

static size_t size_of(const char *suffix)
{
	_cleanup_free_ char *text = content(suffix);
	return strlen(text);
}

static void test_rotation(void **state)
{
	struct container_log *log = open_log(1000, 3);
	char line[32];
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof line, "line %d\n", i);
		put(log, LOG_STDOUT, line, T1);
		assert_true(size_of("") <= 1000);
	}
	container_log_close(log, T1);
	assert_true(size_of("") > 0 && size_of(".1") > 900 && size_of(".2") > 900);
	assert_int_equal(size_of(".3"), 0);
	_cleanup_free_ char *last = content(""), *before = content(".1");
	assert_non_null(strstr(last, "line 99\\n"));
	assert_true(str_starts_with(before, "{\"log\":\"line ") && str_ends_with(before, "}\n"));
}

/* Many lines in one write: the limit holds within it. */
static void test_rotation_within_a_write(void **state)
{
	struct str lines = { 0 };
	for (int i = 0; i < 2000; i++)
		str_appendf(&lines, "%d\n", i);
	struct container_log *log = open_log(5000, 2);
	(void)container_log_write(log, LOG_STDOUT, lines.data, lines.len, T1);
	container_log_close(log, T1);
	assert_true(size_of("") <= 5000 && size_of(".1") <= 5000 && size_of(".1") > 4900);
	_cleanup_free_ char *last = content("");
	assert_non_null(strstr(last, "\"1999\\n\""));
	str_done(&lines);
}

static void test_one_file_only(void **state)
{
	struct container_log *log = open_log(300, 1);
	for (int i = 0; i < 20; i++)
		put(log, LOG_STDOUT, "0123456789\n", T1);
	container_log_close(log, T1);
	assert_true(size_of("") <= 300 && size_of("") > 0);
	assert_int_equal(size_of(".1"), 0);
}

static void test_an_entry_larger_than_a_file(void **state)
{
	struct container_log *log = open_log(10, 2);
	put(log, LOG_STDOUT, "first\n", T1);
	put(log, LOG_STDOUT, "second\n", T1);
	container_log_close(log, T1);
	_cleanup_free_ char *last = content(""), *before = content(".1");
	assert_non_null(strstr(last, "second"));
	assert_non_null(strstr(before, "first"));
}

/* --- Damage --- */

static void test_it_goes_on_where_it_stopped(void **state)
{
	struct container_log *log = open_log(200, 2);
	put(log, LOG_STDOUT, "one\n", T1);
	container_log_close(log, T1);
	log = open_log(200, 2);
	put(log, LOG_STDOUT, "two\n", T1);
	put(log, LOG_STDOUT, "three\n", T1);
	container_log_close(log, T1);
	_cleanup_free_ char *last = content(""), *before = content(".1");
	assert_non_null(strstr(before, "two"));
	assert_null(strstr(last, "two"));
}

static void test_a_torn_entry_is_removed(void **state)
{
	static const char *const damage[] = { "{\"log\":\"tor", "x", "" };
	for (size_t i = 0; i < ARRAY_SIZE(damage); i++) {
		_cleanup_free_ char *before = mem_printf("{\"log\":\"a\\n\"}\n%s", damage[i]);
		assert_int_equal(file_write_atomic(AT_FDCWD, log_path, before, strlen(before), 0600, 0, NULL), 0);
		container_log_close(open_log(1 << 20, 3), T1);
		assert_content("{\"log\":\"a\\n\"}\n");
	}
}

static void test_a_long_torn_entry_is_removed(void **state)
{
	enum { SIZE = 10000 };
	_cleanup_free_ char *text = mem_alloc(SIZE);
	memset(text, 'x', SIZE);
	assert_int_equal(file_write_atomic(AT_FDCWD, log_path, text, SIZE, 0600, 0, NULL), 0);
	container_log_close(open_log(1 << 20, 3), T1);
	assert_content("");
	text[1234] = '\n';
	assert_int_equal(file_write_atomic(AT_FDCWD, log_path, text, SIZE, 0600, 0, NULL), 0);
	container_log_close(open_log(1 << 20, 3), T1);
	assert_int_equal(size_of(""), 1235);
}

/* A full disk, played by a limit on the size of files: half of an entry is written, and taken back. */
static void test_a_full_disk_leaves_whole_entries(void **state)
{
	struct rlimit before, tight = { .rlim_cur = 100 };
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tight.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	log_set_fd(null);
	struct container_log *log = open_log(1 << 20, 3);
	put(log, LOG_STDOUT, "one\n", T1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	put(log, LOG_STDOUT, "two\n", T1);
	put(log, LOG_STDERR, "three\n", T1);
	size_t size = size_of("");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	put(log, LOG_STDOUT, "four\n", T2);
	container_log_close(log, T2);
	log_set_fd(STDERR_FILENO);
	fd_close(null);
	assert_true(size > 0 && size < 100);
	assert_content("{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":\"" T1_TEXT "\"}\n"
		       "{\"log\":\"four\\n\",\"stream\":\"stdout\",\"time\":\"" T2_TEXT "\"}\n");
}

static void assert_not_opened(enum error_code code)
{
	const struct log_plan plan = { .driver = LOG_DRIVER_JSON_FILE, .path = log_path, .limits = LOG_LIMITS_DEFAULT };
	struct container_log *log = NULL;
	struct error err = { 0 };
	assert_int_equal(container_log_open(&plan, &log, &err), -(int)code);
	assert_null(log);
}

static void test_what_is_no_log(void **state)
{
	assert_int_equal(symlink("/etc/passwd", log_path), 0);
	assert_not_opened(ERR_SYSTEM);
	unlink(log_path);
	assert_int_equal(mkdir(log_path, 0700), 0);
	assert_not_opened(ERR_SYSTEM);
	rmdir(log_path);
	assert_int_equal(mkfifo(log_path, 0600), 0);
	assert_not_opened(ERR_SYSTEM);
	str_copy(log_path, sizeof log_path, "/nonexistent/c.log");
	assert_not_opened(ERR_NOT_FOUND);
}

/* --- Attributes, compression --- */

static void test_attributes(void **state)
{
	char *attributes[] = { (char *)"a=\"1\"", (char *)"b=", NULL };
	const struct log_plan plan = {
		.driver = LOG_DRIVER_JSON_FILE, .path = log_path, .limits = LOG_LIMITS_DEFAULT, .attributes = attributes
	};
	struct container_log *log = open_plan(&plan);
	put(log, LOG_STDOUT, "x\n", T1);
	assert_content("{\"log\":\"x\\n\",\"stream\":\"stdout\",\"attrs\":{\"a\":\"\\\"1\\\"\",\"b\":\"\"},"
		       "\"time\":\"" T1_TEXT "\"}\n");
	container_log_close(log, T1);
}

static bool is_there(const char *suffix)
{
	_cleanup_free_ char *path = mem_printf("%s%s", log_path, suffix);
	return access(path, F_OK) == 0;
}

/* Its compressor is our child. */
static void wait_for_compressor(struct container_log *log)
{
	int status;
	pid_t pid = waitpid(-1, &status, 0);
	assert_true(pid > 0);
	assert_int_equal(status, 0);
	container_log_reaped(log, pid);
}

static void test_compression(void **state)
{
	const struct log_plan plan = { .driver = LOG_DRIVER_JSON_FILE, .path = log_path, .limits = { 100, 3, true } };
	struct container_log *log = open_plan(&plan);
	put(log, LOG_STDOUT, "one\n", T1);
	put(log, LOG_STDOUT, "two\n", T1);
	wait_for_compressor(log);
	assert_true(is_there(".1.gz") && !is_there(".1") && !is_there(".1.gz.tmp"));
	put(log, LOG_STDOUT, "three\n", T1);
	wait_for_compressor(log);
	assert_true(is_there(".1.gz") && is_there(".2.gz"));
	put(log, LOG_STDOUT, "four\n", T1);
	wait_for_compressor(log);
	assert_true(is_there(".1.gz") && is_there(".2.gz") && !is_there(".3.gz"));
	container_log_close(log, T1);
	_cleanup_free_ char *newest = mem_printf("gzip -dc %s.1.gz | grep -q three", log_path);
	assert_int_equal(system(newest), 0);
}

static void test_a_compressor_that_is_too_slow(void **state)
{
	const struct log_plan plan = { .driver = LOG_DRIVER_JSON_FILE, .path = log_path, .limits = { 100, 4, true } };
	struct container_log *log = open_plan(&plan);
	/* Each is stopped by the next: every file is there once, in one form or the other. */
	for (int i = 0; i < 5; i++)
		put(log, LOG_STDOUT, "line\n", T1);
	container_log_close(log, T1);
	assert_true(is_there("") && !is_there(".1.gz.tmp"));
	static const char *const names[][2] = { { ".1", ".1.gz" }, { ".2", ".2.gz" }, { ".3", ".3.gz" } };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_true(is_there(names[i][0]) || is_there(names[i][1]));
	assert_false(is_there(".4") || is_there(".4.gz"));
	assert_int_equal(waitpid(-1, NULL, 0), -1);
}

static void test_what_cannot_be_compressed(void **state)
{
	struct error err = { 0 };
	assert_int_equal(log_compress("/nonexistent/log", &err), -ERR_NOT_FOUND);
	assert_int_equal(mkdir(log_path, 0700), 0);
	assert_true(log_compress(log_path, &err) < 0);
	assert_false(is_there(".gz") || is_there(".gz.tmp"));
}

/* --- The local format --- */

static struct container_log *open_local(void)
{
	const struct log_plan plan = { .driver = LOG_DRIVER_LOCAL, .path = log_path, .limits = LOG_LIMITS_DEFAULT };
	return open_plan(&plan);
}

static void test_local_entries(void **state)
{
	static const char expected[] =
		"\0\0\0\x16\x0a\x06stdout\x10\x81\x80\xcc\x9f\xc2\xf0\xd6\xeb\x18\x1a\x02hi\0\0\0\x16"
		"\0\0\0\x17\x0a\x06stderr\x10\x81\x80\xcc\x9f\xc2\xf0\xd6\xeb\x18\x1a\x01x\x20\x01\0\0\0\x17";
	struct container_log *log = open_local();
	put(log, LOG_STDOUT, "hi\n", T1);
	put(log, LOG_STDERR, "x", T1);
	container_log_close(log, T1);
	char *text = NULL;
	size_t len;
	assert_true(file_read(AT_FDCWD, log_path, 4096, &text, &len, NULL) >= 0);
	assert_int_equal(len, sizeof expected - 1);
	assert_memory_equal(text, expected, len);
	free(text);
}

static void test_a_torn_local_entry_is_removed(void **state)
{
	struct stat whole, st;
	struct container_log *log = open_local();
	put(log, LOG_STDOUT, "one\ntwo\n", T1);
	container_log_close(log, T1);
	assert_int_equal(stat(log_path, &whole), 0);
	for (off_t cut = 1; cut < whole.st_size / 2; cut++) {
		assert_int_equal(truncate(log_path, whole.st_size - cut), 0);
		container_log_close(open_local(), T1);
		assert_int_equal(stat(log_path, &st), 0);
		assert_int_equal(st.st_size, whole.st_size / 2);
		log = open_local();
		put(log, LOG_STDOUT, "two\n", T1);
		container_log_close(log, T1);
	}
	assert_int_equal(truncate(log_path, 3), 0);
	container_log_close(open_local(), T1);
	assert_int_equal(stat(log_path, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void test_local_long_lines(void **state)
{
	static char long_line[3 * LOG_LINE_MAX + 1];
	memset(long_line, 'x', sizeof long_line - 1);
	long_line[sizeof long_line - 2] = '\n';
	struct container_log *log = open_local();
	put(log, LOG_STDOUT, long_line, T1);
	container_log_close(log, T1);
	struct stat st;
	assert_int_equal(stat(log_path, &st), 0);
	assert_in_range(st.st_size, 3 * LOG_LINE_MAX, 3 * LOG_LINE_MAX + 200);
}

/* --- journald, played by us --- */

static int listen_as_journald(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	str_copy(address.sun_path, sizeof address.sun_path, log_path);
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(sock >= 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&address, sizeof address), 0);
	return sock;
}

static struct container_log *open_journald(uint64_t buffer_bytes)
{
	char *fields[] = { (char *)"CONTAINER_NAME=web", (char *)"NOTE=two\nlines", NULL };
	const struct log_plan plan = { .driver = LOG_DRIVER_JOURNALD,
				       .path = log_path,
				       .non_blocking = buffer_bytes > 0,
				       .buffer_bytes = buffer_bytes,
				       .attributes = fields };
	return open_plan(&plan);
}

/* One datagram's length, or 0 if there is none. */
static size_t hear(int sock, char *buf, size_t size)
{
	ssize_t n = recv(sock, buf, size - 1, 0);
	buf[n < 0 ? 0 : n] = '\0';
	return n < 0 ? 0 : (size_t)n;
}

static void test_journald(void **state)
{
	static const char expected[] = "CONTAINER_NAME=web\nNOTE\n\x09\0\0\0\0\0\0\0two\nlines\n"
				       "PRIORITY=3\nSYSLOG_TIMESTAMP=" T1_TEXT "\nMESSAGE\n\x04\0\0\0\0\0\0\0oops\n";
	char buf[4096];
	_cleanup_close_ int sock = listen_as_journald();
	struct container_log *log = open_journald(0);
	put(log, LOG_STDERR, "oops\n", T1);
	size_t len = hear(sock, buf, sizeof buf);
	assert_int_equal(len, sizeof expected - 1);
	assert_memory_equal(buf, expected, len);
	container_log_close(log, T1);
}

static void test_journald_parts(void **state)
{
	static char long_line[LOG_LINE_MAX + 10];
	static char buf[2 * LOG_LINE_MAX];
	memset(long_line, 'x', sizeof long_line - 1);
	_cleanup_close_ int sock = listen_as_journald();
	struct container_log *log = open_journald(0);
	put(log, LOG_STDOUT, long_line, T1);
	container_log_close(log, T1);
	assert_true(hear(sock, buf, sizeof buf) > LOG_LINE_MAX);
	assert_non_null(strstr(buf + 60, "CONTAINER_PARTIAL_ORDINAL=1\nCONTAINER_PARTIAL_LAST=false\n"));
	assert_true(hear(sock, buf, sizeof buf) > 0);
	assert_non_null(strstr(buf + 60, "CONTAINER_PARTIAL_ORDINAL=2\nCONTAINER_PARTIAL_LAST=true\n"));
}

/* Lines that journald takes without being read; it is full then. */
static size_t fill_journald(struct container_log *log)
{
	size_t count = 0;
	while (container_log_write(log, LOG_STDOUT, "line\n", 5, T1) == 5)
		count++;
	return count;
}

static void test_a_slow_journald_is_waited_for(void **state)
{
	char buf[4096];
	_cleanup_close_ int sock = listen_as_journald();
	struct container_log *log = open_journald(0);
	size_t count = fill_journald(log);
	assert_in_range(count, 1, 100000);
	assert_int_equal(container_log_write(log, LOG_STDOUT, "more\n", 5, T1), 0);
	/* The beginning of a line is taken; its end is not, until there is room. */
	assert_int_equal(container_log_write(log, LOG_STDERR, "begin", 5, T1), 5);
	assert_false(container_log_end_lines(log, T1));
	assert_true(hear(sock, buf, sizeof buf) > 0);
	assert_true(container_log_end_lines(log, T1));
	for (; hear(sock, buf, sizeof buf) > 0; count--)
		;
	assert_int_equal(count, 0);
	assert_int_equal(container_log_dropped(log), 0);
	container_log_close(log, T1);
}

static void test_a_slow_journald_fills_the_buffer(void **state)
{
	enum { BUFFER = 1000, LINES = 1000 };
	char buf[4096];
	size_t heard = 0;
	_cleanup_close_ int sock = listen_as_journald();
	struct container_log *log = open_journald(BUFFER);
	for (int i = 0; i < LINES; i++)
		assert_int_equal(container_log_write(log, LOG_STDOUT, "line\n", 5, T1), 5);
	assert_true(container_log_is_waiting(log));
	uint64_t dropped = container_log_dropped(log);
	assert_in_range(dropped, 1, LINES - 10);
	while (heard < LINES && hear(sock, buf, sizeof buf) > 0) {
		heard++;
		container_log_push(log);
	}
	assert_false(container_log_is_waiting(log));
	assert_int_equal(heard + dropped, LINES);
	put(log, LOG_STDOUT, "again\n", T1);
	assert_true(hear(sock, buf, sizeof buf) > 0);
	container_log_close(log, T1);
}

static void test_a_journald_that_is_restarted(void **state)
{
	char buf[4096];
	int sock = listen_as_journald();
	struct container_log *log = open_journald(0);
	put(log, LOG_STDOUT, "one\n", T1);
	fd_close(sock);
	log_set_fd(-1);
	put(log, LOG_STDOUT, "lost\n", T1);
	assert_int_equal(container_log_dropped(log), 1);
	assert_int_equal(unlink(log_path), 0);
	sock = listen_as_journald();
	put(log, LOG_STDOUT, "two\n", T1);
	assert_true(hear(sock, buf, sizeof buf) > 0);
	assert_int_equal(container_log_dropped(log), 1);
	container_log_close(log, T1);
	log_set_fd(STDERR_FILENO);
	fd_close(sock);
}

static void test_no_journald(void **state)
{
	const struct log_plan plan = { .driver = LOG_DRIVER_JOURNALD, .path = log_path };
	struct container_log *log = NULL;
	struct error err = { 0 };
	assert_int_equal(container_log_open(&plan, &log, &err), -ERR_UNSUPPORTED);
	assert_non_null(strstr(err.message, "connect to journald"));
	assert_null(log);
}

static void test_drivers_that_keep_nothing(void **state)
{
	static const enum log_driver drivers[] = { LOG_DRIVER_NONE, LOG_DRIVER_PASSTHROUGH };
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		const struct log_plan plan = { .driver = drivers[i] };
		assert_null(open_plan(&plan));
	}
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(int argc, char **argv)
{
	/* What a log starts to compress is its own program by another name: here, us. */
	if (argc == 2 && streq(argv[0], LOG_COMPRESS_PROGRAM))
		return log_compress(argv[1], NULL) < 0;
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(test_lines),
		WITH_FOLDER(test_a_line_in_pieces),
		cmocka_unit_test(test_escapes),
		WITH_FOLDER(test_long_lines_are_split_as_docker_does),
		WITH_FOLDER(test_parts_of_a_line_have_the_time_of_the_first),
		WITH_FOLDER(test_characters_are_not_cut),
		WITH_FOLDER(test_the_worst_bytes),
		WITH_FOLDER(test_rotation),
		WITH_FOLDER(test_rotation_within_a_write),
		WITH_FOLDER(test_one_file_only),
		WITH_FOLDER(test_an_entry_larger_than_a_file),
		WITH_FOLDER(test_it_goes_on_where_it_stopped),
		WITH_FOLDER(test_a_torn_entry_is_removed),
		WITH_FOLDER(test_a_long_torn_entry_is_removed),
		WITH_FOLDER(test_a_full_disk_leaves_whole_entries),
		WITH_FOLDER(test_what_is_no_log),
		WITH_FOLDER(test_attributes),
		WITH_FOLDER(test_compression),
		WITH_FOLDER(test_a_compressor_that_is_too_slow),
		WITH_FOLDER(test_what_cannot_be_compressed),
		WITH_FOLDER(test_local_entries),
		WITH_FOLDER(test_a_torn_local_entry_is_removed),
		WITH_FOLDER(test_local_long_lines),
		WITH_FOLDER(test_journald),
		WITH_FOLDER(test_journald_parts),
		WITH_FOLDER(test_a_slow_journald_is_waited_for),
		WITH_FOLDER(test_a_slow_journald_fills_the_buffer),
		WITH_FOLDER(test_a_journald_that_is_restarted),
		WITH_FOLDER(test_no_journald),
		WITH_FOLDER(test_drivers_that_keep_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
