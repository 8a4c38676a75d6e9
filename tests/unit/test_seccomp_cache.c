/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of compiled filters: hits, and every way in which a file may not be what it should. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/seccomp.h"
#include "seccomp-profiles.h"

static char cache_path[] = "/tmp/test-seccomp-XXXXXX";
static int cache = -1;

static int make_directory(void **state)
{
	memcpy(cache_path + strlen(cache_path) - 6, "XXXXXX", 6);
	if (!mkdtemp(cache_path))
		return -1;
	cache = open(cache_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return cache < 0 ? -1 : 0;
}

static int remove_directory(void **state)
{
	fd_close(cache);
	cache = -1;
	return path_remove_tree(AT_FDCWD, cache_path);
}

static const char PROFILE_A[] = "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':"
				"[{'names':['mount'],'action':'SCMP_ACT_ERRNO'}]}";
static const char PROFILE_B[] = "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':"
				"[{'names':['chdir'],'action':'SCMP_ACT_ERRNO'}]}";

static void prepare_cached(const char *text)
{
	_cleanup_(free_profile) struct spec_seccomp *profile = profile_of_text(text);
	struct seccomp_filter fresh = prepare(profile), cached;
	struct error err = { 0 };
	if (seccomp_prepare(profile, cache, &cached, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(cached.count, fresh.count);
	assert_memory_equal(cached.instructions, fresh.instructions, fresh.count * sizeof *fresh.instructions);
	assert_int_equal(cached.flags, fresh.flags);
	assert_int_equal(cached.notifies, fresh.notifies);
	seccomp_filter_done(&cached);
	seccomp_filter_done(&fresh);
}

/* The only file, or with @after the only one with another name. */
static char *cached_file(const char *after)
{
	_cleanup_closedir_ DIR *dir = opendir(cache_path);
	char *found = NULL;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.' || (after && streq(entry->d_name, after)))
			continue;
		assert_null(found);
		found = mem_strdup(entry->d_name);
	}
	assert_non_null(found);
	return found;
}

static ino_t inode_of(const char *name)
{
	struct stat st;
	assert_int_equal(fstatat(cache, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, geteuid());
	return st.st_ino;
}

static void test_cache_hit(void **state)
{
	prepare_cached(PROFILE_A);
	_cleanup_free_ char *name = cached_file(NULL);
	ino_t inode = inode_of(name);
	prepare_cached(PROFILE_A);
	assert_int_equal(inode_of(name), inode);
	prepare_cached(PROFILE_B);
	assert_int_equal(inode_of(name), inode);
	_cleanup_free_ char *other = cached_file(name);
	assert_string_not_equal(other, name);
}

/* The file that is in the cache becomes odd; the next one to come makes it anew. */
static void check_replaced(void (*spoil)(const char *name))
{
	prepare_cached(PROFILE_A);
	_cleanup_free_ char *name = cached_file(NULL);
	/* Keeps the inode, so that its number is not given to the next file. */
	_cleanup_close_ int old = openat(cache, name, O_RDONLY | O_CLOEXEC);
	assert_true(old >= 0);
	ino_t inode = inode_of(name);
	spoil(name);
	prepare_cached(PROFILE_A);
	assert_int_not_equal(inode_of(name), inode);
	inode = inode_of(name);
	prepare_cached(PROFILE_A);
	assert_int_equal(inode_of(name), inode);
}

static off_t spoil_at;

static void flip_bit(const char *name)
{
	char byte;
	_cleanup_close_ int fd = openat(cache, name, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, spoil_at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, spoil_at), 1);
}

static void test_cache_every_byte_counts(void **state)
{
	struct stat st;
	prepare_cached(PROFILE_A);
	_cleanup_free_ char *name = cached_file(NULL);
	assert_int_equal(fstatat(cache, name, &st, 0), 0);
	for (spoil_at = 0; spoil_at < st.st_size; spoil_at++)
		check_replaced(flip_bit);
}

static void empty(const char *name)
{
	_cleanup_close_ int fd = openat(cache, name, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
}

static void cut_end(const char *name)
{
	struct stat st;
	_cleanup_close_ int fd = openat(cache, name, O_WRONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(ftruncate(fd, st.st_size - 1), 0);
}

static void append(const char *name)
{
	_cleanup_close_ int fd = openat(cache, name, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "xxxxxxxx", 8), 8);
}

static void make_huge(const char *name)
{
	_cleanup_close_ int fd = openat(cache, name, O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
}

static void make_writable(const char *name)
{
	assert_int_equal(fchmodat(cache, name, 0620, 0), 0);
}

static void give_away(const char *name)
{
	assert_int_equal(fchownat(cache, name, 65534, 65534, 0), 0);
}

static void make_link(const char *name)
{
	assert_int_equal(renameat(cache, name, cache, ".elsewhere"), 0);
	assert_int_equal(symlinkat(".elsewhere", cache, name), 0);
}

static void make_fifo(const char *name)
{
	assert_int_equal(unlinkat(cache, name, 0), 0);
	assert_int_equal(mkfifoat(cache, name, 0600), 0);
}

static void test_cache_odd_files(void **state)
{
	check_replaced(empty);
	check_replaced(cut_end);
	check_replaced(append);
	check_replaced(make_huge);
	check_replaced(make_writable);
	check_replaced(make_link);
	check_replaced(make_fifo);
	if (geteuid() == 0)
		check_replaced(give_away);
}

/* Another profile's file under this one's name, as if both had the same hash. */
static void test_cache_collision(void **state)
{
	prepare_cached(PROFILE_A);
	_cleanup_free_ char *a = cached_file(NULL);
	prepare_cached(PROFILE_B);
	_cleanup_free_ char *b = cached_file(a);
	ino_t inode = inode_of(b);
	assert_int_equal(renameat(cache, b, cache, a), 0);
	assert_int_equal(inode_of(a), inode);
	prepare_cached(PROFILE_A);
	assert_int_not_equal(inode_of(a), inode);
}

static void test_cache_that_cannot_be_written(void **state)
{
	prepare_cached(PROFILE_A);
	_cleanup_free_ char *name = cached_file(NULL);
	assert_int_equal(unlinkat(cache, name, 0), 0);
	assert_int_equal(mkdirat(cache, name, 0700), 0);
	prepare_cached(PROFILE_A);
	assert_int_equal(unlinkat(cache, name, AT_REMOVEDIR), 0);
	assert_int_equal(rmdir(cache_path), 0);
	prepare_cached(PROFILE_A);
	assert_int_equal(mkdir(cache_path, 0700), 0);
}

/* What decides about the program is in the key, each by itself. */
static void test_cache_key(void **state)
{
	static const char *const profiles[] = {
		"{'defaultAction':'SCMP_ACT_ERRNO'}",
		"{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':0}",
		"{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':1}",
		"{'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X32']}",
		"{'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X86']}",
		"{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['a','bc'],'action':'SCMP_ACT_ALLOW'}]}",
		"{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['ab','c'],'action':'SCMP_ACT_ALLOW'}]}",
		"{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['a','bc'],'action':'SCMP_ACT_LOG'}]}",
		"{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['a','bc'],'action':'SCMP_ACT_ALLOW','args':"
		"[{'index':0,'value':1,'op':'SCMP_CMP_EQ'}]}]}",
		"{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['a','bc'],'action':'SCMP_ACT_ALLOW','args':"
		"[{'index':0,'value':1,'valueTwo':1,'op':'SCMP_CMP_EQ'}]}]}",
		"{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['a','bc'],'action':'SCMP_ACT_ERRNO'}]}",
		"{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['a','bc'],'action':'SCMP_ACT_ERRNO','errnoRet':1}]}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
		prepare_cached(profiles[i]);
	size_t files = 0;
	_cleanup_closedir_ DIR *dir = opendir(cache_path);
	for (struct dirent *entry; (entry = readdir(dir));)
		files += entry->d_name[0] != '.';
	assert_int_equal(files, ARRAY_SIZE(profiles));
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cache_hit, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_cache_every_byte_counts, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_cache_odd_files, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_cache_collision, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_cache_that_cannot_be_written, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_cache_key, make_directory, remove_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
