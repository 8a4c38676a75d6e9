/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of control groups on the real hierarchies of this machine. They run as root only, under a path of their
 * own, and leave nothing. Where both v1 and v2 hierarchies are mounted, each kind is tested without the other as well.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"
#include "runtime/cgroup.h"

/* Fails the test with the error's words, which are in @why. */
static struct error why;

#define assert_ok(call)                                                                 \
	do {                                                                            \
		err_clear(&why);                                                        \
		int r_ = (call);                                                        \
		if (r_ < 0)                                                             \
			fail_msg("%s: %d: %s (%s)", #call, r_, why.message, why.cause); \
	} while (0)

/* The specification's strings are the parser's, and not const. */
#define TEXT(literal) ((char *)(literal))

/* All of the machine's, or one kind alone. "v2" keeps one named v1 hierarchy, so that nothing is enabled at the root. */
enum view { VIEW_ALL, VIEW_V1, VIEW_V2 };

struct fixture {
	struct cgroup_mounts mounts; /* borrowed contents */
	bool v2;		     /* limits are to be found in the v2 tree */
	char path[64];
	pid_t pids[32];
	size_t n_pids;
	struct cgroup *cgroups[8]; /* here, for a test that fails or is skipped does not return */
	size_t n_cgroups;
};

static inline bool belongs_to(const struct cgroup_mount *mount, enum view view)
{
	bool v2 = !mount->controllers;
	bool named = !v2 && strchr(mount->controllers, '=');
	return view == VIEW_ALL || (view == VIEW_V2 ? v2 || named : !v2);
}

static inline int setup_view(void **state, enum view view)
{
	struct fixture *fixture = NEW(struct fixture);
	const struct cgroup_mounts *all = cgroup_mounts();
	for (size_t i = 0; i < all->count; i++)
		if (belongs_to(&all->list[i], view))
			fixture->mounts.list[fixture->mounts.count++] = all->list[i];
	cgroup_mounts_override(&fixture->mounts);
	fixture->v2 = cgroup_layout() == CGROUP_LAYOUT_V2;
	snprintf(fixture->path, sizeof fixture->path, "/coffer-test-%d", getpid());
	*state = fixture;
	return 0;
}

static inline int setup_all(void **state)
{
	return setup_view(state, VIEW_ALL);
}

static inline int setup_v1(void **state)
{
	return setup_view(state, VIEW_V1);
}

static inline int setup_v2(void **state)
{
	return setup_view(state, VIEW_V2);
}

/* Whatever the test has come to. */
static inline int teardown(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	if (cgroup_open(fixture->path, &cgroup, NULL) == 0)
		(void)cgroup_freeze(cgroup, false, NULL);
	for (size_t i = 0; i < fixture->n_pids; i++) {
		kill(fixture->pids[i], SIGKILL);
		waitpid(fixture->pids[i], NULL, 0);
	}
	int r = cgroup ? cgroup_destroy(cgroup, NULL) : 0;
	for (size_t i = 0; i < fixture->n_cgroups; i++)
		cgroup_free(fixture->cgroups[i]);
	cgroup_mounts_override(NULL);
	free(fixture);
	return r;
}

static inline struct cgroup *keep(struct fixture *fixture, struct cgroup *cgroup)
{
	assert_true(fixture->n_cgroups < ARRAY_SIZE(fixture->cgroups));
	return fixture->cgroups[fixture->n_cgroups++] = cgroup;
}

static inline struct cgroup *create_at(struct fixture *fixture, const char *path)
{
	struct cgroup *cgroup = NULL;
	assert_ok(cgroup_create(path, &cgroup, &why));
	return keep(fixture, cgroup);
}

static inline struct cgroup *create(struct fixture *fixture)
{
	const struct cgroup_tree *trees;
	if (geteuid() != 0 || fixture->mounts.count == 0)
		skip();
	struct cgroup *cgroup = create_at(fixture, fixture->path);
	if (cgroup_trees(cgroup, &trees) == 0)
		skip();
	return cgroup;
}

static inline struct cgroup *open_again(struct fixture *fixture)
{
	struct cgroup *cgroup = NULL;
	assert_ok(cgroup_open(fixture->path, &cgroup, &why));
	return keep(fixture, cgroup);
}

/* A child that waits to be killed. */
static inline pid_t spawn(struct fixture *fixture)
{
	assert_true(fixture->n_pids < ARRAY_SIZE(fixture->pids));
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (;;)
			pause();
	}
	fixture->pids[fixture->n_pids++] = pid;
	return pid;
}

/* Run @act in a child that has joined by itself; returns its exit status. */
static inline int run_inside(struct cgroup *cgroup, int (*act)(void))
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(cgroup_join_self(cgroup, false, NULL) == 0 ? act() : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return process_exit_code(status);
}

static inline void wait_for_end(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->n_pids; i++) {
		int status;
		assert_int_equal(waitpid(fixture->pids[i], &status, 0), fixture->pids[i]);
		assert_true(WIFSIGNALED(status));
	}
	fixture->n_pids = 0;
}

static inline void assert_gone(const struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->mounts.count; i++) {
		_cleanup_free_ char *path = path_join(fixture->mounts.list[i].mount_point, fixture->path + 1);
		assert_int_equal(access(path, F_OK), -1);
	}
}

/* With no @controller, the v2 tree's. */
static inline void assert_value(const struct cgroup *cgroup, const char *controller, const char *file,
				const char *expected)
{
	char line[256];
	const struct cgroup_tree *tree = controller ? cgroup_v1_tree(cgroup, controller) : cgroup_v2_tree(cgroup);
	assert_non_null(tree);
	ssize_t len = file_read_line(tree->fd, file, line, sizeof line);
	if (len < 0 || !streq(line, expected))
		fail_msg("%s is \"%s\" (%zd), not \"%s\"", file, len < 0 ? "" : line, len, expected);
}

#define real_test(function, view)                                           \
	{                                                                   \
#function " " #view, function, setup_##view, teardown, NULL \
	}
#define real_test_everywhere(function) real_test(function, all), real_test(function, v1), real_test(function, v2)
