/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a container whose monitor was killed, wherever it was, and that all of it is cleared away. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/random.h"
#include "base/str.h"
#include "monitor/monitor.h"
#include "runtime/cgroup.h"
#include "runtime/container.h"

/* The place of one container: TOP/run is its run directory, TOP/runtime the runtime's state root. */
struct place {
	char top[64], run[80], runtime[80], id[64], cgroup[72];
	int dir;
	int control; /* our end */
	pid_t monitor, init;
};

static struct place place;

static void write_bundle(const char *script)
{
	_cleanup_free_ char *config = mem_printf(
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"/busybox\",\"sh\",\"-c\",\"%s\"],\"user\":{\"uid\":0,\"gid\":0}},"
		"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}],"
		"\"linux\":{\"cgroupsPath\":\"%s\",\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}]}}",
		script, place.cgroup);
	struct monitor_plan plan = { .id = place.id, .name = place.id, .runtime_root = place.runtime };
	assert_int_equal(file_write_atomic(place.dir, "config.json", config, strlen(config), 0600, 0, NULL), 0);
	assert_int_equal(monitor_plan_write(&plan, place.dir, NULL), 0);
}

static int make_place(void **state)
{
	place = (struct place){ .control = -1 };
	str_copy(place.top, sizeof place.top, "/tmp/coffer-test-remains-XXXXXX");
	if (!mkdtemp(place.top))
		return -1;
	snprintf(place.id, sizeof place.id, "coffer-test-remains-%d", getpid());
	snprintf(place.cgroup, sizeof place.cgroup, "/%s", place.id);
	snprintf(place.run, sizeof place.run, "%s/run", place.top);
	snprintf(place.runtime, sizeof place.runtime, "%s/runtime", place.top);
	_cleanup_free_ char *command = mem_printf(
		"mkdir -p %s/rootfs/proc && cp \"$(command -v busybox)\" %s/rootfs/busybox", place.run, place.run);
	if (system(command) != 0)
		return -1;
	place.dir = open(place.run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place.dir < 0 ? -1 : 0;
}

static int remove_place(void **state)
{
	fd_close(place.control);
	fd_close(place.dir);
	return path_remove_tree(AT_FDCWD, place.top);
}

/* The monitor as a child of ours that can be killed. */
static void launch(bool start)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	place.control = pair[0];
	assert_int_equal(packet_send(place.control, PACKET_PLAN, NULL, 0), 0);
	if (start)
		assert_int_equal(packet_send(place.control, PACKET_START, NULL, 0), 0);
	place.monitor = fork();
	assert_true(place.monitor >= 0);
	if (place.monitor == 0) {
		struct monitor_options options = { .path = place.run, .dir = place.dir, .control = pair[1], .lock = -1 };
		fd_close(place.control);
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		(void)monitor_run(&options, NULL);
		_exit(0);
	}
	fd_close(pair[1]);
}

static void await(enum packet_type wanted)
{
	static char buf[MONITOR_PACKET_MAX];
	enum packet_type type = 0;
	const void *payload;
	size_t len;
	while (type != wanted) {
		assert_int_equal(packet_receive(place.control, buf, &type, &payload, &len), 1);
		if (type == PACKET_CREATED) {
			struct packet_created created;
			memcpy(&created, payload, sizeof created);
			place.init = created.pid;
		}
	}
}

static void kill_monitor(void)
{
	assert_int_equal(kill(place.monitor, SIGKILL), 0);
	assert_int_equal(waitpid(place.monitor, NULL, 0), place.monitor);
}

static void assert_nothing_is_left(void)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct container *container = NULL;
	assert_int_equal(cgroup_open(place.cgroup, &cgroup, NULL), -ERR_NOT_FOUND);
	assert_int_equal(container_load(place.runtime, place.id, &container, NULL), -ERR_NO_CONTAINER);
	assert_int_not_equal(faccessat(place.dir, "attach", F_OK, 0), 0);
}

static void clear(struct monitor_status *ret)
{
	struct monitor_status recorded;
	struct error err = { 0 };
	signal(SIGCHLD, SIG_IGN); /* collects whoever dies, as the host's init process would */
	int r = monitor_remains_clear(place.dir, place.runtime, place.id, ret, &err);
	signal(SIGCHLD, SIG_DFL);
	if (r < 0)
		fail_msg("%s", err.message);
	assert_int_equal(ret->state, MONITOR_STATE_EXITED);
	assert_nothing_is_left();
	assert_int_equal(monitor_status_read(place.dir, &recorded, NULL), 0);
	assert_int_equal(recorded.exit_code, ret->exit_code);
	assert_int_equal(recorded.finished_at, ret->finished_at);
}

static void test_running(void **state)
{
	struct monitor_status status;
	write_bundle("echo ready; sleep 60 & sleep 60");
	launch(true);
	await(PACKET_STDOUT);
	kill_monitor();
	clear(&status);
	assert_int_equal(status.exit_code, 128 + SIGKILL);
	assert_int_equal(status.signal, SIGKILL);
	assert_true(status.started_at > 0 && status.finished_at > status.started_at);
	assert_int_equal(status.pid, place.init);
	assert_string_equal(status.error.message, "the container's monitor died");
	assert_string_equal(status.error.cause, "");
}

static void test_created(void **state)
{
	struct monitor_status status;
	write_bundle("echo never");
	launch(false);
	await(PACKET_CREATED);
	kill_monitor();
	clear(&status);
	assert_int_equal(status.started_at, 0);
	assert_int_equal(status.error.code, ERR_CANCELLED);
}

/* It ended by itself after the monitor had died, and before anybody came to look. */
static void test_ended_unseen(void **state)
{
	struct monitor_status status;
	write_bundle("echo ready; sleep 0.2; exit 7");
	launch(true);
	await(PACKET_STDOUT);
	kill_monitor();
	while (process_start_time(place.init, NULL) != 0) {
		(void)waitpid(place.init, NULL, WNOHANG);
		usleep(10000);
	}
	clear(&status);
	assert_int_equal(status.exit_code, 255);
	assert_int_equal(status.signal, 0);
	assert_string_equal(status.error.cause, "the exit status was lost with it");
}

/* What the monitor has recorded stays, whatever has to be cleared away behind it. */
static void test_recorded(void **state)
{
	struct monitor_status status, recorded = { .state = MONITOR_STATE_EXITED, .exit_code = 3, .finished_at = 5 };
	write_bundle("echo ready; sleep 60");
	launch(true);
	await(PACKET_STDOUT);
	kill_monitor();
	assert_int_equal(monitor_status_write(&recorded, place.dir, NULL), 0);
	clear(&status);
	assert_int_equal(status.exit_code, 3);
	assert_int_equal(status.finished_at, 5);
	assert_int_equal(status.error.code, ERR_NONE);
}

static void test_nothing_there(void **state)
{
	struct monitor_status status;
	clear(&status);
	assert_int_equal(status.exit_code, 255);
	clear(&status); /* again */
	assert_int_equal(status.exit_code, 255);
}

static void test_a_status_that_nobody_can_read(void **state)
{
	struct monitor_status status;
	assert_int_equal(file_write_atomic(place.dir, "status.json", "{\"sta", 5, 0600, 0, NULL), 0);
	clear(&status);
	assert_int_equal(status.exit_code, 255);
}

/* Killed at any point between its first step and its last. */
static void test_killed_anywhere(void **state)
{
	enum { ROUNDS = 60, LATEST_US = 15000 };
	for (int i = 0; i < ROUNDS; i++) {
		struct monitor_status status;
		write_bundle("true");
		launch(true);
		usleep((useconds_t)(random_u64() % LATEST_US));
		kill_monitor();
		fd_close(TAKE_FD(place.control));
		clear(&status);
		unlinkat(place.dir, "status.json", 0);
	}
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	if (geteuid() != 0 || system("command -v busybox >/dev/null") != 0) {
		puts("1..0 # SKIP needs root and busybox-static");
		return 0;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* what a killed monitor leaves becomes ours */
	const struct CMUnitTest tests[] = {
		IN_PLACE(test_running),		IN_PLACE(test_created),
		IN_PLACE(test_ended_unseen),	IN_PLACE(test_recorded),
		IN_PLACE(test_nothing_there),	IN_PLACE(test_a_status_that_nobody_can_read),
		IN_PLACE(test_killed_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
