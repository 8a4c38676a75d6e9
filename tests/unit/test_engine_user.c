/* SPDX-License-Identifier: Apache-2.0 */
/* Layers seen as overlayfs would show them, and the users and groups that are found there. */
#include "engine-fixture.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "engine/merged.h"
#include "engine/user.h"
#include "storage/overlay.h"

enum { LAYERS = 3 }; /* 0 is the topmost */

static char top[64];

static int make_layers(void **state)
{
	str_copy(top, sizeof top, "/tmp/coffer-test-user-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	for (int i = 0; i < LAYERS; i++) {
		char path[80];
		snprintf(path, sizeof path, "%s/%d", top, i);
		if (mkdir(path, 0755) < 0)
			return -1;
	}
	return 0;
}

static int remove_layers(void **state)
{
	return path_remove_tree(AT_FDCWD, top);
}

static char *in_layer(int layer, const char *path)
{
	return mem_printf("%s/%d/%s", top, layer, path);
}

static void put(int layer, const char *path, const char *text)
{
	_cleanup_free_ char *whole = in_layer(layer, path);
	write_file("/", whole, text);
}

static void put_link(int layer, const char *path, const char *target)
{
	_cleanup_free_ char *whole = in_layer(layer, path);
	put(layer, path, ""); /* for the directories */
	assert_int_equal(unlink(whole), 0);
	assert_int_equal(symlink(target, whole), 0);
}

static void put_whiteout(int layer, const char *path)
{
	_cleanup_free_ char *whole = in_layer(layer, path);
	put(layer, path, "");
	assert_int_equal(unlink(whole), 0);
	assert_int_equal(mknod(whole, S_IFCHR, makedev(0, 0)), 0);
}

static void make_opaque(int layer, const char *path)
{
	_cleanup_free_ char *whole = in_layer(layer, path);
	assert_ok(path_make_dirs(whole, 0755, &err));
	assert_int_equal(setxattr(whole, "trusted.overlay.opaque", "y", 1, 0), 0);
}

static char **directories(void)
{
	char **dirs = NULL;
	for (int i = 0; i < LAYERS; i++)
		strv_take(&dirs, mem_printf("%s/%d", top, i));
	return dirs;
}

static struct merged *open_layers(void)
{
	struct merged *merged = NULL;
	_cleanup_strv_ char **dirs = directories();
	assert_ok(merged_open(dirs, &merged, &err));
	return merged;
}

/* The text at @path, or a word for the errno. */
static char *seen(const char *path)
{
	_cleanup_merged_ struct merged *merged = open_layers();
	_cleanup_close_ int fd = merged_open_file(merged, path);
	char *text = NULL;
	if (fd < 0)
		return mem_printf("-%s", strerrorname_np(-fd));
	assert_ok(fd_read_text(fd, 1 << 20, path, &text, NULL, &err));
	return text;
}

#define assert_seen(path, expected)                        \
	do {                                               \
		_cleanup_free_ char *text = seen(path);    \
		assert_string_equal(text, expected);       \
	} while (0)

/* --- the merged view --- */

static void test_the_topmost_counts(void **state)
{
	put(2, "etc/a", "bottom");
	put(1, "etc/a", "middle");
	put(1, "etc/b", "middle");
	put(2, "etc/c", "bottom");
	assert_seen("/etc/a", "middle");
	assert_seen("/etc/b", "middle");
	assert_seen("/etc/c", "bottom");
	assert_seen("/etc/d", "-ENOENT");
	assert_seen("/none/d", "-ENOENT");
	assert_seen("/etc", "-EISDIR");
	assert_seen("/etc/a/b", "-ENOTDIR");
}

static void test_whiteouts_hide(void **state)
{
	put(2, "etc/a", "bottom");
	put(2, "etc/b", "bottom");
	put_whiteout(1, "etc/a");
	put_whiteout(1, "etc/b");
	put(0, "etc/b", "again");
	assert_seen("/etc/a", "-ENOENT");
	assert_seen("/etc/b", "again");
}

static void test_a_removed_directory_does_not_come_back(void **state)
{
	put(2, "etc/a", "bottom");
	put_whiteout(1, "etc");
	put(0, "etc/b", "new");
	assert_seen("/etc/a", "-ENOENT");
	assert_seen("/etc/b", "new");
}

static void test_opaque_directories_hide(void **state)
{
	put(2, "etc/a", "bottom");
	put(2, "etc/sub/c", "bottom");
	make_opaque(1, "etc");
	put(1, "etc/b", "middle");
	assert_seen("/etc/a", "-ENOENT");
	assert_seen("/etc/sub/c", "-ENOENT");
	assert_seen("/etc/b", "middle");
}

static void test_a_file_hides_a_directory_and_back(void **state)
{
	put(2, "x/a", "bottom");
	put(1, "x", "a file");
	put(2, "y", "a file");
	put(1, "y/b", "in a directory");
	assert_seen("/x", "a file");
	assert_seen("/x/a", "-ENOTDIR");
	assert_seen("/y/b", "in a directory");
}

static void test_links_stay_inside(void **state)
{
	put(2, "usr/lib/a", "a");
	put_link(1, "etc/absolute", "/usr/lib/a");
	put_link(1, "etc/relative", "../usr/lib/a");
	put_link(0, "lib", "usr/lib");
	put_link(0, "out", "../../../../../../etc/hostname");
	put_link(0, "host", "/etc/hostname");
	put_link(0, "dangling", "nowhere");
	assert_seen("/etc/absolute", "a");
	assert_seen("/etc/relative", "a");
	assert_seen("/lib/a", "a");
	assert_seen("/lib/../lib/./a", "a");
	assert_seen("/../../usr/lib/a", "a");
	assert_seen("/out", "-ENOENT");
	assert_seen("/host", "-ENOENT");
	assert_seen("/dangling", "-ENOENT");
}

static void test_links_across_layers(void **state)
{
	put_link(2, "etc", "/config");
	put(1, "config/a", "through a link of another layer");
	assert_seen("/etc/a", "through a link of another layer");
}

static void test_hostile_links(void **state)
{
	put_link(0, "loop", "loop");
	put_link(0, "a", "b/x");
	put_link(0, "b", "a/x");
	put_link(0, "escape", "/proc/self/root");
	assert_seen("/loop", "-ELOOP");
	assert_seen("/a", "-ELOOP");
	assert_seen("/escape/etc/hostname", "-ENOENT");
}

static void test_only_files_are_opened(void **state)
{
	_cleanup_free_ char *fifo = in_layer(0, "fifo");
	_cleanup_free_ char *device = in_layer(0, "null");
	assert_int_equal(mkfifo(fifo, 0644), 0);
	assert_int_equal(mknod(device, S_IFCHR | 0666, makedev(1, 3)), 0);
	assert_seen("/fifo", "-EINVAL");
	assert_seen("/null", "-EINVAL");
}

static void test_deep_paths_end(void **state)
{
	_cleanup_str_ struct str path = { 0 };
	_cleanup_free_ char *root = in_layer(0, "");
	for (int i = 0; i < 300; i++)
		str_append(&path, "/d");
	put(0, path.data + 1, "");
	assert_seen(path.data, "-ENAMETOOLONG");
}

/* What the kernel shows of the same layers is what we see; nothing else would be worth anything. */
static void test_the_kernel_agrees(void **state)
{
	static const char *const paths[] = { "a", "b", "c/d", "c/e", "f/g", "f/h", "i", "j/k", "l", "m/n", "o" };
	_cleanup_strv_ char **dirs = directories();
	put(2, "a", "2");
	put_whiteout(0, "a");
	put(2, "b", "2");
	put(0, "b", "0");
	put(2, "c/d", "2");
	put(1, "c/e", "1");
	put(2, "f/g", "2");
	make_opaque(1, "f");
	put(0, "f/h", "0");
	put_link(1, "i", "c/d");
	put(2, "j/k", "2");
	put_whiteout(1, "j");
	put(0, "j/l", "0");
	put_link(2, "l", "/c/e");
	put(2, "m", "a file");
	put(1, "m/n", "1");
	put_whiteout(2, "o");
	_cleanup_close_ int mount = overlay_mount(&(struct overlay_options){ .lower = dirs }, NULL);
	if (mount == -ERR_PERMISSION || mount == -ERR_UNSUPPORTED)
		skip();
	assert_true(mount >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *path = mem_printf("/%s", paths[i]);
		_cleanup_free_ char *ours = seen(path);
		_cleanup_free_ char *theirs = NULL;
		_cleanup_close_ int fd = path_open_in_root(mount, path, O_RDONLY, 0);
		if (fd < 0)
			theirs = mem_printf("-%s", strerrorname_np(-fd));
		else
			assert_ok(fd_read_text(fd, 100, path, &theirs, NULL, &err));
		if (!streq(ours, theirs))
			fail_msg("%s: %s, and the kernel shows %s", path, ours, theirs);
	}
}

/* --- users --- */

static const char PASSWD[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "broken line\n"
			     "nouid:x::5::/:\n"
			     "bob:x:1000:1001:Bob:/home/bob:/bin/sh\n"
			     "1234:x:77:78::/home/number:/bin/sh\n"
			     "homeless:x:1002:1002\n"
			     "max:x:4294967295:1:::\n";

static const char GROUP[] = "root:x:0:\n"
			    "wheel:x:10:root,bob\n"
			    "bob:x:1001:bob\n"
			    "audio:x:29:alice,bob\n"
			    "bobby:x:30:bobby,xbob\n"
			    "broken:x:bob\n";

static int resolve(const char *wish, struct user *ret, struct error *err)
{
	_cleanup_merged_ struct merged *merged = open_layers();
	return user_resolve(merged, wish, "base:1", ret, err);
}

static void assert_user(const char *wish, uid_t uid, gid_t gid, const char *groups, const char *home)
{
	_cleanup_user_ struct user user = { 0 };
	_cleanup_str_ struct str list = { 0 };
	assert_ok(resolve(wish, &user, &err));
	for (size_t i = 0; i < user.n_groups; i++)
		str_appendf(&list, "%s%u", i ? "," : "", user.groups[i]);
	if (user.uid != uid || user.gid != gid || !streq(str_text(&list), groups) || !streq(user.home, home))
		fail_msg("\"%s\" is %u:%u (%s) at %s", wish, user.uid, user.gid, str_text(&list), user.home);
}

static void test_who_a_user_is(void **state)
{
	put(1, "etc/passwd", PASSWD);
	put(1, "etc/group", GROUP);
	assert_user("", 0, 0, "0,10", "/root");
	assert_user("root", 0, 0, "0,10", "/root");
	assert_user("0", 0, 0, "0,10", "/root");
	assert_user("bob", 1000, 1001, "1001,10,29", "/home/bob");
	assert_user("1000", 1000, 1001, "1001,10,29", "/home/bob");
	assert_user("bob:", 1000, 1001, "1001,10,29", "/home/bob");
	assert_user("bob:wheel", 1000, 10, "10", "/home/bob");
	assert_user("bob:10", 1000, 10, "10", "/home/bob");
	assert_user("bob:4711", 1000, 4711, "4711", "/home/bob");
	assert_user("4711", 4711, 0, "0", "/");
	assert_user("4711:audio", 4711, 29, "29", "/");
	assert_user("1234", 77, 78, "78", "/home/number"); /* a name that is a number */
	assert_user("homeless", 1002, 1002, "1002", "/");
	assert_user(":wheel", 0, 10, "10", "/root");
	assert_user("4294967294:4294967294", 4294967294, 4294967294, "4294967294", "/");
}

static void test_who_is_nobody(void **state)
{
	struct user user;
	put(1, "etc/passwd", PASSWD);
	put(1, "etc/group", GROUP);
	static const char *const wishes[] = { "alice", "nouid",	   "max",	"-1",	 "4294967295", "0x10",
					      "1000 ", " 1000",   "99999999999", "bob:x", "bob:-1",     "bob:4294967295" };
	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++)
		assert_refused(resolve(wishes[i], &user, &err), ERR_USER, "no such ");
	assert_refused(resolve("a:b:c", &user, &err), ERR_USER, "it is USER[:GROUP]");
	struct error why = { 0 };
	assert_int_equal(resolve("alice", &user, &why), -ERR_USER);
	assert_string_equal(why.message, "no such user \"alice\" in /etc/passwd of image base:1");
	assert_string_equal(why.cause, "users there: root, nouid, bob, 1234, homeless, max");
}

static void test_without_files_there_are_numbers(void **state)
{
	struct user user;
	assert_user("", 0, 0, "0", "/");
	assert_user("5:6", 5, 6, "6", "/");
	assert_refused(resolve("root", &user, &err), ERR_USER, "no such user");
}

static void test_files_through_the_layers(void **state)
{
	put(2, "etc/passwd", "old:x:5:5:::\n");
	put_link(1, "etc/passwd", "../usr/etc/passwd");
	put(2, "usr/etc/passwd", "new:x:6:6:::\n");
	assert_user("new", 6, 6, "6", "/");
	put_whiteout(0, "etc/passwd");
	struct user user;
	assert_refused(resolve("new", &user, &err), ERR_USER, "no such user");
}

/* Long, and made to be slow or to be read past its end: it is neither. */
static void test_hostile_files(void **state)
{
	_cleanup_str_ struct str text = { 0 };
	for (int i = 0; i < 200000; i++)
		str_append(&text, i % 3 ? "\n" : ":");
	str_append(&text, "\nbob:x:1:1");
	put(0, "etc/passwd", text.data);
	str_truncate(&text, 0);
	for (int i = 0; i < 70000; i++)
		str_appendf(&text, "g%d:x:%d:bob\n", i, i + 2);
	put(0, "etc/group", text.data);
	_cleanup_user_ struct user user = { 0 };
	assert_ok(resolve("bob", &user, &err));
	assert_int_equal(user.uid, 1);
	assert_int_equal(user.n_groups, 65536);
	put(0, "etc/passwd", "");
	_cleanup_free_ char *path = in_layer(0, "etc/passwd");
	assert_int_equal(truncate(path, 9 << 20), 0);
	struct user none;
	assert_refused(resolve("bob", &none, &err), ERR_INVALID, "is larger than");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_layers, remove_layers)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_topmost_counts),
		TEST(test_whiteouts_hide),
		TEST(test_a_removed_directory_does_not_come_back),
		TEST(test_opaque_directories_hide),
		TEST(test_a_file_hides_a_directory_and_back),
		TEST(test_links_stay_inside),
		TEST(test_links_across_layers),
		TEST(test_hostile_links),
		TEST(test_only_files_are_opened),
		TEST(test_deep_paths_end),
		TEST(test_the_kernel_agrees),
		TEST(test_who_a_user_is),
		TEST(test_who_is_nobody),
		TEST(test_without_files_there_are_numbers),
		TEST(test_files_through_the_layers),
		TEST(test_hostile_files),
	};
	return cmocka_run_group_tests_name("engine_user", tests, NULL, NULL);
}
