/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of resctrl in a directory that is none: few machines have the real one. What the kernel does when a group is
 * made or removed is done here by mkdirat() and unlinkat() of this program.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/resctrl.h"

static int groups_left; /* that can be made */

static void make_file(int dir, const char *group, const char *name, const char *text)
{
	_cleanup_free_ char *path = path_join(group, name);
	_cleanup_close_ int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

int mkdirat(int dir, const char *path, mode_t mode)
{
	if (groups_left-- == 0)
		return errno = ENOSPC, -1;
	if (syscall(SYS_mkdirat, dir, path, mode) < 0)
		return -1;
	make_file(dir, path, "schemata", "    L3:0=fffff;1=fffff\n    MB:0=100;1=100\n");
	make_file(dir, path, "tasks", "");
	_cleanup_free_ char *monitors = path_join(path, "mon_groups");
	return (int)syscall(SYS_mkdirat, dir, monitors, mode);
}

int unlinkat(int dir, const char *path, int flags)
{
	static const char *const files[] = { "schemata", "tasks" };
	for (size_t i = 0; flags == AT_REMOVEDIR && i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *file = path_join(path, files[i]), *monitors = path_join(path, "mon_groups");
		(void)syscall(SYS_unlinkat, dir, file, 0);
		(void)syscall(SYS_unlinkat, dir, monitors, AT_REMOVEDIR);
	}
	return (int)syscall(SYS_unlinkat, dir, path, flags);
}

static int set_up(void **state)
{
	static int root;
	char path[] = "/tmp/test-resctrl-XXXXXX";
	assert_non_null(mkdtemp(path));
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0 && rmdir(path) == 0 && mkdir(path, 0700) == 0);
	close(root);
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_file(root, ".", "tasks", "");
	make_file(root, ".", "schemata", "    L3:0=fffff;1=fffff\n    MB:0=100;1=100\n");
	assert_int_equal(syscall(SYS_mkdirat, root, "info", 0755), 0);
	assert_int_equal(syscall(SYS_mkdirat, root, "mon_groups", 0755), 0);
	make_file(root, "info", "last_cmd_status", "mask is not contiguous\n");
	groups_left = 8;
	*state = &root;
	return 0;
}

static int tear_down(void **state)
{
	int root = *(int *)*state;
	_cleanup_free_ char *path = path_of_fd(root);
	close(root);
	return path_remove_tree(AT_FDCWD, path);
}

static bool is_there(int root, const char *path)
{
	return faccessat(root, path, F_OK, 0) == 0;
}

static void assert_line(int root, const char *path, const char *expected)
{
	char line[128];
	assert_true(file_read_line(root, path, line, sizeof line) >= 0);
	assert_string_equal(line, expected);
}

static void test_a_group_of_the_container(void **state)
{
	int root = *(int *)*state;
	const struct spec_intel_rdt rdt = { .l3_schema = (char[]){ "L3:0=f;1=f" }, .monitoring = true };
	struct resctrl_place place = { 0 };
	assert_int_equal(resctrl_prepare(root, &rdt, "box", &place, NULL), 0);
	assert_string_equal(place.group, "box");
	assert_string_equal(place.monitor, "box/mon_groups/box");
	assert_true(place.own_group);
	assert_line(root, "box/schemata", "L3:0=f;1=f");
	assert_int_equal(resctrl_join(root, &place, 4242, NULL), 0);
	assert_line(root, "box/tasks", "4242");
	assert_line(root, "box/mon_groups/box/tasks", "4242");
	assert_int_equal(resctrl_remove(root, &place, NULL), 0);
	assert_false(is_there(root, "box"));
	assert_int_equal(resctrl_remove(root, &place, NULL), 0);
	resctrl_place_done(&place);
}

/* With no word about shares it is made all the same, and its schemata are left alone. */
static void test_a_group_without_shares(void **state)
{
	int root = *(int *)*state;
	const struct spec_intel_rdt rdt = { 0 };
	struct resctrl_place place = { 0 };
	assert_int_equal(resctrl_prepare(root, &rdt, "box", &place, NULL), 0);
	assert_line(root, "box/schemata", "    L3:0=fffff;1=fffff");
	assert_null(place.monitor);
	resctrl_place_done(&place);
}

/* Lines are written one by one, those of "schemata" last. */
static void test_the_order_of_lines(void **state)
{
	int root = *(int *)*state;
	char *schemata[] = { (char[]){ "L2:0=1" }, (char[]){ "MB:0=70;1=70;2=70" }, NULL };
	const struct spec_intel_rdt rdt = { .clos_id = (char[]){ "class" },
					    .l3_schema = (char[]){ "L3:0=f;1=f" },
					    .bandwidth_schema = (char[]){ "MB:0=20" },
					    .schemata = schemata };
	struct resctrl_place place = { 0 };
	assert_int_equal(resctrl_prepare(root, &rdt, "box", &place, NULL), 0);
	assert_line(root, "class/schemata", "MB:0=70;1=70;2=70");
	/* A class that is named outlives the container, whoever made it. */
	assert_false(place.own_group);
	assert_int_equal(resctrl_remove(root, &place, NULL), 0);
	assert_true(is_there(root, "class"));
	resctrl_place_done(&place);
}

static void test_groups_that_are_there(void **state)
{
	int root = *(int *)*state;
	static const struct {
		const char *l3, *bandwidth;
		bool fits;
	} rows[] = {
		{ NULL, NULL, true },	       { "L3:0=ff", NULL, true },	{ "L3:0=0FF;1=f", "MB:1=70", true },
		{ "L3:1=f;0=ff", NULL, true }, { "L3:0=f", NULL, false },	{ "L3:0=ff;1=ff", NULL, false },
		{ "L3:2=ff", NULL, false },    { "L3:0=ff", "MB:0=10", false }, { "L2:0=ff", NULL, false },
		{ "L3", NULL, false },	       { "L3:0", NULL, false },
	};
	groups_left = 1;
	assert_int_equal(mkdirat(root, "class", 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct spec_intel_rdt rdt = { .clos_id = (char[]){ "class" },
						    .l3_schema = (char *)rows[i].l3,
						    .bandwidth_schema = (char *)rows[i].bandwidth };
		struct resctrl_place place = { 0 };
		struct error err = { 0 };
		make_file(root, "class", "schemata", "    L3:0=000ff;1=0000f\n    MB:0= 20;1=70\n");
		int r = resctrl_prepare(root, &rdt, "box", &place, &err);
		if (r != (rows[i].fits ? 0 : -ERR_SPEC))
			fail_msg("%s: %s", rows[i].l3, err.message);
		if (r < 0)
			assert_non_null(strstr(err.message, "resctrl group 'class' is there already, and has not \""));
		resctrl_place_done(&place);
	}
}

static void test_the_roots_group(void **state)
{
	int root = *(int *)*state;
	const struct spec_intel_rdt rdt = { .clos_id = (char[]){ "/" }, .monitoring = true };
	struct resctrl_place place = { 0 };
	assert_int_equal(resctrl_prepare(root, &rdt, "box", &place, NULL), 0);
	assert_int_equal(resctrl_join(root, &place, 7, NULL), 0);
	assert_line(root, "tasks", "7");
	assert_line(root, "mon_groups/box/tasks", "7");
	assert_int_equal(resctrl_remove(root, &place, NULL), 0);
	assert_false(is_there(root, "mon_groups/box"));
	assert_true(is_there(root, "tasks"));
	resctrl_place_done(&place);
}

static void test_failures(void **state)
{
	int root = *(int *)*state;
	struct resctrl_place place = { 0 };
	struct error err = { 0 };
	struct spec_intel_rdt rdt = { .clos_id = (char[]){ "none" } };
	assert_int_equal(resctrl_prepare(root, &rdt, "box", &place, &err), -ERR_SPEC);
	assert_string_equal(err.message, "resctrl group 'none' does not exist, and nothing says how it should be");
	/* No group to be had. */
	err_clear(&err);
	rdt = (struct spec_intel_rdt){ 0 };
	groups_left = 0;
	assert_true(resctrl_prepare(root, &rdt, "box", &place, &err) < 0);
	assert_non_null(strstr(err.message, "make resctrl group 'box': there can be no more groups"));
	/* None for monitoring: the first is taken back. */
	err_clear(&err);
	rdt.monitoring = true;
	groups_left = 1;
	assert_true(resctrl_prepare(root, &rdt, "box", &place, &err) < 0);
	assert_non_null(strstr(err.message, "make resctrl group 'box/mon_groups/box'"));
	assert_false(is_there(root, "box"));
	assert_null(place.group);
	/* What the kernel says of a write that it refuses. */
	err_clear(&err);
	const struct resctrl_place gone = { .group = (char[]){ "gone" } };
	assert_true(resctrl_join(root, &gone, 1, &err) < 0);
	assert_string_equal(err.cause, "resctrl says: mask is not contiguous");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_group_of_the_container, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_group_without_shares, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_order_of_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_groups_that_are_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_roots_group, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
