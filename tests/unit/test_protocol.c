/* SPDX-License-Identifier: Apache-2.0 */
/* What a monitor and the commands around it say to each other: packets, monitor.json, status.json. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "monitor/protocol.h"

/* --- Packets --- */

static char packet_buffer[MONITOR_PACKET_MAX];

struct pair {
	int ends[2];
};

static int open_pair(void **state)
{
	static struct pair pair;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.ends) < 0)
		return -1;
	*state = &pair;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *pair = *state;
	fd_close(pair->ends[0]);
	fd_close(pair->ends[1]);
	return 0;
}

static void assert_passes(const struct pair *pair, enum packet_type type, const void *payload, size_t len)
{
	enum packet_type got;
	const void *got_payload;
	size_t got_len;
	assert_int_equal(packet_send(pair->ends[0], type, payload, len), 0);
	assert_int_equal(packet_receive(pair->ends[1], packet_buffer, &got, &got_payload, &got_len), 1);
	assert_int_equal(got, type);
	assert_int_equal(got_len, len);
	if (len > 0)
		assert_memory_equal(got_payload, payload, len);
}

static void test_every_type_passes(void **state)
{
	const struct pair *pair = *state;
	struct packet_size size = { 50, 132 };
	struct packet_created created;
	memset(&created, 0, sizeof created);
	created.pid = 4711;
	created.start_time = 815;
	int32_t sig = 15;
	struct packet_stop stop = { .signal = 15, .timeout_ms = -1, .reason = STOP_BY_STOP };
	assert_passes(pair, PACKET_PLAN, NULL, 0);
	assert_passes(pair, PACKET_START, NULL, 0);
	assert_passes(pair, PACKET_STDIN, "in", 2);
	assert_passes(pair, PACKET_STDIN, NULL, 0);
	assert_passes(pair, PACKET_RESIZE, &size, sizeof size);
	assert_passes(pair, PACKET_SIGNAL, &sig, sizeof sig);
	assert_passes(pair, PACKET_STOP, &stop, sizeof stop);
	assert_passes(pair, PACKET_OWNER, NULL, 0);
	assert_passes(pair, PACKET_MUTE, NULL, 0);
	assert_passes(pair, PACKET_EXEC, NULL, 0);
	assert_passes(pair, PACKET_REQUEST, "{}", 2);
	assert_passes(pair, PACKET_REQUEST, NULL, 0);
	assert_passes(pair, PACKET_LEAVE, NULL, 0);
	assert_passes(pair, PACKET_CREATED, &created, sizeof created);
	assert_passes(pair, PACKET_STARTED, NULL, 0);
	assert_passes(pair, PACKET_STDOUT, "out", 3);
	assert_passes(pair, PACKET_STDERR, "err", 3);
	assert_passes(pair, PACKET_ERROR, "{}", 2);
	assert_passes(pair, PACKET_EXIT, "{}", 2);
}

static void test_the_largest_packet_passes(void **state)
{
	static char payload[MONITOR_PACKET_MAX - 1];
	memset(payload, 'x', sizeof payload);
	assert_passes(*state, PACKET_STDOUT, payload, sizeof payload);
}

static void test_a_larger_one_is_not_sent(void **state)
{
	static char payload[MONITOR_PACKET_MAX];
	const struct pair *pair = *state;
	assert_int_equal(packet_send(pair->ends[0], PACKET_STDOUT, payload, sizeof payload), -EINVAL);
}

static void test_hostile_packets(void **state)
{
	static char huge[MONITOR_PACKET_MAX + 1] = { PACKET_STDIN };
	static const struct {
		const char *bytes;
		size_t len;
	} packets[] = {
		{ "Z", 1 }, /* no such type */
		{ "\0", 1 },	      { "\xff", 1 },
		{ "Sx", 2 },			  /* START has no payload */
		{ "ox", 2 },	      { "w", 1 }, /* RESIZE has four bytes */
		{ "w\0\0\0", 4 },     { "w\0\0\0\0\0", 6 },
		{ "k", 1 }, /* SIGNAL, too */
		{ "T\1\0\0\0\0", 6 }, { "k\1\0\0\0\0", 6 },
		{ "C\0\0\0\0", 5 },   { "R.", 2 },
		{ "1", 1 }, /* output is never empty */
		{ "2", 1 },	      { "E", 1 },
		{ "X{", 2 },	      { huge, sizeof huge }, /* longer than any */
	};
	const struct pair *pair = *state;
	for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
		enum packet_type type = 0;
		const void *payload = NULL;
		size_t len = 0;
		assert_int_equal(send(pair->ends[0], packets[i].bytes, packets[i].len, 0), packets[i].len);
		assert_int_equal(packet_receive(pair->ends[1], packet_buffer, &type, &payload, &len), -EPROTO);
		assert_int_equal(type, 0);
		assert_null(payload);
	}
	assert_passes(pair, PACKET_START, NULL, 0);
}

static void test_the_end(void **state)
{
	struct pair *pair = *state;
	enum packet_type type;
	const void *payload;
	size_t len;
	assert_int_equal(packet_send(pair->ends[0], PACKET_STDIN, "last", 4), 0);
	fd_close(TAKE_FD(pair->ends[0]));
	assert_int_equal(packet_peek(pair->ends[1], &type), 1);
	assert_int_equal(packet_receive(pair->ends[1], packet_buffer, &type, &payload, &len), 1);
	assert_int_equal(packet_peek(pair->ends[1], &type), 0);
	assert_int_equal(packet_receive(pair->ends[1], packet_buffer, &type, &payload, &len), 0);
	assert_int_equal(packet_send(pair->ends[1], PACKET_STARTED, NULL, 0), -EPIPE);
}

static void test_an_empty_packet_is_an_end(void **state)
{
	const struct pair *pair = *state;
	enum packet_type type;
	const void *payload;
	size_t len;
	assert_int_equal(send(pair->ends[0], "", 0, 0), 0);
	assert_int_equal(packet_receive(pair->ends[1], packet_buffer, &type, &payload, &len), 0);
}

static void test_peeking_takes_nothing(void **state)
{
	const struct pair *pair = *state;
	enum packet_type type = 0;
	assert_int_equal(packet_peek(pair->ends[1], &type), -EAGAIN);
	assert_int_equal(packet_send(pair->ends[0], PACKET_STDIN, "x", 1), 0);
	assert_int_equal(packet_peek(pair->ends[1], &type), 1);
	assert_int_equal(type, PACKET_STDIN);
	assert_int_equal(packet_peek(pair->ends[1], &type), 1);
	assert_passes(pair, PACKET_STDIN, "x", 1); /* the first of two */
}

static size_t count_fds(void)
{
	size_t count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_files_that_come_along_are_closed(void **state)
{
	const struct pair *pair = *state;
	int fds[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
	enum packet_type type;
	const void *payload;
	size_t len, before = count_fds();
	assert_int_equal(fd_send(pair->ends[0], "ihello", 6, fds, ARRAY_SIZE(fds)), 0);
	assert_int_equal(packet_receive(pair->ends[1], packet_buffer, &type, &payload, &len), 1);
	assert_int_equal(len, 5);
	assert_int_equal(count_fds(), before);
}

/* --- monitor.json and status.json --- */

struct folder {
	char path[64];
	int fd;
};

static int make_folder(void **state)
{
	static struct folder folder;
	str_copy(folder.path, sizeof folder.path, "/tmp/coffer-test-protocol-XXXXXX");
	if (!mkdtemp(folder.path))
		return -1;
	folder.fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &folder;
	return folder.fd < 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;
	fd_close(folder->fd);
	return path_remove_tree(AT_FDCWD, folder->path);
}

static void assert_strv_equal(char *const *a, char *const *b)
{
	assert_int_equal(strv_count(a), strv_count(b));
	for (size_t i = 0; a && a[i]; i++)
		assert_string_equal(a[i], b[i]);
}

static void test_a_plan_survives(void **state)
{
	const struct folder *folder = *state;
	char *lower[] = { (char *)"/layers/\"2\"", (char *)"/layers/1", NULL };
	char *cleanup[] = { (char *)"/usr/bin/coffer", (char *)"container", (char *)"finish", (char *)"", NULL };
	struct monitor_plan plan = {
		.id = (char *)"abc",
		.name = (char *)"bäcker",
		.runtime_root = (char *)"/run/r",
		.cache_dir = (char *)"/c",
		.lower = lower,
		.upper = (char *)"/u",
		.work = (char *)"/w",
		.open_stdin = true,
		.stdin_once = true,
		.log = { .driver = LOG_DRIVER_LOCAL, .path = (char *)"/l\n", .limits = { 7, 2, true }, .attributes = cleanup },
		.cleanup = cleanup,
		.stop_signal = 3,
	};
	struct monitor_plan got = { 0 };
	struct error err = { 0 };
	assert_int_equal(monitor_plan_write(&plan, folder->fd, &err), 0);
	assert_int_equal(monitor_plan_read(folder->fd, &got, &err), 0);
	assert_string_equal(got.id, plan.id);
	assert_string_equal(got.name, plan.name);
	assert_string_equal(got.runtime_root, plan.runtime_root);
	assert_string_equal(got.cache_dir, plan.cache_dir);
	assert_strv_equal(got.lower, lower);
	assert_string_equal(got.upper, plan.upper);
	assert_string_equal(got.work, plan.work);
	assert_true(got.open_stdin && got.stdin_once);
	assert_int_equal(got.log.driver, LOG_DRIVER_LOCAL);
	assert_string_equal(got.log.path, plan.log.path);
	assert_int_equal(got.log.limits.max_bytes, 7);
	assert_int_equal(got.log.limits.max_files, 2);
	assert_true(got.log.limits.compress);
	assert_strv_equal(got.log.attributes, cleanup);
	assert_strv_equal(got.cleanup, cleanup);
	assert_int_equal(got.stop_signal, 3);
	monitor_plan_done(&got);
}

static void test_a_small_plan_survives(void **state)
{
	const struct folder *folder = *state;
	struct monitor_plan plan = { .id = (char *)"a", .name = (char *)"b", .runtime_root = (char *)"/r" }, got;
	assert_int_equal(monitor_plan_write(&plan, folder->fd, NULL), 0);
	assert_int_equal(monitor_plan_read(folder->fd, &got, NULL), 0);
	assert_null(got.cache_dir);
	assert_null(got.lower);
	assert_null(got.upper);
	assert_int_equal(got.log.driver, LOG_DRIVER_NONE);
	assert_null(got.cleanup);
	assert_false(got.open_stdin || got.stdin_once);
	assert_int_equal(got.stop_signal, 0);
	monitor_plan_done(&got);
}

static void test_plans_that_make_no_sense(void **state)
{
	static const char *const plans[] = {
		"",
		"null",
		"[]",
		"{}",
		"{\"id\":\"a\"}",
		"{\"id\":1,\"name\":\"b\",\"runtimeRoot\":\"/r\"}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"upper\":\"/u\"}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"work\":\"/w\",\"lower\":[\"/l\"]}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"lower\":[]}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"lower\":\"/l\"}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"lower\":[\"/l\",3]}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"cleanup\":[]}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"openStdin\":1}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"stopSignal\":65}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"stopSignal\":-1}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"log\":{\"driver\":\"x\"}}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"log\":{\"driver\":\"local\"}}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"log\":{\"driver\":\"none\",\"maxFiles\":0}}",
		"{\"id\":\"a\",\"name\":\"b\",\"runtimeRoot\":\"/r\",\"restart\":4}",
		"{\"id\":\"a\\u0000\",\"name\":\"b\",\"runtimeRoot\":\"/r\"}",
	};
	const struct folder *folder = *state;
	struct monitor_plan plan = { .stop_signal = 42 };
	for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
		struct error err = { 0 };
		assert_int_equal(
			file_write_atomic(folder->fd, "monitor.json", plans[i], strlen(plans[i]), 0600, 0, &err), 0);
		assert_int_equal(monitor_plan_read(folder->fd, &plan, &err), -ERR_INTERNAL);
		assert_non_null(strstr(err.message, "monitor.json"));
		assert_int_equal(plan.stop_signal, 42); /* untouched */
	}
}

static void test_a_missing_plan(void **state)
{
	const struct folder *folder = *state;
	struct monitor_plan plan;
	struct error err = { 0 };
	assert_int_equal(monitor_plan_read(folder->fd, &plan, &err), -ERR_NOT_FOUND);
}

static void assert_status_equal(const struct monitor_status *a, const struct monitor_status *b)
{
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->start_time, b->start_time);
	assert_int_equal(a->started_at, b->started_at);
	assert_int_equal(a->finished_at, b->finished_at);
	assert_int_equal(a->exit_code, b->exit_code);
	assert_int_equal(a->signal, b->signal);
	assert_int_equal(a->oom_killed, b->oom_killed);
	assert_int_equal(a->memory_limit, b->memory_limit);
	assert_int_equal(a->memory_peak, b->memory_peak);
	assert_int_equal(a->error.code, b->error.code);
	assert_int_equal(a->error.stage, b->error.stage);
	assert_string_equal(a->error.message, b->error.message);
	assert_string_equal(a->error.cause, b->error.cause);
	assert_string_equal(a->error.hint, b->error.hint);
}

static void assert_status_survives(int dir, const struct monitor_status *status)
{
	struct monitor_status got;
	struct error err = { 0 };
	assert_int_equal(monitor_status_write(status, dir, &err), 0);
	assert_int_equal(monitor_status_read(dir, &got, &err), 0);
	assert_status_equal(&got, status);
	_cleanup_free_ char *text = monitor_status_text(status);
	assert_true(strlen(text) < MONITOR_PACKET_MAX);
	assert_int_equal(monitor_status_parse(text, strlen(text), &got, &err), 0);
	assert_status_equal(&got, status);
}

static void test_a_status_survives(void **state)
{
	const struct folder *folder = *state;
	struct monitor_status created = { .pid = 7, .start_time = UINT32_MAX, .memory_limit = -1, .memory_peak = -1 };
	struct monitor_status exited = {
		.state = MONITOR_STATE_EXITED,
		.pid = 1 << 22,
		.start_time = INT64_MAX,
		.started_at = 1790000000123456789,
		.finished_at = INT64_MAX,
		.exit_code = 137,
		.signal = 9,
		.oom_killed = true,
		.memory_limit = 6 << 20,
		.memory_peak = INT64_MAX,
	};
	assert_status_survives(folder->fd, &created);
	assert_status_survives(folder->fd, &exited);
	struct monitor_status failed = { .state = MONITOR_STATE_EXITED, .exit_code = 127 };
	err_set(&failed.error, ERR_EXEC_NOTFOUND, "exec \"%s\": executable file not found in $PATH", "x\"\\\n");
	err_cause(&failed.error, "a cause");
	err_hint(&failed.error, "a hint");
	err_stage(&failed.error, STAGE_EXEC);
	assert_status_survives(folder->fd, &failed);
}

static void test_the_longest_status_fits_a_packet(void **state)
{
	const struct folder *folder = *state;
	struct monitor_status status = { .state = MONITOR_STATE_EXITED, .error = { .code = ERR_SYSTEM } };
	memset(status.error.message, '"', sizeof status.error.message - 1);
	memset(status.error.cause, '\\', sizeof status.error.cause - 1);
	memset(status.error.hint, '\\', sizeof status.error.hint - 1);
	assert_status_survives(folder->fd, &status);
}

static void test_statuses_that_make_no_sense(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"state\":\"paused\"}",
		"{\"state\":1}",
		"{\"state\":\"exited\"} x",
		"{\"state\":\"exited\",\"exitCode\":256}",
		"{\"state\":\"exited\",\"exitCode\":-1}",
		"{\"state\":\"exited\",\"exitCode\":1.5}",
		"{\"state\":\"exited\",\"exitCode\":\"1\"}",
		"{\"state\":\"exited\",\"signal\":65}",
		"{\"state\":\"running\",\"pid\":-1}",
		"{\"state\":\"running\",\"pid\":2147483648}",
		"{\"state\":\"running\",\"startedAt\":-5}",
		"{\"state\":\"running\",\"memoryPeak\":-2}",
		"{\"state\":\"running\",\"startTime\":18446744073709551616}",
		"{\"state\":\"running\",\"oomKilled\":\"yes\"}",
		"{\"state\":\"exited\",\"error\":\"text\"}",
	};
	struct monitor_status status = { .exit_code = 42 };
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = { 0 };
		assert_int_equal(monitor_status_parse(texts[i], strlen(texts[i]), &status, &err), -ERR_INTERNAL);
		assert_int_equal(status.exit_code, 42); /* untouched */
	}
}

static void test_what_a_status_leaves_out(void **state)
{
	static const char text[] = "{\"state\":\"running\",\"future\":[1]}";
	struct monitor_status status;
	assert_int_equal(monitor_status_parse(text, strlen(text), &status, NULL), 0);
	assert_int_equal(status.memory_limit, -1);
	assert_int_equal(status.memory_peak, -1);
	assert_int_equal(status.error.code, ERR_NONE);
}

static void test_hostile_error_texts_are_escaped(void **state)
{
	static const char text[] = "{\"state\":\"exited\",\"error\":{\"code\":\"E-NOPE\",\"message\":\"\\u001b[2J\"}}";
	struct monitor_status status;
	assert_int_equal(monitor_status_parse(text, strlen(text), &status, NULL), 0);
	assert_int_equal(status.error.code, ERR_INTERNAL);
	assert_string_equal(status.error.message, "\\x1b[2J");
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PAIR(test_every_type_passes),
		WITH_PAIR(test_the_largest_packet_passes),
		WITH_PAIR(test_a_larger_one_is_not_sent),
		WITH_PAIR(test_hostile_packets),
		WITH_PAIR(test_the_end),
		WITH_PAIR(test_an_empty_packet_is_an_end),
		WITH_PAIR(test_peeking_takes_nothing),
		WITH_PAIR(test_files_that_come_along_are_closed),
		WITH_FOLDER(test_a_plan_survives),
		WITH_FOLDER(test_a_small_plan_survives),
		WITH_FOLDER(test_plans_that_make_no_sense),
		WITH_FOLDER(test_a_missing_plan),
		WITH_FOLDER(test_a_status_survives),
		WITH_FOLDER(test_the_longest_status_fits_a_packet),
		cmocka_unit_test(test_statuses_that_make_no_sense),
		cmocka_unit_test(test_what_a_status_leaves_out),
		cmocka_unit_test(test_hostile_error_texts_are_escaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
