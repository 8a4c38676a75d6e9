/* SPDX-License-Identifier: Apache-2.0 */
/* Work in another network namespace: where it is done, and what comes back. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "network/netns-work.h"
#include "network/netns.h"

#define OWN "/proc/thread-self/ns/net"

enum { NO_NAMESPACE = 77 };

struct places {
	ino_t inside, outside, outside_again;
	bool says_inside, says_outside;
};

static ino_t here(void)
{
	struct stat st;
	return stat(OWN, &st) == 0 ? st.st_ino : 0;
}

static int note_outside(void *argument, struct error *err)
{
	struct places *places = argument;
	(void)err;
	places->outside_again = here();
	places->says_outside = netns_work_is_inside();
	return 5;
}

static int note_inside(void *argument, struct error *err)
{
	struct places *places = argument;
	places->inside = here();
	places->says_inside = netns_work_is_inside();
	return netns_work_outside(note_outside, places, err) + netns_work_outside(note_outside, places, err);
}

static int refuse(void *argument, struct error *err)
{
	(void)argument;
	return err_set(err, ERR_NET, "it did not work");
}

/* In a process of its own, whose namespaces go with it. */
static int visit(void)
{
	struct error err = { 0 };
	struct places places = { .outside = here() };
	_cleanup_netns_ struct netns netns = NETNS_NONE;
	if (unshare(CLONE_NEWNET) < 0 || netns_make(true, &netns, &err) < 0)
		return NO_NAMESPACE;
	places.outside = here();
	if (netns_work(netns.fd, note_inside, &places, &err) != 10)
		return 1;
	if (places.inside == places.outside || places.outside_again != places.outside || here() != places.outside)
		return 2;
	if (!places.says_inside || places.says_outside || netns_work_is_inside())
		return 3;
	return netns_work(netns.fd, refuse, NULL, &err) == -ERR_NET && err.code == ERR_NET ? 0 : 4;
}

static void test_visit(void **state)
{
	int status = -1;
	pid_t pid = fork();
	(void)state;
	if (pid == 0)
		_exit(visit());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_NAMESPACE)
		skip();
	assert_int_equal(status, 0);
}

static void test_no_namespace(void **state)
{
	struct error err = { 0 };
	_cleanup_close_ int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	(void)state;
	assert_true(netns_work(file, refuse, NULL, &err) < 0);
	assert_string_equal(err.message, "enter a network namespace: invalid argument");
}

static void test_outside_of_nothing(void **state)
{
	struct places places = { .outside = here() };
	(void)state;
	assert_int_equal(netns_work_outside(note_outside, &places, NULL), 5);
	assert_true(places.outside_again == places.outside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_visit),
		cmocka_unit_test(test_no_namespace),
		cmocka_unit_test(test_outside_of_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
