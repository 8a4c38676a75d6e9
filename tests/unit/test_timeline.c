/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of several processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/timeline.h"

static void test_nobody_has_asked(void **state)
{
	struct timeline_step steps[TIMELINE_STEPS_MAX];
	timeline_step("nowhere");
	assert_int_equal(timeline_fd(), -1);
	assert_int_equal(timeline_take(steps), 0);
	timeline_end();
}

static void test_processes_share_it(void **state)
{
	struct timeline_step steps[TIMELINE_STEPS_MAX];
	int status;
	assert_int_equal(timeline_begin("one", NULL), 0);
	timeline_step("first %d", 1);
	pid_t pid = fork();
	if (pid == 0) {
		timeline_as("other");
		timeline_step("second");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	timeline_step("third");
	assert_int_equal(timeline_take(steps), 3);
	assert_string_equal(steps[0].text, "first 1");
	assert_string_equal(steps[0].who, "one");
	assert_string_equal(steps[1].who, "other");
	assert_string_equal(steps[2].text, "third");
	assert_true(steps[0].time_ns <= steps[1].time_ns && steps[1].time_ns <= steps[2].time_ns);
	assert_null(timeline_current);
}

/* By a file, as a program that was executed does. */
static void test_joined(void **state)
{
	struct timeline_step steps[TIMELINE_STEPS_MAX];
	int status;
	assert_int_equal(timeline_begin("one", NULL), 0);
	pid_t pid = fork();
	if (pid == 0) {
		timeline_current = NULL;
		timeline_join(dup(timeline_fd()), "joined");
		timeline_step("there");
		_exit(timeline_current ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(timeline_take(steps), 1);
	assert_string_equal(steps[0].who, "joined");
}

/* What could shrink under us is no timeline, nor is any other file. */
static void test_not_joined(void **state)
{
	int fds[2], memory = memfd_create("other", MFD_CLOEXEC);
	assert_true(memory >= 0 && pipe(fds) == 0);
	timeline_join(memory, "x");
	timeline_join(fds[0], "x");
	timeline_join(-1, "x");
	close(fds[1]);
	assert_null(timeline_current);
}

static void test_no_more_than_there_is_room_for(void **state)
{
	struct timeline_step steps[TIMELINE_STEPS_MAX];
	char text[2 * TIMELINE_TEXT_MAX];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(timeline_begin("a name that is longer than there is room for", NULL), 0);
	for (int i = 0; i < TIMELINE_STEPS_MAX + 10; i++)
		timeline_step("%s", text);
	assert_int_equal(timeline_take(steps), TIMELINE_STEPS_MAX);
	assert_int_equal(strlen(steps[0].text), TIMELINE_TEXT_MAX - 1);
	assert_int_equal(strlen(steps[0].who), TIMELINE_WHO_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_has_asked),
		cmocka_unit_test(test_processes_share_it),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_not_joined),
		cmocka_unit_test(test_no_more_than_there_is_room_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
