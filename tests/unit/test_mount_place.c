/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts on their places, with and without the system calls that make them as file descriptors; and a place that is
 * exchanged while it is mounted on. Every case is a process in a mount namespace of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "refuse-syscall.h"
#include "runtime/mount-place.h"
#include "runtime/rootfs.h"

/* What is refused; the runs of each case. */
static const unsigned CHANGE[] = { SYS_mount_setattr }, CLONE[] = { SYS_open_tree },
		      MAKE[] = { SYS_fsopen, SYS_fsconfig, SYS_fsmount },
		      ALL[] = { SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_open_tree, SYS_move_mount, SYS_mount_setattr };
static const struct {
	const unsigned *calls;
	size_t count;
	unsigned error;
} REFUSED[] = {
	{ NULL, 0, 0 },
	{ CHANGE, ARRAY_SIZE(CHANGE), ENOSYS },
	{ CLONE, ARRAY_SIZE(CLONE), EPERM },
	{ MAKE, ARRAY_SIZE(MAKE), EPERM },
	{ ALL, ARRAY_SIZE(ALL), ENOSYS },
};

#define CHECK(condition)                                                              \
	do {                                                                          \
		if (!(condition)) {                                                   \
			fprintf(stderr, "line %d: %s: %s\n", __LINE__, #condition, why.message); \
			return 1;                                                     \
		}                                                                     \
	} while (0)

/* In a fresh tmpfs that is the working directory, and root. */
typedef int test_case(int root);

static int prepare_and_run(test_case *body, size_t refused)
{
	struct error why = { 0 };
	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(chdir("/mnt") == 0);
	for (size_t i = 0; i < REFUSED[refused].count; i++)
		CHECK(refuse_syscall(REFUSED[refused].calls[i], REFUSED[refused].error));
	int root = open("/mnt", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(root >= 0);
	int r = body(root);
	close(root);
	return r;
}

static void run_case(test_case *body, size_t refused)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(prepare_and_run(body, refused));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("with refused calls of row %zu", refused);
}

static void run_all(test_case *body)
{
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(REFUSED); i++)
		run_case(body, i);
}

static unsigned long flags_of(const char *path)
{
	struct statvfs fs;
	return statvfs(path, &fs) == 0 ? fs.f_flag : 0;
}

/* --- attributes --- */

static int attributes_of_a_bind(int root)
{
	struct error why = { 0 };
	static const struct mount_change change = { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME,
						    .clear = MOUNT_ATTR__ATIME,
						    .propagation = MS_SHARED };
	CHECK(mkdir("source", 0755) == 0 && mkdir("target", 0755) == 0);
	_cleanup_close_ int source = open("source", O_PATH | O_CLOEXEC), target = open("target", O_PATH | O_CLOEXEC);
	const struct mount_place place = { root, "target", false, target };
	_cleanup_close_ int mount = mount_place_bind(source, true, &place, &change, &why);
	CHECK(mount >= 0);
	unsigned long flags = flags_of("target");
	CHECK((flags & (ST_RDONLY | ST_NOEXEC | ST_NOATIME)) == (ST_RDONLY | ST_NOEXEC | ST_NOATIME));
	CHECK(!(flags & (ST_NOSUID | ST_NODEV)) && !(flags_of("source") & ST_RDONLY));
	CHECK(mount_change(mount, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY | MOUNT_ATTR__ATIME, false, &why) == 0);
	flags = flags_of("target");
	CHECK((flags & (ST_NOSUID | ST_NOEXEC)) == (ST_NOSUID | ST_NOEXEC));
	CHECK(!(flags & (ST_RDONLY | ST_NOATIME)));
	return 0;
}

static void test_attributes_of_a_bind(void **state)
{
	run_all(attributes_of_a_bind);
}

static int attributes_of_a_tree(int root)
{
	struct error why = { 0 };
	static const struct mount_change change = { .tree_set = MOUNT_ATTR_RDONLY };
	CHECK(mkdir("source", 0755) == 0 && mkdir("target", 0755) == 0 && mkdir("source/a b", 0755) == 0);
	CHECK(mount("tmpfs", "source/a b", "tmpfs", 0, NULL) == 0 && mkdir("source/a b/c\n", 0755) == 0);
	CHECK(mount("tmpfs", "source/a b/c\n", "tmpfs", 0, NULL) == 0);
	_cleanup_close_ int source = open("source", O_PATH | O_CLOEXEC), target = open("target", O_PATH | O_CLOEXEC);
	const struct mount_place place = { root, "/target", false, target };
	_cleanup_close_ int mount = mount_place_bind(source, true, &place, &change, &why);
	CHECK(mount >= 0);
	CHECK(flags_of("target") & ST_RDONLY);
	CHECK(flags_of("target/a b") & ST_RDONLY);
	CHECK(flags_of("target/a b/c\n") & ST_RDONLY);
	CHECK(!(flags_of("source/a b") & ST_RDONLY));
	return 0;
}

static void test_attributes_of_a_tree(void **state)
{
	run_all(attributes_of_a_tree);
}

static int new_file_system(int root)
{
	struct error why = { 0 };
	static const char *const data[] = { "size=64k", "mode=750", NULL };
	static const struct mount_file_system fs = { "tmpfs", "name", data, MS_RDONLY };
	static const struct mount_change change = { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV,
						    .tree_set = MOUNT_ATTR_NOSUID };
	struct stat st;
	CHECK(mkdir("target", 0755) == 0);
	_cleanup_close_ int target = open("target", O_PATH | O_CLOEXEC);
	const struct mount_place place = { root, "target", false, target };
	_cleanup_close_ int mount = mount_place_new(&fs, &place, &change, &why);
	CHECK(mount >= 0);
	CHECK((flags_of("target") & (ST_RDONLY | ST_NODEV | ST_NOSUID)) == (ST_RDONLY | ST_NODEV | ST_NOSUID));
	CHECK(fstat(mount, &st) == 0 && (st.st_mode & 07777) == 0750);
	return 0;
}

static void test_new_file_system(void **state)
{
	run_all(new_file_system);
}

/* --- what does not fit, what is not the same any more --- */

static int file_on_directory(int root)
{
	struct error why = { 0 };
	static const struct mount_change none = { 0 };
	CHECK(mkdir("target", 0755) == 0 && mknod("source", S_IFREG | 0600, 0) == 0);
	_cleanup_close_ int source = open("source", O_PATH | O_CLOEXEC), target = open("target", O_PATH | O_CLOEXEC);
	const struct mount_place place = { root, "target", false, target };
	CHECK(mount_place_bind(source, false, &place, &none, &why) == -ERR_MNT_TYPE);
	CHECK(streq(why.message, "cannot mount on target: the source is a file, the target is a directory"));
	return 0;
}

static void test_file_on_directory(void **state)
{
	run_all(file_on_directory);
}

/* mount(2)'s mount cannot be held from its birth; who moves the place meanwhile gets no attribute set on another one. */
static int exchanged_place(int root)
{
	struct error why = { 0 };
	static const struct mount_change change = { .set = MOUNT_ATTR_RDONLY };
	CHECK(mkdir("source", 0755) == 0 && mkdir("target", 0755) == 0 && mkdir("other", 0755) == 0);
	CHECK(mount("source", "other", NULL, MS_BIND, NULL) == 0);
	_cleanup_close_ int source = open("source", O_PATH | O_CLOEXEC), target = open("target", O_PATH | O_CLOEXEC);
	const struct mount_place place = { root, "other", false, target };
	CHECK(mount_place_bind(source, false, &place, &change, &why) == -ERR_MOUNT);
	CHECK(streq(why.message, "other was exchanged while it was mounted on"));
	CHECK(!(flags_of("other") & ST_RDONLY));
	return 0;
}

static void test_exchanged_place(void **state)
{
	if (geteuid() != 0)
		skip();
	run_case(exchanged_place, ARRAY_SIZE(REFUSED) - 1);
}

static int exchanged_source(int root)
{
	struct error why = { 0 };
	CHECK(mkdir("source", 0755) == 0 && mkdir("other", 0755) == 0);
	_cleanup_close_ int source = open("source", O_PATH | O_CLOEXEC);
	_cleanup_close_ int same = rootfs_source_reopen(source, "/mnt/source", &why);
	CHECK(same >= 0);
	CHECK(rename("source", "gone") == 0);
	CHECK(rootfs_source_reopen(source, "/mnt/source", &why) == -ERR_MNT_SRC);
	CHECK(symlink("gone", "source") == 0);
	CHECK(rootfs_source_reopen(source, "/mnt/source", &why) == -ERR_MNT_SRC);
	CHECK(unlink("source") == 0 && rename("other", "source") == 0);
	CHECK(rootfs_source_reopen(source, "/mnt/source", &why) == -ERR_MNT_SRC);
	CHECK(streq(why.message, "'/mnt/source' was exchanged while the container was made"));
	return 0;
}

static void test_exchanged_source(void **state)
{
	if (geteuid() != 0)
		skip();
	run_case(exchanged_source, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attributes_of_a_bind), cmocka_unit_test(test_attributes_of_a_tree),
		cmocka_unit_test(test_new_file_system),	     cmocka_unit_test(test_file_on_directory),
		cmocka_unit_test(test_exchanged_place),	     cmocka_unit_test(test_exchanged_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
