/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups: creation, membership, signals, freezing and the end, on the real hierarchies. */
#include <linux/sched.h>
#include <sys/syscall.h>

#include "base/time.h"
#include "cgroup-fixture.h"

/* In every tree, @pid and nobody else. */
static void assert_is_alone(const struct cgroup *cgroup, pid_t pid)
{
	const struct cgroup_tree *trees;
	size_t count = cgroup_trees(cgroup, &trees);
	for (size_t i = 0; i < count; i++) {
		_cleanup_pid_list_ struct pid_list list = { 0 };
		assert_int_equal(cgroup_read_pids(trees[i].fd, &list), 0);
		assert_int_equal(list.count, 1);
		assert_int_equal(list.pids[0], pid);
	}
}

static void test_life(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup *cgroup = create(fixture);
	struct cgroup *other = NULL;
	_cleanup_free_ pid_t *pids = NULL;
	const struct cgroup_tree *trees;
	struct error err = { 0 };
	size_t count;
	assert_string_equal(cgroup_path(cgroup), fixture->path);
	assert_int_equal(cgroup_trees(cgroup, &trees), fixture->mounts.count);

	pid_t pid = spawn(fixture);
	assert_ok(cgroup_join(cgroup, pid, false, &why));
	assert_ok(cgroup_pids(cgroup, &pids, &count, &why));
	assert_int_equal(count, 1);
	assert_int_equal(pids[0], pid);
	assert_is_alone(cgroup, pid);

	assert_int_equal(cgroup_create(fixture->path, &other, &err), -ERR_BUSY);
	assert_null(other);
	assert_non_null(strstr(err.cause, "test_cgroup"));
	struct cgroup *same = open_again(fixture);
	assert_ok(cgroup_kill(same, &why));
	wait_for_end(fixture);
	int64_t before = time_monotonic_ns();
	assert_ok(cgroup_destroy(same, &why));
	assert_true(time_monotonic_ns() - before < NSEC_PER_SEC);
	assert_gone(fixture);
	assert_int_equal(cgroup_open(fixture->path, &other, &err), -ERR_NOT_FOUND);
	assert_ok(cgroup_destroy(cgroup, &why)); /* is gone: that is what was wanted */
	assert_ok(cgroup_kill(cgroup, &why));
}

static void test_existing_empty_is_taken(void **state)
{
	struct fixture *fixture = *state;
	assert_true(create(fixture)->fresh);
	struct cgroup *second = create(fixture);
	assert_false(second->fresh);
	assert_ok(cgroup_destroy(second, &why));
	assert_gone(fixture);
}

static void test_parents_are_made(void **state)
{
	struct fixture *fixture = *state;
	char path[96];
	assert_ok(cgroup_destroy(create(fixture), &why));
	snprintf(path, sizeof path, "%s/a/b", fixture->path);
	struct cgroup *inner = create_at(fixture, path);
	pid_t pid = spawn(fixture);
	assert_ok(cgroup_join(inner, pid, false, &why));

	/* From the top, all below is seen, killed and removed. */
	struct cgroup *top = open_again(fixture);
	_cleanup_free_ pid_t *pids = NULL;
	size_t count;
	assert_ok(cgroup_pids(top, &pids, &count, &why));
	assert_int_equal(count, 1);
	assert_int_equal(pids[0], pid);
	assert_ok(cgroup_kill(top, &why));
	wait_for_end(fixture);
	assert_ok(cgroup_destroy(top, &why));
	assert_gone(fixture);
}

static int exit_zero(void)
{
	return 0;
}

static void test_join_self(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup *cgroup = create(fixture);
	assert_int_equal(run_inside(cgroup, exit_zero), 0);
	assert_int_equal(cgroup_join(cgroup, 0, false, NULL), -ERR_INTERNAL);
	assert_ok(cgroup_destroy(cgroup, &why));
}

/* As a container's first process does it: into v2 by clone3(), into the rest by itself, from a user namespace. */
static void test_clone_into_cgroup(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup *cgroup = create(fixture);
	if (cgroup_clone_fd(cgroup) < 0)
		skip();
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP | CLONE_NEWUSER | CLONE_NEWPID,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup_clone_fd(cgroup),
	};
	int ready[2];
	char byte;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0 && (errno == ENOSYS || errno == EPERM || errno == ENOSPC))
		skip();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (cgroup_join_self(cgroup, true, NULL) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	fixture->pids[fixture->n_pids++] = pid;
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_is_alone(cgroup, pid);
	assert_ok(cgroup_kill(cgroup, &why));
	wait_for_end(fixture);
}

/* A program that divides its cgroup, as systemd does: who comes later goes where its first process went. */
static void test_join_divided(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup *cgroup = create(fixture);
	char path[96];
	if (!fixture->v2)
		skip();
	pid_t first = spawn(fixture);
	snprintf(path, sizeof path, "%s/init", fixture->path);
	struct cgroup *init = create_at(fixture, path);
	snprintf(path, sizeof path, "%s/other", fixture->path);
	struct cgroup *other = create_at(fixture, path);
	assert_ok(cgroup_join(init, first, false, &why));
	assert_ok(cgroup_join(other, spawn(fixture), false, &why));
	assert_int_equal(file_write_line(cgroup_v2_tree(cgroup)->fd, "cgroup.subtree_control", "+memory"), 0);

	pid_t late = spawn(fixture);
	assert_ok(cgroup_join(cgroup, late, false, &why));
	_cleanup_pid_list_ struct pid_list list = { 0 };
	assert_int_equal(cgroup_read_pids(cgroup_v2_tree(init)->fd, &list), 0);
	pid_list_sort(&list);
	assert_int_equal(list.count, 2);
	assert_true(pid_list_contains(&list, first) && pid_list_contains(&list, late));
}

static void test_deep(void **state)
{
	struct fixture *fixture = *state;
	char path[256];
	assert_ok(cgroup_destroy(create(fixture), &why));
	int len = snprintf(path, sizeof path, "%s", fixture->path);
	for (int i = 0; i < 30; i++)
		len += snprintf(path + len, sizeof path - (size_t)len, "/%d", i);
	(void)create_at(fixture, path);
	assert_ok(cgroup_destroy(open_again(fixture), &why));
	assert_gone(fixture);
}

/* Without the right to write to any hierarchy there is no cgroup, and only limits are missed. */
static void test_unprivileged(void **state)
{
	struct fixture *fixture = *state;
	struct spec_device_rule deny = {
		.type = 'a', .major = -1, .minor = -1, .read = true, .write = true, .mknod = true
	};
	struct spec_resources rules = { .device_rules = &deny, .n_device_rules = 1 },
			      limit = { .pids_limit = { true, 5 } };
	const struct cgroup_tree *trees;
	struct cgroup *cgroup = NULL;
	struct error err = { 0 };
	if (geteuid() != 0 || fixture->mounts.count == 0)
		skip();
	assert_int_equal(seteuid(65534), 0);
	int created = cgroup_create(fixture->path, &cgroup, &why);
	int limited = created < 0 ? 0 : cgroup_apply(cgroup, &limit, &err);
	int ruled = created < 0 ? 0 : cgroup_apply(cgroup, &rules, &why);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(created, 0);
	keep(fixture, cgroup);
	assert_int_equal(cgroup_trees(cgroup, &trees), 0);
	assert_int_equal(limited, -ERR_CG_CTRL);
	assert_true(str_ends_with(err.cause, "cannot be made: permission denied"));
	assert_int_equal(ruled, 0);
	assert_ok(cgroup_destroy(cgroup, &why));
}

static void test_destroy_names_who_is_left(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup *cgroup = create(fixture);
	struct error err = { 0 };
	char expected[32];
	for (int i = 0; i < 7; i++)
		assert_ok(cgroup_join(cgroup, spawn(fixture), false, &why));
	int64_t before = time_monotonic_ns();
	assert_int_equal(cgroup_destroy(cgroup, &err), -ERR_BUSY);
	assert_true(time_monotonic_ns() - before < 30 * NSEC_PER_SEC);
	snprintf(expected, sizeof expected, "%d (test_cgroup", fixture->pids[0]);
	assert_non_null(strstr(err.cause, expected));
	assert_non_null(strstr(err.cause, " and 2 more"));
}

static char state_of(pid_t pid)
{
	char letter = '?';
	process_start_time(pid, &letter);
	return letter;
}

static void test_freeze(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup *cgroup = create(fixture);
	bool frozen = true;
	pid_t pid = spawn(fixture);
	if (!cgroup_freezer_tree(cgroup))
		skip();
	assert_ok(cgroup_join(cgroup, pid, false, &why));
	assert_ok(cgroup_is_frozen(cgroup, &frozen, &why));
	assert_false(frozen);
	assert_ok(cgroup_freeze(cgroup, true, &why));
	assert_ok(cgroup_is_frozen(cgroup, &frozen, &why));
	assert_true(frozen);
	assert_int_equal(state_of(pid), cgroup_freezer_tree(cgroup)->v2 ? 'S' : 'D');

	/* Nobody may walk into it. */
	struct cgroup *opened = open_again(fixture);
	assert_int_equal(cgroup_join(opened, spawn(fixture), false, NULL), -ERR_STATE);
	assert_ok(cgroup_freeze(cgroup, false, &why));
	assert_ok(cgroup_is_frozen(cgroup, &frozen, &why));
	assert_false(frozen);
	assert_ok(cgroup_join(opened, fixture->pids[1], false, &why));

	/* A signal leaves it as it was, SIGKILL ends it. */
	assert_ok(cgroup_freeze(cgroup, true, &why));
	assert_ok(cgroup_signal(cgroup, SIGWINCH, &why));
	assert_ok(cgroup_is_frozen(cgroup, &frozen, &why));
	assert_true(frozen);
	assert_ok(cgroup_kill(cgroup, &why));
	wait_for_end(fixture);
	assert_ok(cgroup_destroy(cgroup, &why));
}

static void test_signal_reaches_all(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup *cgroup = create(fixture);
	for (int i = 0; i < 5; i++)
		assert_ok(cgroup_join(cgroup, spawn(fixture), false, &why));
	pid_t outside = spawn(fixture);
	assert_ok(cgroup_signal(cgroup, SIGTERM, &why));
	for (int i = 0; i < 5; i++) {
		int status;
		assert_int_equal(waitpid(fixture->pids[i], &status, 0), fixture->pids[i]);
		assert_int_equal(WTERMSIG(status), SIGTERM);
	}
	fixture->pids[0] = outside;
	fixture->n_pids = 1;
	assert_int_equal(waitpid(outside, NULL, WNOHANG), 0);
	assert_ok(cgroup_destroy(cgroup, &why));
}

/* What kernels before 5.14 need, and those without a v2 tree. */
static void test_kill_each(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup *cgroup = create(fixture);
	for (int with_freezer = 0; with_freezer < 2; with_freezer++) {
		bool frozen = false;
		const struct cgroup_tree *freezer = with_freezer ? cgroup_freezer_tree(cgroup) : NULL;
		for (int i = 0; i < 5; i++)
			assert_ok(cgroup_join(cgroup, spawn(fixture), false, &why));
		assert_int_equal(cgroup_kill_each(cgroup_main_tree(cgroup), freezer), 0);
		wait_for_end(fixture);
		if (freezer)
			assert_int_equal(cgroup_freezer_get(freezer, &frozen), 0);
		assert_false(frozen);
	}
	assert_ok(cgroup_destroy(cgroup, &why));
}

/* Forks without end, as far as a bound on its number allows; children that die make room for more. */
static void fork_forever(void)
{
	for (;;) {
		pid_t pid = fork();
		if (pid == 0 && (getpid() & 3) == 0)
			_exit(0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static void test_kill_fork_bomb(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup *cgroup = create(fixture);
	struct spec_resources resources = { .pids_limit = { true, 64 } };
	if (cgroup_apply(cgroup, &resources, NULL) < 0)
		skip(); /* a bomb without a bound is no test */
	pid_t pid = fork();
	if (pid == 0) {
		if (cgroup_join_self(cgroup, false, NULL) == 0)
			fork_forever();
		_exit(1);
	}
	fixture->pids[fixture->n_pids++] = pid;
	usleep(100000);
	assert_ok(cgroup_kill(cgroup, &why));
	wait_for_end(fixture);
	assert_ok(cgroup_destroy(cgroup, &why));
	assert_gone(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		real_test_everywhere(test_life),
		real_test_everywhere(test_existing_empty_is_taken),
		real_test_everywhere(test_parents_are_made),
		real_test_everywhere(test_join_self),
		real_test(test_clone_into_cgroup, all),
		real_test(test_clone_into_cgroup, v2),
		real_test(test_join_divided, all),
		real_test_everywhere(test_deep),
		real_test_everywhere(test_unprivileged),
		real_test(test_destroy_names_who_is_left, all),
		real_test_everywhere(test_freeze),
		real_test_everywhere(test_signal_reaches_all),
		real_test_everywhere(test_kill_each),
		real_test_everywhere(test_kill_fork_bomb),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
