/* SPDX-License-Identifier: Apache-2.0 */
/* Two directories that are the same, and what is said where they are not. */
#include "unpack-fixture.h"

#include "image/verify-tree.h"

/* Beside the layer's directory: what it is compared with. */
struct compared {
	int wanted;
	struct str told;
	int stop_after; /* differences; 0: never */
};

static int on_difference(void *context, const char *path, const char *why, struct error *err)
{
	struct compared *compared = context;
	str_appendf(&compared->told, "%s: %s\n", path, why);
	return compared->stop_after > 0 && --compared->stop_after == 0 ? err_set(err, ERR_CANCELLED, "enough") : 0;
}

static int on_pause(void *context, struct error *err)
{
	return 0;
}

/* The same entries into both. */
static void make_both(struct fixture *fixture, struct compared *compared)
{
	assert_int_equal(mkdirat(fixture->outside, "wanted", 0700), 0);
	compared->wanted = openat(fixture->outside, "wanted", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		int dir = i ? fixture->dir : compared->wanted;
		const struct timespec then[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
		assert_int_equal(mkdirat(dir, "d", 0755), 0);
		assert_int_equal(mkdirat(dir, "d/e", 0755), 0);
		assert_int_equal(file_write_atomic(dir, "d/file", "content", 7, 0644, 0, NULL), 0);
		assert_int_equal(symlinkat("d/file", dir, "link"), 0);
		assert_int_equal(utimensat(dir, "d/file", then, 0), 0);
		assert_int_equal(utimensat(dir, "link", then, AT_SYMLINK_NOFOLLOW), 0);
	}
}

static void compared_done(struct compared *compared)
{
	fd_close(compared->wanted);
	str_done(&compared->told);
}
#define _cleanup_compared_ _cleanup_(compared_done)

static void assert_told(struct fixture *fixture, struct compared *compared, const char *expected)
{
	const struct verify_tree tree = { compared->wanted, fixture->dir, on_difference, on_pause, compared };
	str_truncate(&compared->told, 0);
	assert_int_equal(verify_tree(&tree, &fixture->err), 0);
	assert_string_equal(str_text(&compared->told), expected);
}

static void test_the_same(void **state)
{
	_cleanup_compared_ struct compared compared = { 0 };
	make_both(*state, &compared);
	assert_told(*state, &compared, "");
}

static void test_other_things(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_compared_ struct compared compared = { 0 };
	make_both(fixture, &compared);
	assert_int_equal(unlinkat(fixture->dir, "link", 0), 0);
	assert_int_equal(mkfifoat(fixture->dir, "link", 0600), 0);
	assert_int_equal(fchmodat(fixture->dir, "d/e", 0700, 0), 0);
	assert_int_equal(unlinkat(fixture->dir, "d/file", 0), 0);
	assert_int_equal(mkdirat(fixture->dir, "new", 0700), 0);
	assert_told(fixture, &compared,
		    "link: it is a fifo, not a symbolic link\nnew: it does not belong there\n"
		    "d/e: its mode is 0700, not 0755\nd/file: it is missing\n");
}

static void test_the_directory_itself(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_compared_ struct compared compared = { 0 };
	make_both(fixture, &compared);
	assert_int_equal(fchmod(fixture->dir, 0755), 0);
	assert_told(fixture, &compared, ".: its mode is 0755, not 0700\n");
}

/* Nobody follows a link that has taken the place of a directory. */
static void test_a_link_to_the_outside(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_compared_ struct compared compared = { 0 };
	make_both(fixture, &compared);
	assert_int_equal(unlinkat(fixture->dir, "d/e", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("../..", fixture->dir, "d/e"), 0);
	assert_told(fixture, &compared, "d/e: it is a symbolic link, not a directory\n");
}

static void test_who_has_enough_ends_it(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_compared_ struct compared compared = { .stop_after = 1 };
	make_both(fixture, &compared);
	const struct verify_tree tree = { compared.wanted, fixture->dir, on_difference, on_pause, &compared };
	assert_int_equal(unlinkat(fixture->dir, "link", 0), 0);
	assert_int_equal(unlinkat(fixture->dir, "d/file", 0), 0);
	assert_int_equal(verify_tree(&tree, &fixture->err), -ERR_CANCELLED);
	assert_string_equal(str_text(&compared.told), "link: it is missing\n");
}

/* Deeper than there are file descriptors. */
static void test_depth(void **state)
{
	enum { DEPTH = 1500 };
	struct fixture *fixture = *state;
	_cleanup_compared_ struct compared compared = { 0 };
	_cleanup_str_ struct str path = { 0 };
	make_both(fixture, &compared);
	for (int i = 0; i < DEPTH; i++) {
		str_append(&path, i ? "/x" : "x");
		assert_int_equal(mkdirat(fixture->dir, str_text(&path), 0700), 0);
		assert_int_equal(mkdirat(compared.wanted, str_text(&path), 0700), 0);
	}
	assert_told(fixture, &compared, "");
	assert_int_equal(fchmodat(fixture->dir, str_text(&path), 0711, 0), 0);
	str_append(&path, ": its mode is 0711, not 0700\n");
	assert_told(fixture, &compared, str_text(&path));
}

/* Unlike other tests of unpacking, these write where the canary is. */
static int teardown(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(path_remove_tree(fixture->outside, "wanted"), 0);
	assert_int_equal(fstat(fixture->outside, &fixture->outside_before), 0);
	return fixture_teardown(state);
}

#undef TEST
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_same),
		TEST(test_other_things),
		TEST(test_the_directory_itself),
		TEST(test_a_link_to_the_outside),
		TEST(test_who_has_enough_ends_it),
		TEST(test_depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
