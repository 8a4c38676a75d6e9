/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of unpacking: a directory for a layer, and beside it things that no layer may touch, which is looked at
 * after each test.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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
#include "image/unpack.h"
#include "tar.h"

#define CANARY_TEXT "I am here, and nobody has been at me"

struct fixture {
	char *path;  /* of the directory that holds the rest */
	int dir;     /* "layer" in it */
	int outside; /* "outside", with "canary" */
	struct stat canary, outside_before, path_before;
	struct str tar;
	struct unpack_limits limits;
	struct unpack_result result;
	struct error err;
};

static inline int fixture_setup(void **state)
{
	struct fixture *fixture = NEW(struct fixture);
	const char *base = getenv("TMPDIR");
	fixture->path = mem_printf("%s/test-unpack-XXXXXX", base ? base : "/tmp");
	fixture->limits = unpack_default_limits;
	assert_non_null(mkdtemp(fixture->path));
	_cleanup_close_ int top = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(top, "layer", 0700), 0);
	assert_int_equal(mkdirat(top, "outside", 0700), 0);
	fixture->dir = openat(top, "layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fixture->outside = openat(top, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(file_write_atomic(fixture->outside, "canary", CANARY_TEXT, strlen(CANARY_TEXT), 0600, 0, NULL),
			 0);
	assert_int_equal(fstatat(fixture->outside, "canary", &fixture->canary, 0), 0);
	assert_int_equal(fstat(fixture->outside, &fixture->outside_before), 0);
	assert_int_equal(fstat(top, &fixture->path_before), 0);
	*state = fixture;
	return 0;
}

/* ctime moves with any change of content, owner, mode, link count or attribute. */
static inline void assert_same(const struct stat *before, const struct stat *after)
{
	assert_int_equal(before->st_ino, after->st_ino);
	assert_int_equal(before->st_ctim.tv_sec, after->st_ctim.tv_sec);
	assert_int_equal(before->st_ctim.tv_nsec, after->st_ctim.tv_nsec);
}

static inline void assert_outside_untouched(const struct fixture *fixture)
{
	struct stat st;
	_cleanup_free_ char *text = NULL;
	assert_int_equal(fstatat(fixture->outside, "canary", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_same(&fixture->canary, &st);
	assert_int_equal(file_read(fixture->outside, "canary", 100, &text, NULL, NULL), 0);
	assert_string_equal(text, CANARY_TEXT);
	assert_int_equal(fstat(fixture->outside, &st), 0);
	assert_same(&fixture->outside_before, &st);
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_same(&fixture->path_before, &st);
}

static inline int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	assert_outside_untouched(fixture);
	fd_close(fixture->dir);
	fd_close(fixture->outside);
	int r = path_remove_tree(AT_FDCWD, fixture->path);
	str_done(&fixture->tar);
	free(fixture->path);
	free(fixture);
	return r;
}

/* A reader of bytes in memory, in pieces of at most `piece` bytes (0: any). */
struct memory {
	const char *data;
	size_t len, piece;
};

static inline ssize_t memory_read(void *context, void *buf, size_t size)
{
	struct memory *memory = context;
	size_t n = MIN(size, memory->len);
	if (memory->piece > 0 && n > memory->piece)
		n = memory->piece;
	if (n > 0)
		memcpy(buf, memory->data, n);
	memory->data += n;
	memory->len -= n;
	return (ssize_t)n;
}

static inline int fixture_unpack_bytes(struct fixture *fixture, const void *data, size_t len)
{
	struct memory memory = { .data = data, .len = len };
	fixture->err = (struct error){ 0 };
	return unpack_archive(memory_read, &memory, LAYER_PLAIN, fixture->dir, &fixture->limits, &fixture->result,
			      &fixture->err);
}

/* The archive as it was written so far, with an end. */
static inline int fixture_unpack(struct fixture *fixture)
{
	tar_end(&fixture->tar);
	return fixture_unpack_bytes(fixture, fixture->tar.data, fixture->tar.len);
}

static inline void assert_unpacks(struct fixture *fixture)
{
	if (fixture_unpack(fixture) < 0)
		fail_msg("%s (%s)", fixture->err.message, fixture->err.cause);
}

/* Refused with @code, and with words that say what is wrong. */
static inline void assert_refused(struct fixture *fixture, enum error_code code, const char *words)
{
	assert_int_equal(fixture_unpack(fixture), -(int)code);
	assert_int_equal(fixture->err.stage, STAGE_UNPACK);
	if (!strstr(fixture->err.message, words))
		fail_msg("'%s' is not in: %s", words, fixture->err.message);
}

/* Another archive, another directory, in the same test. */
static inline void fixture_again(struct fixture *fixture)
{
	_cleanup_close_ int top = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_outside_untouched(fixture);
	fd_close(fixture->dir);
	assert_int_equal(path_remove_tree(top, "layer"), 0);
	assert_int_equal(mkdirat(top, "layer", 0700), 0);
	fixture->dir = openat(top, "layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fstat(top, &fixture->path_before), 0);
	str_truncate(&fixture->tar, 0);
}

static inline struct stat stat_of(const struct fixture *fixture, const char *path)
{
	struct stat st;
	if (fstatat(fixture->dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", path, strerrordesc_np(errno));
	return st;
}

static inline bool exists(const struct fixture *fixture, const char *path)
{
	return faccessat(fixture->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline void assert_text(const struct fixture *fixture, const char *path, const char *expected)
{
	_cleanup_free_ char *text = NULL;
	assert_true(S_ISREG(stat_of(fixture, path).st_mode));
	assert_int_equal(file_read(fixture->dir, path, 1 << 20, &text, NULL, NULL), 0);
	assert_string_equal(text, expected);
}

static inline void assert_link(const struct fixture *fixture, const char *path, const char *target)
{
	char text[4096];
	ssize_t len = readlinkat(fixture->dir, path, text, sizeof text - 1);
	assert_true(len >= 0);
	text[len] = '\0';
	assert_string_equal(text, target);
}

static inline bool is_whiteout(const struct fixture *fixture, const char *path)
{
	struct stat st = stat_of(fixture, path);
	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
}

/* The value as text; "-" if there is none. */
static inline const char *xattr_of(const struct fixture *fixture, const char *path, const char *name)
{
	static char value[1024];
	_cleanup_free_ char *full = mem_printf("%s/%s", fd_path(fixture->dir).text, path);
	ssize_t len = lgetxattr(full, name, value, sizeof value - 1);
	if (len < 0)
		return "-";
	value[len] = '\0';
	return value;
}

static inline bool is_opaque(const struct fixture *fixture, const char *path)
{
	return streq(xattr_of(fixture, path, "trusted.overlay.opaque"), "y");
}

/* Owners, devices and trusted attributes are root's. Returns the exit status of a test program that cannot run. */
static inline bool fixture_is_possible(void)
{
	if (geteuid() == 0)
		return true;
	puts("1..0 # SKIP needs root");
	return false;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
