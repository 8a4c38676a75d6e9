/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options: words to attributes, flags and what is left for the file system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/mount-options.h"

#define RDONLY MOUNT_ATTR_RDONLY
#define NOSUID MOUNT_ATTR_NOSUID
#define NODEV MOUNT_ATTR_NODEV
#define NOEXEC MOUNT_ATTR_NOEXEC
#define ATIME MOUNT_ATTR__ATIME

static void test_words(void **state)
{
	static const struct {
		const char *words; /* as mount(8) would have them */
		uint64_t set, clear, recursive_set, recursive_clear;
	} rows[] = {
		{ "", 0, 0, 0, 0 },
		{ "defaults", 0, 0, 0, 0 },
		{ "ro", RDONLY, 0, 0, 0 },
		{ "rw", 0, RDONLY, 0, 0 },
		{ "ro,nosuid,nodev,noexec", RDONLY | NOSUID | NODEV | NOEXEC, 0, 0, 0 },
		{ "ro,rw", 0, RDONLY, 0, 0 }, /* the last one counts */
		{ "rw,ro", RDONLY, 0, 0, 0 },
		{ "nosuid,suid,nosuid", NOSUID, 0, 0, 0 },
		{ "noatime", MOUNT_ATTR_NOATIME, ATIME, 0, 0 },
		{ "relatime", MOUNT_ATTR_RELATIME, ATIME, 0, 0 },
		{ "strictatime", MOUNT_ATTR_STRICTATIME, ATIME, 0, 0 },
		{ "noatime,strictatime", MOUNT_ATTR_STRICTATIME, ATIME, 0, 0 },
		{ "strictatime,noatime", MOUNT_ATTR_NOATIME, ATIME, 0, 0 },
		{ "noatime,atime", 0, ATIME, 0, 0 },
		{ "nodiratime,diratime", 0, MOUNT_ATTR_NODIRATIME, 0, 0 },
		{ "rro", 0, 0, RDONLY, 0 },
		{ "rrw", 0, 0, 0, RDONLY },
		{ "ro,rrw", RDONLY, 0, 0, RDONLY },
		{ "rnosuid,rnodev,rnoexec", 0, 0, NOSUID | NODEV | NOEXEC, 0 },
		{ "rnoatime", 0, 0, MOUNT_ATTR_NOATIME, ATIME },
		{ "rnoatime,rrelatime", 0, 0, MOUNT_ATTR_RELATIME, ATIME },
		{ "rro,rrw,rsuid,rdev,rexec", 0, 0, 0, RDONLY | NOSUID | NODEV | NOEXEC },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_strv_ char **words = strv_split(rows[i].words, ',');
		_cleanup_mount_options_ struct mount_options options = { 0 };
		assert_int_equal(mount_options_parse(words, &options, NULL), 0);
		if (options.change.set != rows[i].set || options.change.clear != rows[i].clear ||
		    options.change.tree_set != rows[i].recursive_set || options.change.tree_clear != rows[i].recursive_clear)
			fail_msg("\"%s\": set %#llx clear %#llx, recursive %#llx %#llx", rows[i].words,
				 (unsigned long long)options.change.set, (unsigned long long)options.change.clear,
				 (unsigned long long)options.change.tree_set, (unsigned long long)options.change.tree_clear);
		assert_int_equal(strv_count(options.data), 0);
		assert_int_equal(options.change.propagation, 0);
	}
}

static void test_flags_of_the_superblock(void **state)
{
	static const struct {
		const char *words;
		unsigned long flags;
	} rows[] = {
		{ "sync,dirsync,lazytime", MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME },
		{ "sync,async", 0 },
		{ "nolazytime", 0 },
		{ "mand,nomand,silent,loud,iversion,noiversion,acl,noacl", 0 },
		{ "rsync,rdirsync", MS_SYNCHRONOUS | MS_DIRSYNC },
		{ "sync,rasync", 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_strv_ char **words = strv_split(rows[i].words, ',');
		_cleanup_mount_options_ struct mount_options options = { 0 };
		assert_int_equal(mount_options_parse(words, &options, NULL), 0);
		assert_int_equal(options.superblock, rows[i].flags);
	}
}

static void test_propagation(void **state)
{
	static const struct {
		const char *word;
		unsigned long flag;
		bool recursive;
	} rows[] = {
		{ "shared", MS_SHARED, false },	    { "rshared", MS_SHARED, true },
		{ "slave", MS_SLAVE, false },	    { "rslave", MS_SLAVE, true },
		{ "private", MS_PRIVATE, false },   { "rprivate", MS_PRIVATE, true },
		{ "unbindable", MS_UNBINDABLE, false }, { "runbindable", MS_UNBINDABLE, true },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const words[] = { "private", rows[i].word, NULL };
		_cleanup_mount_options_ struct mount_options options = { 0 };
		bool recursive = !rows[i].recursive;
		assert_int_equal(mount_options_parse((char *const *)words, &options, NULL), 0);
		assert_int_equal(options.change.propagation, rows[i].flag);
		assert_int_equal(options.change.propagation_recursive, rows[i].recursive);
		assert_int_equal(mount_propagation_from_name(rows[i].word, &recursive), rows[i].flag);
		assert_int_equal(recursive, rows[i].recursive);
	}
	bool recursive = true;
	assert_int_equal(mount_propagation_from_name("rrshared", &recursive), 0);
	assert_int_equal(mount_propagation_from_name("", &recursive), 0);
	assert_int_equal(mount_propagation_from_name("r", &recursive), 0);
	assert_true(recursive);
}

static void test_the_rest_is_the_file_systems(void **state)
{
	static const char *const words[] = { "size=64k", "ro", "mode=755", "Ro", "nosuchword", "", NULL };
	_cleanup_mount_options_ struct mount_options options = { 0 };
	assert_int_equal(mount_options_parse((char *const *)words, &options, NULL), 0);
	_cleanup_free_ char *data = strv_join(options.data, " ");
	assert_string_equal(data, "size=64k mode=755 Ro nosuchword");
	assert_int_equal(options.change.set, RDONLY);
}

static void test_what_the_runtime_does_itself(void **state)
{
	static const char *const words[] = { "remount", "tmpcopyup", "src-nofollow", "dest-nofollow", "ridmap", NULL };
	_cleanup_mount_options_ struct mount_options options = { 0 };
	assert_int_equal(mount_options_parse((char *const *)words, &options, NULL), 0);
	assert_true(options.remount && options.copy_up && options.source_nofollow && options.target_nofollow);
	assert_true(options.map_ids && options.map_ids_recursive && !options.id_mapping && !options.copy_symlink);
	assert_null(options.data);
}

static void test_mappings_in_the_word(void **state)
{
	static const struct {
		const char *word, *mapping;
		bool recursive;
	} rows[] = {
		{ "idmap=uids=0-1-2;gids=0-1-2", "uids=0-1-2;gids=0-1-2", false },
		{ "ridmap=uids=0-1-2", "uids=0-1-2", true },
		{ "idmap=", "", false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const words[] = { "idmap=old", rows[i].word, NULL };
		_cleanup_mount_options_ struct mount_options options = { 0 };
		assert_int_equal(mount_options_parse((char *const *)words, &options, NULL), 0);
		assert_true(options.map_ids);
		assert_int_equal(options.map_ids_recursive, rows[i].recursive);
		assert_string_equal(options.id_mapping, rows[i].mapping);
	}
	static const char *const none[] = { "bind=", "tmpcopyup=1", "idmaps", "idma", "remount=x", NULL };
	_cleanup_mount_options_ struct mount_options options = { 0 };
	assert_int_equal(mount_options_parse((char *const *)none, &options, NULL), 0);
	assert_int_equal(strv_count(options.data), 5);
	assert_false(options.bind || options.copy_up || options.map_ids || options.remount);
}

static void test_words_that_exclude_each_other(void **state)
{
	static const char *const rows[] = { "src-nofollow", "dest-nofollow" };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const words[] = { "copy-symlink", rows[i], NULL };
		struct mount_options options;
		struct error err = { 0 };
		assert_int_equal(mount_options_parse((char *const *)words, &options, &err), -ERR_SPEC);
		assert_true(str_starts_with(err.message, "mount option \"copy-symlink\" excludes"));
	}
}

/* What would be two options to the kernel is none that was asked for. */
static void test_smuggled_options(void **state)
{
	static const char *const rows[] = { "size=1k,mode=777", "ro,rw", ",", "mode=755," };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const words[] = { "ro", rows[i], NULL };
		struct mount_options options = { .copy_up = true };
		struct error err = { 0 };
		assert_int_equal(mount_options_parse((char *const *)words, &options, &err), -ERR_SPEC);
		assert_non_null(strstr(err.message, "holds a comma"));
		assert_true(options.copy_up); /* untouched */
		assert_null(options.data);
	}
	static const char *const label[] = { "context=\"system_u:object_r:x:s0:c1,c2\"", NULL };
	_cleanup_mount_options_ struct mount_options options = { 0 };
	assert_int_equal(mount_options_parse((char *const *)label, &options, NULL), 0);
	assert_int_equal(strv_count(options.data), 1);
}

static void test_what_is_a_bind(void **state)
{
	static const struct {
		const char *type, *option;
		bool bind, recursive;
	} rows[] = {
		{ "bind", NULL, true, false },	{ NULL, "bind", true, false },	  { NULL, "rbind", true, true },
		{ "none", "rbind", true, true }, { "tmpfs", NULL, false, false }, { NULL, NULL, false, false },
		{ "binder", NULL, false, false }, { NULL, "binds", false, false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const words[] = { rows[i].option, NULL };
		const struct spec_mount mount = { .type = (char *)rows[i].type, .options = (char **)words };
		_cleanup_mount_options_ struct mount_options options = { 0 };
		assert_int_equal(mount_is_bind(&mount), rows[i].bind);
		assert_int_equal(mount_options_parse(mount.options, &options, NULL), 0);
		assert_int_equal(options.recursive, rows[i].recursive);
	}
	const struct spec_mount bare = { 0 };
	assert_false(mount_is_bind(&bare));
}

/* What `features` tells, the parser knows. */
static void test_all_names_are_known(void **state)
{
	size_t count = 0;
	for (const char *const *name = mount_option_names(); *name; name++, count++) {
		const char *const words[] = { *name, NULL };
		_cleanup_mount_options_ struct mount_options options = { 0 };
		assert_int_equal(mount_options_parse((char *const *)words, &options, NULL), 0);
		if (options.data)
			fail_msg("\"%s\" was left to the file system", *name);
	}
	assert_true(count > 50);
	assert_ptr_equal(mount_option_names(), mount_option_names());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_flags_of_the_superblock),
		cmocka_unit_test(test_propagation),
		cmocka_unit_test(test_the_rest_is_the_file_systems),
		cmocka_unit_test(test_what_the_runtime_does_itself),
		cmocka_unit_test(test_mappings_in_the_word),
		cmocka_unit_test(test_words_that_exclude_each_other),
		cmocka_unit_test(test_smuggled_options),
		cmocka_unit_test(test_what_is_a_bind),
		cmocka_unit_test(test_all_names_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
