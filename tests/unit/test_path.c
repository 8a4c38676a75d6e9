/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of others, three times over: with openat2(), and with our own walk where a kernel lacks it (ENOSYS) or a sandbox
 * denies it (EPERM). What comes out must be the same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "refuse-syscall.h"

/* --- a tree with everything that can lead astray; what is to be safe from it lies beside it --- */

struct tree {
	char top[64]; /* holds "root" and "outside" */
	int top_fd, root;
};

static const struct {
	const char *path, *target;
} LINKS[] = {
	{ "to-dir", "dir" },
	{ "to-file", "dir/sub/file" },
	{ "absolute", "/dir/sub" },
	{ "up", "../../../dir" },
	{ "out", "../outside" },
	{ "out-absolute", "/../../../outside" },
	{ "dir/back", ".." },
	{ "loop-a", "loop-b" },
	{ "loop-b", "loop-a" },
	{ "self", "self" },
	{ "dangling", "nowhere" },
	{ "dangling-deep", "/no/such/place" },
	{ "dangling-out", "../../new-outside" },
	{ "to-dangling", "dangling" },
};

static void make_file(int dir, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

/* "hop-40" needs 40 links to be followed, the most that the kernel does. */
static void make_hops(int root)
{
	char name[16], target[16] = "file";
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof name, "hop-%d", i);
		assert_int_equal(symlinkat(target, root, name), 0);
		str_copy(target, sizeof target, name);
	}
}

static int set_up(void **state)
{
	struct tree *tree = NEW(struct tree);
	str_copy(tree->top, sizeof tree->top, "/tmp/test-path-XXXXXX");
	assert_non_null(mkdtemp(tree->top));
	tree->top_fd = open(tree->top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(tree->top_fd, "outside", 0755), 0);
	make_file(tree->top_fd, "outside/secret", "secret");
	assert_int_equal(mkdirat(tree->top_fd, "root", 0755), 0);
	tree->root = openat(tree->top_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(tree->root, "dir", 0755), 0);
	assert_int_equal(mkdirat(tree->root, "dir/sub", 0755), 0);
	make_file(tree->root, "file", "file");
	make_file(tree->root, "dir/sub/file", "deep");
	for (size_t i = 0; i < ARRAY_SIZE(LINKS); i++)
		assert_int_equal(symlinkat(LINKS[i].target, tree->root, LINKS[i].path), 0);
	make_hops(tree->root);
	*state = tree;
	return 0;
}

static size_t count_entries(int dir, const char *path)
{
	_cleanup_closedir_ DIR *entries = fdopendir(openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	size_t count = 0;
	while (entries && readdir(entries))
		count++;
	return count;
}

/* Whatever a test did: beside the root nothing has changed. */
static int tear_down(void **state)
{
	struct tree *tree = *state;
	char secret[16];
	bool untouched = count_entries(tree->top_fd, ".") == 4 && count_entries(tree->top_fd, "outside") == 3 &&
			 file_read_line(tree->top_fd, "outside/secret", secret, sizeof secret) == 6;
	fd_close(tree->root);
	fd_close(tree->top_fd);
	bool removed = path_remove_tree(AT_FDCWD, tree->top) == 0 && access(tree->top, F_OK) < 0;
	free(tree);
	return untouched && removed ? 0 : -1;
}

/* --- opening --- */

struct opening {
	const char *path;
	int flags;
	const char *leads_to; /* below the root, or NULL: the error */
	int error;
};

static bool is_same(int fd, int root, const char *path)
{
	struct stat a, b;
	return fstat(fd, &a) == 0 && fstatat(root, path, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static void check_openings(int root, const struct opening *rows, size_t count,
			   int (*function)(int root, const char *path, int flags, mode_t mode))
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_close_ int fd = function(root, rows[i].path, rows[i].flags, 0600);
		bool ok = rows[i].leads_to ? fd >= 0 && is_same(fd, root, rows[i].leads_to) : fd == -rows[i].error;
		if (!ok)
			fail_msg("\"%s\" with flags %#o: %d (%s)", rows[i].path, (unsigned)rows[i].flags, fd,
				 fd < 0 ? strerror(-fd) : "another file");
		if (fd >= 0)
			assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
}

static void test_open_in_root(void **state)
{
	static const struct opening rows[] = {
		{ "", O_PATH, ".", 0 },
		{ "/", O_PATH, ".", 0 },
		{ "///", O_PATH, ".", 0 },
		{ ".", O_PATH, ".", 0 },
		{ "..", O_PATH, ".", 0 },
		{ "/../../..", O_PATH, ".", 0 },
		{ "../../outside/secret", O_PATH, NULL, ENOENT },
		{ "dir", O_PATH, "dir", 0 },
		{ "/dir", O_PATH, "dir", 0 },
		{ "dir/", O_PATH, "dir", 0 },
		{ "//dir//sub//", O_PATH, "dir/sub", 0 },
		{ "dir/./sub/../sub/.", O_PATH, "dir/sub", 0 },
		{ "dir/sub/../../../../file", O_PATH, "file", 0 },
		{ "dir/sub/file", O_RDONLY, "dir/sub/file", 0 },
		{ "file", O_RDWR, "file", 0 },
		{ "dir", O_RDONLY | O_DIRECTORY, "dir", 0 },
		{ "dir", O_WRONLY, NULL, EISDIR },
		{ "file", O_RDONLY | O_DIRECTORY, NULL, ENOTDIR },
		{ "file/", O_PATH, NULL, ENOTDIR },
		{ "file/.", O_PATH, NULL, ENOTDIR },
		{ "file/..", O_PATH, NULL, ENOTDIR },
		{ "file/x", O_PATH, NULL, ENOTDIR },
		{ "missing", O_PATH, NULL, ENOENT },
		{ "missing/", O_PATH, NULL, ENOENT },
		{ "missing/x", O_PATH, NULL, ENOENT },
		{ "missing/..", O_PATH, NULL, ENOENT },
	};
	struct tree *tree = *state;
	check_openings(tree->root, rows, ARRAY_SIZE(rows), path_open_in_root);
}

static void test_open_in_root_through_links(void **state)
{
	static const struct opening rows[] = {
		{ "to-dir", O_PATH, "dir", 0 },
		{ "to-dir/sub", O_PATH, "dir/sub", 0 },
		{ "to-file", O_RDONLY, "dir/sub/file", 0 },
		{ "to-file/", O_PATH, NULL, ENOTDIR },
		{ "to-file/x", O_PATH, NULL, ENOTDIR },
		{ "absolute/file", O_PATH, "dir/sub/file", 0 },
		{ "absolute/..", O_PATH, "dir", 0 },
		{ "up/sub", O_PATH, "dir/sub", 0 },
		{ "dir/back/dir/back/file", O_PATH, "file", 0 },
		{ "dir/back/..", O_PATH, ".", 0 },
		{ "out", O_PATH, NULL, ENOENT },
		{ "out/secret", O_RDONLY, NULL, ENOENT },
		{ "out-absolute/secret", O_RDONLY, NULL, ENOENT },
		{ "dangling", O_PATH, NULL, ENOENT },
		{ "to-dangling", O_PATH, NULL, ENOENT },
		{ "loop-a", O_PATH, NULL, ELOOP },
		{ "loop-a/x", O_PATH, NULL, ELOOP },
		{ "self", O_PATH, NULL, ELOOP },
		{ "hop-40", O_PATH, "file", 0 },
		{ "hop-41", O_PATH, NULL, ELOOP },
		/* The link itself. */
		{ "to-file", O_PATH | O_NOFOLLOW, "to-file", 0 },
		{ "dangling", O_PATH | O_NOFOLLOW, "dangling", 0 },
		{ "self", O_PATH | O_NOFOLLOW, "self", 0 },
		{ "to-dir/back", O_PATH | O_NOFOLLOW, "dir/back", 0 },
		{ "to-file", O_RDONLY | O_NOFOLLOW, NULL, ELOOP },
		{ "to-dir", O_PATH | O_NOFOLLOW | O_DIRECTORY, NULL, ENOTDIR },
		{ "to-dir/", O_PATH | O_NOFOLLOW | O_DIRECTORY, "dir", 0 },
	};
	struct tree *tree = *state;
	check_openings(tree->root, rows, ARRAY_SIZE(rows), path_open_in_root);
}

static void test_create_in_root(void **state)
{
	static const struct opening rows[] = {
		{ "new", O_WRONLY | O_CREAT, "new", 0 },
		{ "new", O_WRONLY | O_CREAT, "new", 0 },
		{ "new", O_WRONLY | O_CREAT | O_EXCL, NULL, EEXIST },
		{ "to-dir/new", O_WRONLY | O_CREAT | O_EXCL, "dir/new", 0 },
		{ "absolute/../new-2", O_WRONLY | O_CREAT, "dir/new-2", 0 },
		{ "to-file", O_WRONLY | O_CREAT, "dir/sub/file", 0 },
		{ "to-file", O_WRONLY | O_CREAT | O_EXCL, NULL, EEXIST },
		{ "dangling", O_WRONLY | O_CREAT | O_EXCL, NULL, EEXIST },
		{ "dangling", O_WRONLY | O_CREAT | O_NOFOLLOW, NULL, ELOOP },
		{ "dangling", O_WRONLY | O_CREAT, "nowhere", 0 },
		{ "dangling-out", O_WRONLY | O_CREAT, "new-outside", 0 },
		{ "dangling-deep", O_WRONLY | O_CREAT, NULL, ENOENT },
		{ "dir", O_WRONLY | O_CREAT, NULL, EISDIR },
		{ "dir", O_RDONLY | O_CREAT, NULL, EISDIR },
		{ "dir", O_RDONLY | O_CREAT | O_EXCL, NULL, EEXIST },
		{ "new-3/", O_WRONLY | O_CREAT, NULL, EISDIR },
		{ "missing/new", O_WRONLY | O_CREAT, NULL, ENOENT },
		{ "file/new", O_WRONLY | O_CREAT, NULL, ENOTDIR },
		{ "loop-a", O_WRONLY | O_CREAT, NULL, ELOOP },
	};
	struct tree *tree = *state;
	struct stat st;
	check_openings(tree->root, rows, ARRAY_SIZE(rows), path_open_in_root);
	assert_int_equal(fstatat(tree->root, "new", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
}

static void test_open_beneath(void **state)
{
	static const struct opening rows[] = {
		{ ".", O_PATH, ".", 0 },
		{ "dir/sub/file", O_RDONLY, "dir/sub/file", 0 },
		{ "dir/../file", O_PATH, "file", 0 },
		{ "dir//sub/", O_PATH, "dir/sub", 0 },
		{ "dir/sub/new", O_WRONLY | O_CREAT, "dir/sub/new", 0 },
		{ "", O_PATH, NULL, ENOENT },
		{ "/", O_PATH, NULL, EXDEV },
		{ "/dir", O_PATH, NULL, EXDEV },
		{ "..", O_PATH, NULL, EXDEV },
		{ "../outside/secret", O_RDONLY, NULL, EXDEV },
		{ "dir/../..", O_PATH, NULL, EXDEV },
		{ "dir/../../root/file", O_PATH, NULL, EXDEV },
		{ "to-dir", O_PATH, NULL, ELOOP },
		{ "to-dir/sub", O_PATH, NULL, ELOOP },
		{ "to-file", O_RDONLY, NULL, ELOOP },
		{ "dangling", O_WRONLY | O_CREAT, NULL, ELOOP },
		{ "out/secret", O_RDONLY, NULL, ELOOP },
		{ "to-file", O_PATH | O_NOFOLLOW, "to-file", 0 },
		{ "missing", O_PATH, NULL, ENOENT },
		{ "file/x", O_PATH, NULL, ENOTDIR },
	};
	struct tree *tree = *state;
	check_openings(tree->root, rows, ARRAY_SIZE(rows), path_open_beneath);
}

static void test_giant_names(void **state)
{
	struct tree *tree = *state;
	struct str longest = { 0 }, component = { 0 }, deep = { 0 };
	for (int i = 0; i < NAME_MAX + 1; i++)
		str_append_char(&component, 'n');
	while (longest.len < PATH_MAX)
		str_append(&longest, "dir/../");
	while (deep.len < 1 << 20)
		str_append(&deep, "x/");
	const char *const names[] = { str_text(&component), str_text(&longest), str_text(&deep) };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(path_open_in_root(tree->root, names[i], O_PATH, 0), -ENAMETOOLONG);
		assert_int_equal(path_open_beneath(tree->root, names[i], O_PATH, 0), -ENAMETOOLONG);
		assert_int_equal(path_make_dirs_in_root(tree->root, names[i], 0755), -ENAMETOOLONG);
	}
	/* As long as it may be, in one component and in all. */
	str_truncate(&component, NAME_MAX);
	assert_int_equal(path_open_in_root(tree->root, str_text(&component), O_PATH, 0), -ENOENT);
	str_truncate(&longest, PATH_MAX / 7 * 7 - 7);
	assert_true(longest.len < PATH_MAX);
	_cleanup_close_ int fd = path_open_in_root(tree->root, str_text(&longest), O_PATH, 0);
	assert_true(is_same(fd, tree->root, "."));
	str_done(&longest);
	str_done(&component);
	str_done(&deep);
}

/* Links of procfs that are no text but lead to the file itself: the way out of every root. */
static void test_magic_links(void **state)
{
	static const struct opening rows[] = {
		{ "self/status", O_RDONLY, "self/status", 0 },
		{ "thread-self/status", O_RDONLY, "thread-self/status", 0 },
		{ "mounts", O_PATH | O_NOFOLLOW, "mounts", 0 },
		{ "self/root", O_PATH, NULL, ELOOP },
		{ "self/root/tmp", O_PATH, NULL, ELOOP },
		{ "self/cwd", O_PATH, NULL, ELOOP },
		{ "self/exe", O_RDONLY, NULL, ELOOP },
		{ "self/ns/mnt", O_RDONLY, NULL, ELOOP },
		{ "self/fd/2", O_PATH, NULL, ELOOP },
		{ "self/root", O_PATH | O_NOFOLLOW, "self/root", 0 },
	};
	_cleanup_close_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	check_openings(proc, rows, ARRAY_SIZE(rows), path_open_in_root);
}

/* --- making directories --- */

static void test_make_directories_in_root(void **state)
{
	static const struct opening rows[] = {
		{ "", 0, ".", 0 },
		{ "/", 0, ".", 0 },
		{ "dir", 0, "dir", 0 },
		{ "/a/b/c", 0, "a/b/c", 0 },
		{ "/a/b/c/", 0, "a/b/c", 0 },
		{ "a//b/./d/../e", 0, "a/b/e", 0 },
		{ "../../../f/g", 0, "f/g", 0 },
		{ "to-dir/h", 0, "dir/h", 0 },
		{ "absolute/i/j", 0, "dir/sub/i/j", 0 },
		{ "dir/back/k", 0, "k", 0 },
		{ "hop-1", 0, NULL, ENOTDIR },
		{ "file", 0, NULL, ENOTDIR },
		{ "file/x", 0, NULL, ENOTDIR },
		{ "to-file/x", 0, NULL, ENOTDIR },
		{ "loop-a", 0, NULL, ELOOP },
		{ "loop-a/x", 0, NULL, ELOOP },
	};
	struct tree *tree = *state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_close_ int fd = path_make_dirs_in_root(tree->root, rows[i].path, 0750);
		bool ok = rows[i].leads_to ? fd >= 0 && is_same(fd, tree->root, rows[i].leads_to) :
					     fd == -rows[i].error;
		if (!ok)
			fail_msg("\"%s\": %d", rows[i].path, fd);
	}
	struct stat st;
	assert_int_equal(fstatat(tree->root, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0750);
}

/* An image's /var/run -> /run, where it has no /run: the place that the link names is made, inside the root. */
static void test_make_directories_behind_dangling_links(void **state)
{
	static const struct {
		const char *path, *made;
	} rows[] = {
		{ "dangling/x", "nowhere/x" },
		{ "to-dangling/y", "nowhere/y" },
		{ "dangling-deep", "no/such/place" },
		{ "dangling-deep/../x", "no/such/x" },
		{ "out/x", "outside/x" },
		{ "dangling-out/x/y", "new-outside/x/y" },
	};
	struct tree *tree = *state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_close_ int fd = path_make_dirs_in_root(tree->root, rows[i].path, 0755);
		if (fd < 0 || !is_same(fd, tree->root, rows[i].made))
			fail_msg("\"%s\": %d", rows[i].path, fd);
	}
}

/* As an image's /etc/resolv.conf -> ../run/systemd/resolve/stub-resolv.conf. */
static void test_make_files_in_root(void **state)
{
	static const struct opening rows[] = {
		{ "a/b/file", 0, "a/b/file", 0 },
		{ "file", 0, "file", 0 },
		{ "to-file", 0, "dir/sub/file", 0 },
		{ "to-dir/new", 0, "dir/new", 0 },
		{ "dangling", 0, "nowhere", 0 },
		{ "dangling-deep", 0, "no/such/place", 0 },
		{ "dangling-out", 0, "new-outside", 0 },
		{ "../../../etc/hosts", 0, "etc/hosts", 0 },
		{ "", 0, NULL, EISDIR },
		{ "/", 0, NULL, EISDIR },
		{ "dir", 0, NULL, EISDIR },
		{ "new/", 0, NULL, EISDIR },
		{ "file/x", 0, NULL, ENOTDIR },
		{ "loop-a", 0, NULL, ELOOP },
	};
	struct tree *tree = *state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_close_ int fd = path_make_file_in_root(tree->root, rows[i].path, 0644, 0755);
		bool ok = rows[i].leads_to ? fd >= 0 && is_same(fd, tree->root, rows[i].leads_to) :
					     fd == -rows[i].error;
		if (!ok)
			fail_msg("\"%s\": %d", rows[i].path, fd);
	}
}

static void test_parents(void **state)
{
	static const struct {
		const char *path;
		bool make;
		const char *parent, *name;
		int error;
	} rows[] = {
		{ "x", false, ".", "x", 0 },
		{ "/x", false, ".", "x", 0 },
		{ "dir/sub/x", false, "dir/sub", "x", 0 },
		{ "/absolute/x", false, "dir/sub", "x", 0 },
		{ "to-dir/back", false, "dir", "back", 0 },
		{ "/p/q/x", true, "p/q", "x", 0 },
		{ "missing/x", false, NULL, NULL, ENOENT },
		{ "file/x", true, NULL, NULL, ENOTDIR },
		{ "loop-a/x", true, NULL, NULL, ELOOP },
		{ "", true, NULL, NULL, EINVAL },
		{ "/", true, NULL, NULL, EINVAL },
		{ "dir/", true, NULL, NULL, EINVAL },
		{ ".", true, NULL, NULL, EINVAL },
		{ "dir/..", true, NULL, NULL, EINVAL },
		{ "dir/.", true, NULL, NULL, EINVAL },
	};
	struct tree *tree = *state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *name = NULL;
		_cleanup_close_ int fd =
			path_open_parent_in_root(tree->root, rows[i].path, rows[i].make, 0755, &name);
		if (!rows[i].parent) {
			assert_int_equal(fd, -rows[i].error);
			assert_null(name);
			continue;
		}
		assert_true(is_same(fd, tree->root, rows[i].parent));
		assert_string_equal(name, rows[i].name);
	}
}

static void test_make_directories_of_our_own(void **state)
{
	struct tree *tree = *state;
	static const char *const good[] = { "a/b/c", "a/b/c", "root/to-dir/d", "a//e/./f/" };
	static const char *const bad[] = { "root/file", "root/file/x", "root/loop-a/x", "root/dangling" };
	struct error err = { 0 };
	struct stat st;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_free_ char *path = path_join(tree->top, good[i]);
		assert_int_equal(path_make_dirs(path, 0700, &err), 0);
		assert_true(stat(path, &st) == 0 && S_ISDIR(st.st_mode));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *path = path_join(tree->top, bad[i]);
		assert_true(path_make_dirs(path, 0700, &err) < 0);
		assert_true(str_starts_with(err.message, "make directory '"));
	}
	assert_int_equal(fstatat(tree->top_fd, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(path_make_dirs("/", 0700, &err), 0);
	assert_int_equal(path_remove_tree(tree->top_fd, "a"), 0);
}

/* --- removing --- */

static void test_remove_tree(void **state)
{
	struct tree *tree = *state;
	static const char *const gone[] = { "file", "to-dir", "dangling", "missing", "self" };
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		assert_int_equal(path_remove_tree(tree->root, gone[i]), 0);
		assert_int_equal(faccessat(tree->root, gone[i], F_OK, AT_SYMLINK_NOFOLLOW), -1);
	}
	/* Links went, not what they led to. */
	assert_int_equal(faccessat(tree->root, "dir/sub/file", F_OK, 0), 0);
	assert_int_equal(mkfifoat(tree->root, "dir/fifo", 0600), 0);
	assert_int_equal(mkdirat(tree->root, "dir/closed", 0000), 0);
	assert_int_equal(path_remove_tree(tree->root, "dir"), 0);
	assert_int_equal(faccessat(tree->root, "dir", F_OK, 0), -1);
	make_file(tree->root, "plain", "");
	assert_int_equal(path_remove_tree(tree->root, "plain/x"), -ENOTDIR);
}

enum { COMES_BACK = 4 };

/* Makes the file each time that it has gone, as who has the directory open may. */
static void make_again(int dir)
{
	alarm(60); /* if it never goes, nobody waits for us */
	for (int made = 0; made < COMES_BACK;) {
		int fd = openat(dir, "lock", O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0 && errno != EEXIST)
			break; /* the directory has gone, too */
		made += fd >= 0;
		fd_close(fd);
	}
	_exit(0);
}

static void test_remove_what_comes_back(void **state)
{
	enum { ROUNDS = 50 };
	struct tree *tree = *state;
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(mkdirat(tree->root, "shared", 0700), 0);
		make_file(tree->root, "shared/lock", "");
		_cleanup_close_ int dir = openat(tree->root, "shared", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(dir >= 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			make_again(dir);
		assert_int_equal(path_remove_tree(tree->root, "shared"), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
}

/* A container can make a tree that is deeper than we may have files open; it must not outlive the container. */
static void test_remove_a_deep_tree(void **state)
{
	enum { DEPTH = 300, FILES = 128 };
	struct tree *tree = *state;
	struct rlimit limit;
	int at = openat(tree->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < DEPTH; i++) {
		const char *name = i == 0 ? "deep" : "d";
		assert_int_equal(mkdirat(at, name, 0755), 0);
		int next = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		make_file(next, "file", "");
		fd_close(at);
		at = next;
	}
	fd_close(at);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ FILES, limit.rlim_max }), 0);
	int r = path_remove_tree(tree->root, "deep");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(r, 0);
	assert_int_equal(faccessat(tree->root, "deep", F_OK, 0), -1);
}

/* In a mount namespace of its own, where fds of the other one are no use. Returns 0 if all is as it should be. */
static int remove_around_a_mount(const char *top)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || chdir(top) < 0 ||
	    mount("tmpfs", "root/dir/sub", "tmpfs", 0, NULL) < 0)
		return 77;
	make_file(AT_FDCWD, "root/dir/other", "");
	if (path_remove_tree(AT_FDCWD, "root/dir") != -EBUSY)
		return 1;
	/* The mount stays; all that could go is gone. */
	return access("root/dir/sub", F_OK) == 0 && access("root/dir/other", F_OK) < 0 ? 0 : 2;
}

static void test_remove_stops_at_mounts(void **state)
{
	struct tree *tree = *state;
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(remove_around_a_mount(tree->top));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* no right to mount */
	assert_int_equal(status, 0);
}

/* --- texts --- */

static void test_normalize(void **state)
{
	static const char *const rows[][2] = {
		{ "", "." },		 { ".", "." },		  { "./", "." },	 { "/", "/" },
		{ "//", "/" },		 { "a", "a" },		  { "/a", "/a" },	 { "a/", "a" },
		{ "a//b", "a/b" },	 { "a/./b", "a/b" },	  { "a/../b", "b" },	 { "a/b/../../c", "c" },
		{ "a/..", "." },	 { "..", ".." },	  { "../..", "../.." },	 { "../a/..", ".." },
		{ "a/../..", ".." },	 { "a/../../b", "../b" }, { "/..", "/" },	 { "/../a", "/a" },
		{ "/a/../../b", "/b" },	 { "/a/b/..", "/a" },	  { "...", "..." },	 { "/a/.../b", "/a/.../b" },
		{ "..a/b", "..a/b" },	 { "../../a/../b", "../../b" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *clean = path_normalize(rows[i][0]);
		assert_string_equal(clean, rows[i][1]);
		_cleanup_free_ char *again = path_normalize(clean);
		assert_string_equal(again, clean);
	}
}

static void test_join_and_base(void **state)
{
	static const char *const joins[][3] = {
		{ "a", "b", "a/b" },   { "a/", "b", "a/b" }, { "a", "/b", "a/b" },   { "a/", "/b", "a/b" },
		{ "/", "b", "/b" },    { "", "b", "b" },     { "", "/b", "/b" },     { "a", "", "a/" },
		{ "a", "b/c", "a/b/c" },
	};
	static const char *const bases[][2] = {
		{ "a", "a" }, { "/a", "a" }, { "a/b", "b" }, { "a/", "" }, { "/", "" }, { "", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(joins); i++) {
		_cleanup_free_ char *joined = path_join(joins[i][0], joins[i][1]);
		assert_string_equal(joined, joins[i][2]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++)
		assert_string_equal(path_base(bases[i][0]), bases[i][1]);
}

static void test_path_of_an_fd(void **state)
{
	struct tree *tree = *state;
	_cleanup_close_ int fd = path_open_in_root(tree->root, "to-dir/sub", O_PATH, 0);
	_cleanup_free_ char *path = path_of_fd(fd), *expected = path_join(tree->top, "root/dir/sub");
	assert_string_equal(path, expected);
	_cleanup_free_ char *none = path_of_fd(12345);
	assert_string_equal(none, "fd 12345");
}

/* --- the same tests, three ways --- */

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest TESTS[] = {
	WITH_TREE(test_open_in_root),
	WITH_TREE(test_open_in_root_through_links),
	WITH_TREE(test_create_in_root),
	WITH_TREE(test_open_beneath),
	WITH_TREE(test_giant_names),
	cmocka_unit_test(test_magic_links),
	WITH_TREE(test_make_directories_in_root),
	WITH_TREE(test_make_directories_behind_dangling_links),
	WITH_TREE(test_make_files_in_root),
	WITH_TREE(test_parents),
	WITH_TREE(test_make_directories_of_our_own),
	WITH_TREE(test_remove_tree),
	WITH_TREE(test_remove_what_comes_back),
	WITH_TREE(test_remove_a_deep_tree),
	WITH_TREE(test_remove_stops_at_mounts),
	cmocka_unit_test(test_normalize),
	cmocka_unit_test(test_join_and_base),
	WITH_TREE(test_path_of_an_fd),
};

/* These two are for life: what follows in the list runs behind them. */

static void deny_openat2(void **state)
{
	assert_true(refuse_syscall(SYS_openat2, EPERM));
}

static void take_openat2_away(void **state)
{
	assert_true(refuse_syscall(SYS_openat2, ENOSYS));
}

int main(void)
{
	static const struct CMUnitTest steps[] = {
		cmocka_unit_test(deny_openat2),
		cmocka_unit_test(take_openat2_away),
	};
	static const char *const ways[] = { "openat2", "denied", "missing" };
	struct CMUnitTest all[ARRAY_SIZE(ways) * ARRAY_SIZE(TESTS) + ARRAY_SIZE(steps)];
	char names[ARRAY_SIZE(all)][80];
	size_t n = 0;
	umask(022);
	for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
		if (way > 0)
			all[n++] = steps[way - 1];
		for (size_t i = 0; i < ARRAY_SIZE(TESTS); i++, n++) {
			all[n] = TESTS[i];
			all[n].name = names[n];
			snprintf(names[n], sizeof names[n], "%s (%s)", TESTS[i].name, ways[way]);
		}
	}
	return cmocka_run_group_tests(all, NULL, NULL);
}
