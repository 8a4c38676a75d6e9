/* SPDX-License-Identifier: Apache-2.0 */
/* A container's state: ids, the directory and its lock, state.json there and back, and the status that is found out. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/state.h"

static char top[64], root[96];

static int set_up(void **state)
{
	str_copy(top, sizeof top, "/tmp/test-state-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	snprintf(root, sizeof root, "%s/not/yet", top);
	return 0;
}

static int tear_down(void **state)
{
	return path_remove_tree(AT_FDCWD, top);
}

/* --- ids --- */

static void test_ids(void **state)
{
	static const char *const good[] = { "a", "A-b_c.d+e", "0", "_", "-x", "+", "a..b", "a." };
	static const char *const bad[] = {
		".",  "..",    ".a",	  "/",	    "a/b",	"../x",	   "a b",     "a\n",	 " a", "a:b", "a\\b",
		"a*", "\xc3\xa9", "a\x01", "a\x7f", "$(id)", "a;b", ".seccomp", "a\tb", "~", "a@b",
	};
	struct error err = { 0 };
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(container_check_id(good[i], &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(container_check_id(bad[i], &err), -ERR_INVALID);
		assert_true(str_starts_with(err.message, "invalid container id format: \""));
	}
	assert_int_equal(container_check_id("", &err), -ERR_INVALID);
	assert_string_equal(err.message, "container id cannot be empty");

	char longest[CONTAINER_ID_MAX + 2];
	memset(longest, 'a', sizeof longest - 1);
	longest[CONTAINER_ID_MAX + 1] = '\0';
	assert_int_equal(container_check_id(longest, &err), -ERR_INVALID);
	longest[CONTAINER_ID_MAX] = '\0';
	assert_int_equal(container_check_id(longest, &err), 0);
}

/* No function takes another one, whatever it does. */
static void test_bad_ids_everywhere(void **state)
{
	static const char *const bad[] = { "", "..", "../x", "a/b" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct container *container = NULL;
		assert_int_equal(state_make(root, bad[i], NULL), -ERR_INVALID);
		assert_int_equal(state_open(root, bad[i], false, NULL), -ERR_INVALID);
		assert_int_equal(container_load(root, bad[i], &container, NULL), -ERR_INVALID);
		assert_null(container);
	}
	assert_int_equal(access(root, F_OK), -1);
}

/* --- the directory --- */

static void test_make_open_remove(void **state)
{
	struct error err = { 0 };
	struct stat st;
	umask(0);
	assert_int_equal(state_open(root, "box", false, &err), -ERR_NO_CONTAINER);
	assert_string_equal(err.message, "container does not exist: box");
	_cleanup_close_ int dir = state_make(root, "box", &err);
	assert_true(dir >= 0);
	assert_int_equal(fstat(dir, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(stat(root, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);

	/* The id is taken by that. */
	assert_int_equal(state_make(root, "box", &err), -ERR_EXISTS);
	assert_string_equal(err.message, "container with id exists: box");
	_cleanup_close_ int other = state_make(root, "other", &err);
	assert_true(other >= 0);

	assert_int_equal(state_remove(root, "box", &err), 0);
	assert_int_equal(state_open(root, "box", false, &err), -ERR_NO_CONTAINER);
	assert_int_equal(state_remove(root, "box", &err), 0);
	_cleanup_close_ int again = state_make(root, "box", &err);
	assert_true(again >= 0);
}

static void test_whoever_changes_it_holds_the_lock(void **state)
{
	_cleanup_close_ int dir = state_make(root, "box", NULL), reader = state_open(root, "box", false, NULL);
	assert_true(reader >= 0);
	assert_int_equal(flock(reader, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	fd_close(TAKE_FD(dir));
	assert_int_equal(flock(reader, LOCK_EX | LOCK_NB), 0);
}

static void test_what_is_no_state(void **state)
{
	struct error err = { 0 };
	fd_close(state_make(root, "box", NULL));
	_cleanup_free_ char *link = mem_printf("%s/link", root), *file = mem_printf("%s/file", root);
	assert_int_equal(symlink("box", link), 0);
	fd_close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(state_open(root, "file", false, &err), -ERR_NO_CONTAINER);
	assert_true(state_open(root, "link", false, &err) < 0);
	_cleanup_free_ char *hidden = mem_printf("%s/.seccomp", root);
	assert_int_equal(mkdir(hidden, 0700), 0);
	_cleanup_strv_ char **ids = NULL;
	assert_int_equal(container_list(root, &ids, &err), 0);
	assert_int_equal(strv_count(ids), 1);
	assert_string_equal(ids[0], "box");
}

static void test_list(void **state)
{
	_cleanup_strv_ char **none = NULL, **all = NULL;
	struct error err = { 0 };
	assert_int_equal(container_list("/no/such/root", &none, &err), 0);
	assert_int_equal(strv_count(none), 0);
	for (int i = 0; i < 5; i++) {
		_cleanup_free_ char *id = mem_printf("box%d", i);
		fd_close(state_make(root, id, NULL));
	}
	assert_int_equal(container_list(root, &all, &err), 0);
	assert_int_equal(strv_count(all), 5);
	assert_true(strv_contains(all, "box3"));
	char **untouched = NULL;
	assert_true(container_list("/etc/passwd", &untouched, &err) < 0);
	assert_null(untouched);
}

/* --- state.json --- */

static const char *const PAIRS[] = { "key", "value", "a=b", "c=d", "empty", "", NULL };
static const char *const ARGS[] = { "hook", "two words", NULL };

static struct container sample(void)
{
	static struct spec_hook hooks[] = {
		{ .path = (char *)"/bin/a", .args = (char **)ARGS, .timeout_seconds = 5 },
		{ .path = (char *)"/bin/b" },
	};
	return (struct container){
		.id = (char *)"box",
		.root = root,
		.bundle = (char *)"/bundle \"quoted\"",
		.rootfs = (char *)"/bundle/rootfs",
		.config = (char *)"other.json",
		.cgroup_path = (char *)"/a/b",
		.oci_version = (char *)"1.2.1",
		.annotations = (char **)PAIRS,
		.pid = 4711,
		.start_time = UINT64_C(123456789012345),
		.created_at = INT64_C(1700000000123456789),
		.owner = 4294967294,
		.resctrl = { .group = (char *)"box", .monitor = (char *)"box/mon_groups/box", .own_group = true },
		.host_pid = true,
		.poststart = { hooks + 1, 1 },
		.poststop = { hooks, 2 },
	};
}

static void test_there_and_back(void **state)
{
	struct container written = sample();
	struct error err = { 0 };
	struct stat st;
	_cleanup_container_ struct container *read = NULL;
	_cleanup_close_ int dir = state_make(root, "box", NULL);
	assert_int_equal(state_write(dir, &written, &err), 0);
	assert_int_equal(fstatat(dir, STATE_FILE, &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(container_load(root, "box", &read, &err), 0);
	assert_string_equal(read->id, "box");
	assert_string_equal(read->root, root);
	assert_string_equal(read->bundle, written.bundle);
	assert_string_equal(read->rootfs, written.rootfs);
	assert_string_equal(read->config, written.config);
	assert_string_equal(read->cgroup_path, written.cgroup_path);
	assert_string_equal(read->oci_version, written.oci_version);
	assert_int_equal(strv_count(read->annotations), 6);
	for (int i = 0; PAIRS[i]; i++)
		assert_string_equal(read->annotations[i], PAIRS[i]);
	assert_int_equal(read->pid, written.pid);
	assert_true(read->start_time == written.start_time);
	assert_true(read->created_at == written.created_at);
	assert_int_equal(read->owner, written.owner);
	assert_true(read->host_pid);
	assert_string_equal(read->resctrl.group, written.resctrl.group);
	assert_string_equal(read->resctrl.monitor, written.resctrl.monitor);
	assert_true(read->resctrl.own_group);
	assert_int_equal(read->poststart.count, 1);
	assert_int_equal(read->poststop.count, 2);
	assert_string_equal(read->poststop.hooks[0].path, "/bin/a");
	assert_string_equal(read->poststop.hooks[0].args[1], "two words");
	assert_int_equal(read->poststop.hooks[0].timeout_seconds, 5);
	assert_null(read->poststop.hooks[0].env);
	assert_null(read->poststop.hooks[1].args);
}

/* Whoever made it has died before it was written: it can be seen and removed. */
static void test_without_a_file(void **state)
{
	_cleanup_container_ struct container *container = NULL;
	struct error err = { 0 };
	enum container_status status;
	_cleanup_close_ int dir = state_make(root, "box", NULL);
	assert_int_equal(container_load(root, "box", &container, &err), 0);
	assert_int_equal(container_status(container, &status, &err), 0);
	assert_int_equal(status, CONTAINER_CREATING); /* we still hold the lock */
	fd_close(TAKE_FD(dir));
	assert_int_equal(container_status(container, &status, &err), 0);
	assert_int_equal(status, CONTAINER_STOPPED);
	assert_int_equal(container_delete(container, false, &err), 0);
	assert_int_equal(container_status(container, &status, &err), -ERR_NO_CONTAINER);
}

static void test_damaged_files(void **state)
{
	static const struct {
		const char *text;
		int code; /* 0: read, with what there is */
	} rows[] = {
		{ "", ERR_INTERNAL },
		{ "{", ERR_INTERNAL },
		{ "{\"pid\":1}trash", ERR_INTERNAL },
		{ "{}", 0 },
		{ "[]", 0 },
		{ "{\"pid\":\"x\",\"bundle\":7,\"annotations\":[1],\"poststop\":[7,{}],\"startTime\":-1}", 0 },
		{ "{\"annotations\":[\"odd\"],\"pid\":99999999999}", 0 },
	};
	_cleanup_close_ int dir = state_make(root, "box", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_container_ struct container *container = NULL;
		struct error err = { 0 };
		assert_int_equal(file_write_atomic(dir, STATE_FILE, rows[i].text, strlen(rows[i].text), 0600, 0, NULL), 0);
		assert_int_equal(state_read(dir, root, "box", &container, &err), -rows[i].code);
		if (rows[i].code) {
			assert_true(str_starts_with(err.message, "state of container 'box': state.json:1:"));
			assert_null(container);
			continue;
		}
		assert_int_equal(container->pid, 0);
		_cleanup_free_ char *text = state_document(container, CONTAINER_STOPPED);
		assert_non_null(strstr(text, "\"id\":\"box\""));
	}
}

/* --- the specification's document --- */

static void test_document(void **state)
{
	static const struct {
		enum container_status status;
		const char *word;
		bool pid;
	} rows[] = {
		{ CONTAINER_CREATING, "creating", true }, { CONTAINER_CREATED, "created", true },
		{ CONTAINER_RUNNING, "running", true },	  { CONTAINER_PAUSED, "paused", true },
		{ CONTAINER_STOPPED, "stopped", false },
	};
	const struct container container = sample();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = state_document(&container, rows[i].status);
		_cleanup_json_document_ struct json_document document = { 0 };
		struct json_node annotations;
		const char *status, *bundle, *value;
		int64_t pid = 0;
		assert_int_equal(json_parse(text, strlen(text), "state", ERR_JSON, &document, NULL), 0);
		struct json_node node = json_root(&document);
		assert_int_equal(json_need_string(&node, "status", &status, NULL), 1);
		assert_int_equal(json_need_string(&node, "bundle", &bundle, NULL), 1);
		assert_int_equal(json_get_i64(&node, "pid", 0, INT32_MAX, &pid, NULL), rows[i].pid);
		assert_int_equal(json_need_object(&node, "annotations", &annotations, NULL), 1);
		assert_int_equal(json_need_string(&annotations, "a=b", &value, NULL), 1);
		assert_string_equal(value, "c=d");
		assert_string_equal(status, rows[i].word);
		assert_string_equal(bundle, container.bundle);
		assert_int_equal(pid, rows[i].pid ? 4711 : 0);
	}
}

/* --- the status --- */

static enum container_status status_of(pid_t pid, uint64_t start_time)
{
	struct container container = sample();
	enum container_status status;
	container.pid = pid;
	container.start_time = start_time;
	assert_int_equal(container_status(&container, &status, NULL), 0);
	return status;
}

static void test_status(void **state)
{
	_cleanup_close_ int dir = state_make(root, "box", NULL);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the test */
		prctl(PR_SET_NAME, "\n) Z 1 (");
		pause();
	}
	usleep(10000);
	uint64_t start = process_start_time(pid, NULL);
	assert_int_equal(mkfifoat(dir, STATE_FIFO, 0600), 0);
	assert_int_equal(status_of(pid, start), CONTAINER_CREATED);
	assert_int_equal(unlinkat(dir, STATE_FIFO, 0), 0);
	assert_int_equal(status_of(pid, start), CONTAINER_RUNNING);
	assert_int_equal(status_of(pid, start + 1), CONTAINER_STOPPED); /* the pid means another process by now */
	kill(pid, SIGKILL);
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(status_of(pid, start), CONTAINER_STOPPED); /* a zombie */
	waitpid(pid, NULL, 0);
	assert_int_equal(status_of(pid, start), CONTAINER_STOPPED);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		WITH_ROOT(test_bad_ids_everywhere),
		WITH_ROOT(test_make_open_remove),
		WITH_ROOT(test_whoever_changes_it_holds_the_lock),
		WITH_ROOT(test_what_is_no_state),
		WITH_ROOT(test_list),
		WITH_ROOT(test_there_and_back),
		WITH_ROOT(test_without_a_file),
		WITH_ROOT(test_damaged_files),
		cmocka_unit_test(test_document),
		WITH_ROOT(test_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
