/* SPDX-License-Identifier: Apache-2.0 */
/* Overlay mounts, real ones. They are detached, so nothing of them is ever seen in the machine's mount table. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/id-map.h"
#include "runtime/procfs.h"
#include "storage/overlay-internal.h"

/* One temporary directory for each test, with the directories of its layers in it. */
struct fixture {
	char *path;
	int dir;
	size_t n_mounts;
};

static size_t count_mounts(void)
{
	_cleanup_free_ char *mounts = NULL;
	size_t n = 0;
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", 16 << 20, &mounts, NULL, NULL), 0);
	for (const char *at = mounts; (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

static bool is_permitted(void)
{
	_cleanup_close_ int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	if (fs < 0)
		print_message("# overlay mounts are not possible here: %s\n", strerrordesc_np(errno));
	return fs >= 0;
}

static int setup(void **state)
{
	struct fixture *fixture = NEW(struct fixture);
	const char *base = getenv("TMPDIR");
	fixture->path = mem_printf("%s/test-overlay-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(fixture->path));
	fixture->dir = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fixture->n_mounts = count_mounts();
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	size_t n_mounts = count_mounts();
	int r = path_remove_tree(AT_FDCWD, fixture->path);
	bool clean = n_mounts == fixture->n_mounts && r == 0;
	fd_close(fixture->dir);
	free(fixture->path);
	free(fixture);
	return clean ? 0 : -1;
}

static void make_dir(const struct fixture *fixture, const char *path)
{
	assert_true(mkdirat(fixture->dir, path, 0755) == 0 || errno == EEXIST);
}

static void make_file(const struct fixture *fixture, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(fixture->dir, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void make_whiteout(const struct fixture *fixture, const char *path)
{
	assert_int_equal(mknodat(fixture->dir, path, S_IFCHR, makedev(0, 0)), 0);
}

static void make_opaque(const struct fixture *fixture, const char *path)
{
	_cleanup_close_ int fd = openat(fixture->dir, path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0), 0);
}

static bool exists(int dir, const char *path)
{
	return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_text(int dir, const char *path, const char *expected)
{
	_cleanup_free_ char *text = NULL;
	assert_int_equal(file_read(dir, path, 4096, &text, NULL, NULL), 0);
	assert_string_equal(text, expected);
}

/* Absolute paths of the given directories (the last one NULL). */
static char **paths(const struct fixture *fixture, const char *const *names)
{
	char **result = NULL;
	for (; *names; names++)
		strv_take(&result, path_join(fixture->path, *names));
	return result;
}

#define PATHS(fixture, ...) paths(fixture, (const char *const[]){ __VA_ARGS__, NULL })

static void assert_mounted(int fd, const struct error *err)
{
	if (fd < 0)
		fail_msg("%s (%s)", err->message, err->cause);
}

/* --- What is seen --- */

static void make_three_layers(const struct fixture *fixture)
{
	make_dir(fixture, "bottom");
	make_dir(fixture, "bottom/etc");
	make_dir(fixture, "bottom/var");
	make_file(fixture, "bottom/etc/a", "bottom");
	make_file(fixture, "bottom/etc/b", "bottom");
	make_file(fixture, "bottom/etc/c", "bottom");
	make_file(fixture, "bottom/var/old", "bottom");
	make_dir(fixture, "middle");
	make_dir(fixture, "middle/etc");
	make_file(fixture, "middle/etc/a", "middle");
	make_whiteout(fixture, "middle/etc/b");
	make_dir(fixture, "top");
	make_dir(fixture, "top/var");
	make_opaque(fixture, "top/var");
	make_file(fixture, "top/var/new", "top");
}

static void test_layers_are_merged(void **state)
{
	const struct fixture *fixture = *state;
	make_three_layers(fixture);
	_cleanup_strv_ char **lower = PATHS(fixture, "top", "middle", "bottom");
	struct error err = { 0 };
	_cleanup_close_ int fd = overlay_mount(&(struct overlay_options){ .lower = lower }, &err);
	assert_mounted(fd, &err);
	assert_text(fd, "etc/a", "middle");
	assert_false(exists(fd, "etc/b"));
	assert_text(fd, "etc/c", "bottom");
	assert_false(exists(fd, "var/old"));
	assert_text(fd, "var/new", "top");
}

static void test_without_an_upper_it_is_read_only(void **state)
{
	const struct fixture *fixture = *state;
	make_three_layers(fixture);
	_cleanup_strv_ char **two = PATHS(fixture, "top", "bottom"), **one = PATHS(fixture, "bottom");
	struct error err = { 0 };
	_cleanup_close_ int overlay = overlay_mount(&(struct overlay_options){ .lower = two }, &err);
	assert_mounted(overlay, &err);
	_cleanup_close_ int single = overlay_mount(&(struct overlay_options){ .lower = one }, &err);
	assert_mounted(single, &err);
	assert_text(single, "etc/b", "bottom");
	assert_int_equal(mkdirat(overlay, "x", 0755), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(mkdirat(single, "x", 0755), -1);
	assert_int_equal(errno, EROFS);
}

static int open_part(const struct fixture *fixture, const char *path, struct error *err)
{
	_cleanup_strv_ char **lower = PATHS(fixture, "top", "middle", "bottom");
	_cleanup_close_ int whole = overlay_mount(&(struct overlay_options){ .lower = lower }, err);
	assert_mounted(whole, err);
	*err = (struct error){ 0 };
	return overlay_part(whole, path, err);
}

static void test_part_of_a_mount(void **state)
{
	const struct fixture *fixture = *state;
	struct error err = { 0 };
	struct stat st;
	make_three_layers(fixture);
	assert_int_equal(symlinkat("/etc", fixture->dir, "top/absolute"), 0);
	assert_int_equal(symlinkat("../../../..", fixture->dir, "top/out"), 0);
	_cleanup_close_ int dir = open_part(fixture, "etc", &err);
	assert_mounted(dir, &err);
	assert_text(dir, "a", "middle");
	assert_int_equal(mkdirat(dir, "x", 0755), -1);
	assert_int_equal(errno, EROFS);
	_cleanup_close_ int linked = open_part(fixture, "absolute", &err);
	assert_mounted(linked, &err);
	assert_text(linked, "c", "bottom");
	_cleanup_close_ int out = open_part(fixture, "out", &err);
	assert_mounted(out, &err);
	assert_text(out, "etc/a", "middle");
	_cleanup_close_ int file = open_part(fixture, "var/new", &err);
	assert_mounted(file, &err);
	assert_int_equal(fstat(file, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(open_part(fixture, "etc/b", &err), -ERR_MNT_SRC);
	assert_string_equal(err.message, "cannot access path 'etc/b': no such file or directory");
}

/* Overlayfs itself ignores the mark on a root. */
static void test_opaque_root_hides_the_layers_below(void **state)
{
	const struct fixture *fixture = *state;
	make_three_layers(fixture);
	make_opaque(fixture, "middle");
	_cleanup_strv_ char **lower = PATHS(fixture, "top", "middle", "bottom");
	struct error err = { 0 };
	_cleanup_close_ int fd = overlay_mount(&(struct overlay_options){ .lower = lower }, &err);
	assert_mounted(fd, &err);
	assert_text(fd, "etc/a", "middle");
	assert_false(exists(fd, "etc/c"));
	assert_text(fd, "var/new", "top");

	_cleanup_strv_ char **lowest = PATHS(fixture, "middle", "bottom");
	_cleanup_close_ int single = overlay_mount(&(struct overlay_options){ .lower = lowest }, &err);
	assert_mounted(single, &err);
	assert_false(exists(single, "etc/c"));
}

/* --- What is written --- */

static void make_upper(const struct fixture *fixture)
{
	make_dir(fixture, "upper");
	make_dir(fixture, "work");
}

static void test_changes_go_to_the_upper_directory(void **state)
{
	const struct fixture *fixture = *state;
	make_three_layers(fixture);
	make_upper(fixture);
	_cleanup_strv_ char **lower = PATHS(fixture, "top", "middle", "bottom");
	_cleanup_free_ char *upper = path_join(fixture->path, "upper"), *work = path_join(fixture->path, "work");
	struct error err = { 0 };
	_cleanup_close_ int fd =
		overlay_mount(&(struct overlay_options){ .lower = lower, .upper = upper, .work = work }, &err);
	assert_mounted(fd, &err);

	assert_int_equal(file_write_atomic(fd, "etc-new", "text", 4, 0644, 0, NULL), 0);
	assert_text(fixture->dir, "upper/etc-new", "text");
	assert_int_equal(unlinkat(fd, "etc/c", 0), 0);
	struct stat st;
	assert_int_equal(fstatat(fixture->dir, "upper/etc/c", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0));
	assert_text(fixture->dir, "bottom/etc/c", "bottom");
}

/* What makes a diff of the upper directory complete: nothing is there by reference only. */
static void test_upper_directory_holds_whole_files(void **state)
{
	const struct fixture *fixture = *state;
	make_three_layers(fixture);
	make_upper(fixture);
	_cleanup_strv_ char **lower = PATHS(fixture, "top", "middle", "bottom");
	_cleanup_free_ char *upper = path_join(fixture->path, "upper"), *work = path_join(fixture->path, "work");
	struct error err = { 0 };
	_cleanup_close_ int fd =
		overlay_mount(&(struct overlay_options){ .lower = lower, .upper = upper, .work = work }, &err);
	assert_mounted(fd, &err);

	assert_int_equal(renameat(fd, "etc", fd, "etc2"), -1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(fchmodat(fd, "etc/a", 0600, 0), 0);
	assert_text(fixture->dir, "upper/etc/a", "middle");
}

/* Nothing waits for the disk, and all else is as ever. The kernel takes each work directory once. */
static void test_ephemeral(void **state)
{
	const struct fixture *fixture = *state;
	make_three_layers(fixture);
	_cleanup_strv_ char **lower = PATHS(fixture, "top", "bottom");
	static const char *const places[][2] = { { "upper-0", "work-0" }, { "upper-1", "work-1" } };
	for (size_t i = 0; i < 2; i++) {
		make_dir(fixture, places[i][0]);
		make_dir(fixture, places[i][1]);
		_cleanup_free_ char *upper = path_join(fixture->path, places[i][0]);
		_cleanup_free_ char *work = path_join(fixture->path, places[i][1]);
		const struct overlay_options options = {
			.lower = lower, .upper = upper, .work = work, .ephemeral = true
		};
		struct error err = { 0 };
		_cleanup_close_ int fd = i == 0 ? overlay_mount(&options, &err)
						: overlay_mount_legacy(&options, 2, &err);
		assert_mounted(fd, &err);
		assert_int_equal(file_write_atomic(fd, "file", "text", 4, 0644, FILE_SYNC, NULL), 0);
		assert_text(fd, "file", "text");
	}
}

static void test_odd_names_of_directories(void **state)
{
	const struct fixture *fixture = *state;
	char longest[NAME_MAX + 1], deep[2 * NAME_MAX + 8];
	memset(longest, 'x', NAME_MAX);
	longest[NAME_MAX] = '\0';
	snprintf(deep, sizeof deep, "%s/%s", longest, "layer");
	make_dir(fixture, "a:b");
	make_dir(fixture, "c,d");
	make_dir(fixture, "e\\f");
	make_dir(fixture, longest);
	make_dir(fixture, deep);
	make_file(fixture, "a:b/1", "1");
	make_file(fixture, "c,d/2", "2");
	make_file(fixture, "e\\f/3", "3");
	make_dir(fixture, "up,per:");
	make_dir(fixture, "wo\\rk");
	_cleanup_strv_ char **lower = PATHS(fixture, "a:b", "c,d", "e\\f", deep);
	_cleanup_free_ char *upper = path_join(fixture->path, "up,per:"), *work = path_join(fixture->path, "wo\\rk");
	const struct overlay_options options = { .lower = lower, .upper = upper, .work = work };
	static int (*const ways[])(const struct overlay_options *, size_t, struct error *) = {
		NULL,
		overlay_mount_joined,
		overlay_mount_legacy,
	};
	for (size_t i = 0; i < 3; i++) {
		struct error err = { 0 };
		_cleanup_close_ int fd = ways[i] ? ways[i](&options, 4, &err) : overlay_mount(&options, &err);
		assert_mounted(fd, &err);
		assert_text(fd, "1", "1");
		assert_text(fd, "2", "2");
		assert_text(fd, "3", "3");
		assert_int_equal(mkdirat(fd, "made", 0755), 0);
		assert_true(exists(fixture->dir, "up,per:/made"));
		assert_int_equal(unlinkat(fd, "made", AT_REMOVEDIR), 0);
	}
}

/* --- Mapped ids --- */

enum { FIRST = 3000000, COUNT = 1000 };

static int make_user_namespace(void)
{
	static const struct spec_id_mapping map = { 0, FIRST, COUNT };
	const struct id_maps maps = { .uids = &map, .gids = &map, .n_uids = 1, .n_gids = 1 };
	struct error err = { 0 };
	_cleanup_close_ int proc = procfs_open(&err);
	int fd = id_maps_namespace(proc, &maps, &err);
	assert_mounted(fd, &err);
	return fd;
}

static void give(const struct fixture *fixture, const char *path, uid_t uid, gid_t gid)
{
	assert_int_equal(fchownat(fixture->dir, path, uid, gid, 0), 0);
}

static void assert_owner(int dir, const char *path, uid_t uid, gid_t gid)
{
	struct stat st;
	assert_int_equal(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, gid);
}

/* What is seen is shifted; what is written, by whomever, comes to the disk unshifted. */
static void assert_ids_are_mapped(const struct fixture *fixture, int fd)
{
	assert_owner(fd, ".", FIRST, FIRST);
	assert_owner(fd, "etc/a", FIRST, FIRST);
	assert_owner(fd, "etc/b", FIRST + 7, FIRST + 8);
	assert_owner(fd, "etc/c", 65534, 65534);
	assert_int_equal(fchownat(fd, "etc/a", FIRST + 9, FIRST + 10, 0), 0);
	assert_owner(fixture->dir, "upper/etc/a", 9, 10);
	assert_owner(fixture->dir, "upper/etc", 0, 0);
	assert_int_equal(fchownat(fd, "etc/b", 5, 5, 0), -1);
	assert_int_equal(errno, EOVERFLOW);
	assert_int_equal(mkdirat(fd, "made-by-the-host", 0755), -1);
	assert_int_equal(errno, EOVERFLOW);
}

static void test_ids_as_a_user_namespace_has_them(void **state)
{
	const struct fixture *fixture = *state;
	static int (*const ways[])(const struct overlay_options *, struct error *) = { overlay_mount,
										      overlay_mount_covered };
	_cleanup_close_ int user_namespace = make_user_namespace();
	make_dir(fixture, "bottom");
	make_dir(fixture, "bottom/etc");
	make_file(fixture, "bottom/etc/a", "a");
	make_file(fixture, "bottom/etc/b", "b");
	make_file(fixture, "bottom/etc/c", "c");
	give(fixture, "bottom/etc/b", 7, 8);
	give(fixture, "bottom/etc/c", COUNT, COUNT);
	make_dir(fixture, "top");
	_cleanup_strv_ char **lower = PATHS(fixture, "top", "bottom");
	_cleanup_free_ char *upper = path_join(fixture->path, "upper"), *work = path_join(fixture->path, "work");
	const struct overlay_options options = {
		.lower = lower, .upper = upper, .work = work, .user_namespace = &user_namespace
	};
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct error err = { 0 };
		make_upper(fixture);
		_cleanup_close_ int fd = ways[i](&options, &err);
		assert_mounted(fd, &err);
		assert_ids_are_mapped(fixture, fd);
		fd_close(TAKE_FD(fd));
		assert_int_equal(path_remove_tree(fixture->dir, "upper"), 0);
		assert_int_equal(path_remove_tree(fixture->dir, "work"), 0);
	}
}

static void test_mapped_ids_without_an_upper(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_close_ int user_namespace = make_user_namespace();
	make_three_layers(fixture);
	_cleanup_strv_ char **one = PATHS(fixture, "bottom"), **none = PATHS(fixture, "nosuch", "bottom");
	struct overlay_options options = { .lower = one, .user_namespace = &user_namespace };
	struct error err = { 0 };
	_cleanup_close_ int fd = overlay_mount(&options, &err);
	assert_mounted(fd, &err);
	assert_owner(fd, "etc/a", FIRST, FIRST);
	assert_int_equal(fchownat(fd, "etc/a", FIRST, FIRST, 0), -1);
	assert_int_equal(errno, EROFS);
	_cleanup_close_ int covered = overlay_mount_covered(&options, &err);
	assert_mounted(covered, &err);
	assert_owner(covered, "etc/a", FIRST, FIRST);
	options.lower = none;
	assert_int_equal(overlay_mount(&options, &err), -ERR_NOT_FOUND);
}

/* --- Many layers --- */

/* Each has a file of its own, and one in common. */
static char **make_layers(const struct fixture *fixture, size_t count)
{
	char **lower = NULL;
	for (size_t i = 0; i < count; i++) {
		char name[32], own[64], common[64], number[32];
		snprintf(name, sizeof name, "layer-%zu", i);
		snprintf(own, sizeof own, "%s/own-%zu", name, i);
		snprintf(common, sizeof common, "%s/common", name);
		snprintf(number, sizeof number, "%zu", i);
		make_dir(fixture, name);
		make_file(fixture, own, number);
		make_file(fixture, common, number);
		strv_take(&lower, path_join(fixture->path, name));
	}
	return lower;
}

static void assert_layers(int fd, size_t count)
{
	assert_text(fd, "common", "0");
	for (size_t i = 0; i < count; i++) {
		char own[32], number[32];
		snprintf(own, sizeof own, "own-%zu", i);
		snprintf(number, sizeof number, "%zu", i);
		assert_text(fd, own, number);
	}
}

static bool has_lowerdir_append(void)
{
	_cleanup_close_ int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	return fsconfig(fs, FSCONFIG_SET_FLAG, "no-such-option", NULL, 0) < 0 &&
	       fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", "/", 0) == 0;
}

static void test_many_layers(void **state)
{
	const struct fixture *fixture = *state;
	/* A kernel that takes them in a page of options takes fewer. */
	const size_t most = has_lowerdir_append() ? OVERLAY_LOWER_MAX : 200;
	_cleanup_strv_ char **all = make_layers(fixture, most);
	const size_t counts[] = { 2, 13, 65, most };
	for (size_t i = 0; i < 4; i++) {
		_cleanup_strv_ char **lower = NULL;
		for (size_t k = 0; k < counts[i]; k++)
			strv_append(&lower, all[k]);
		struct error err = { 0 };
		_cleanup_close_ int fd = overlay_mount(&(struct overlay_options){ .lower = lower }, &err);
		assert_mounted(fd, &err);
		assert_layers(fd, counts[i]);
	}
}

static void test_too_many_layers(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_strv_ char **lower = make_layers(fixture, OVERLAY_LOWER_MAX + 1);
	struct error err = { 0 };
	assert_int_equal(overlay_mount(&(struct overlay_options){ .lower = lower }, &err), -ERR_UNSUPPORTED);
	assert_string_equal(err.message, "the image has 501 layers");
	assert_string_equal(err.cause, "overlayfs stacks 500 at most");
}

/* The ways of older kernels, which newer ones go as well. */
static void test_many_layers_the_old_way(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_strv_ char **lower = make_layers(fixture, 200);
	make_upper(fixture);
	_cleanup_free_ char *upper = path_join(fixture->path, "upper"), *work = path_join(fixture->path, "work");
	const struct overlay_options views[] = {
		{ .lower = lower },
		{ .lower = lower, .upper = upper, .work = work },
	};
	const size_t counts[] = { 2, 12, 65, 200 };
	for (size_t i = 0; i < 8; i++) {
		struct error err = { 0 };
		_cleanup_close_ int fd = overlay_mount_joined(&views[i / 4], counts[i % 4], &err);
		assert_mounted(fd, &err);
		assert_layers(fd, counts[i % 4]);
	}
}

static void test_more_layers_than_a_page(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_strv_ char **lower = make_layers(fixture, 300);
	struct error err = { 0 };
	assert_int_equal(overlay_mount_legacy(&(struct overlay_options){ .lower = lower }, 300, &err),
			 -ERR_UNSUPPORTED);
	assert_non_null(strstr(err.message, "300 layers"));
}

static void test_single_layer_the_old_way(void **state)
{
	const struct fixture *fixture = *state;
	make_dir(fixture, "layer");
	make_file(fixture, "layer/file", "text");
	_cleanup_free_ char *path = path_join(fixture->path, "layer");
	struct error err = { 0 };
	_cleanup_close_ int fd = overlay_bind_legacy(path, &err);
	assert_mounted(fd, &err);
	assert_text(fd, "file", "text");
	assert_int_equal(mkdirat(fd, "x", 0755), -1);
	assert_int_equal(errno, EROFS);
}

/* --- Errors --- */

static void test_missing_layer(void **state)
{
	const struct fixture *fixture = *state;
	make_dir(fixture, "one");
	_cleanup_strv_ char **lower = PATHS(fixture, "one", "two");
	struct error err = { 0 };
	assert_int_equal(overlay_mount(&(struct overlay_options){ .lower = lower }, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.message, "/two' does not exist"));
	assert_int_equal(overlay_mount_legacy(&(struct overlay_options){ .lower = lower }, 2, &err), -ERR_NOT_FOUND);
}

static void test_upper_on_an_overlay(void **state)
{
	const struct fixture *fixture = *state;
	make_three_layers(fixture);
	make_upper(fixture);
	_cleanup_strv_ char **lower = PATHS(fixture, "top", "bottom");
	_cleanup_free_ char *upper = path_join(fixture->path, "upper"), *work = path_join(fixture->path, "work");
	struct error err = { 0 };
	_cleanup_close_ int below =
		overlay_mount(&(struct overlay_options){ .lower = lower, .upper = upper, .work = work }, &err);
	assert_mounted(below, &err);
	assert_int_equal(mkdirat(below, "u", 0755), 0);
	assert_int_equal(mkdirat(below, "w", 0755), 0);
	_cleanup_free_ char *upper_above = path_join(fd_path(below).text, "u");
	_cleanup_free_ char *work_above = path_join(fd_path(below).text, "w");
	const struct overlay_options above = { .lower = lower, .upper = upper_above, .work = work_above };
	assert_int_equal(overlay_mount(&above, &err), -ERR_UNSUPPORTED);
	assert_non_null(strstr(err.cause, "is on overlayfs"));
}

static void test_a_file_is_no_layer(void **state)
{
	const struct fixture *fixture = *state;
	make_dir(fixture, "one");
	make_file(fixture, "two", "");
	_cleanup_strv_ char **lower = PATHS(fixture, "one", "two");
	struct error err = { 0 };
	assert_true(overlay_mount(&(struct overlay_options){ .lower = lower }, &err) < 0);
	assert_non_null(strstr(err.message, "/two': not a directory"));
}

static void test_no_layers(void **state)
{
	struct error err = { 0 };
	assert_int_equal(overlay_mount(&(struct overlay_options){ 0 }, &err), -ERR_INTERNAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_layers_are_merged),
		TEST(test_without_an_upper_it_is_read_only),
		TEST(test_part_of_a_mount),
		TEST(test_opaque_root_hides_the_layers_below),
		TEST(test_changes_go_to_the_upper_directory),
		TEST(test_upper_directory_holds_whole_files),
		TEST(test_ephemeral),
		TEST(test_odd_names_of_directories),
		TEST(test_ids_as_a_user_namespace_has_them),
		TEST(test_mapped_ids_without_an_upper),
		TEST(test_many_layers),
		TEST(test_too_many_layers),
		TEST(test_many_layers_the_old_way),
		TEST(test_more_layers_than_a_page),
		TEST(test_single_layer_the_old_way),
		TEST(test_missing_layer),
		TEST(test_upper_on_an_overlay),
		TEST(test_a_file_is_no_layer),
		TEST(test_no_layers),
	};
	if (!is_permitted()) {
		puts("1..0 # SKIP overlay mounts are not possible here");
		return 0;
	}
	return cmocka_run_group_tests_name("overlay", tests, NULL, NULL);
}
