/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that nobody means well with: names, links, whiteouts, devices, sizes. Each time, nothing outside is touched. */
#include "unpack-fixture.h"

#include <zlib.h>

#include "image/unpack-name.h"

/* --- Names --- */

static void test_names(void **state)
{
	static const struct {
		const char *raw, *dir, *base;
		enum name_kind kind;
	} cases[] = {
		{ "a", "", "a", NAME_PLAIN },
		{ "./a", "", "a", NAME_PLAIN },
		{ "/a", "", "a", NAME_PLAIN },
		{ "///a//b/", "a", "b", NAME_PLAIN },
		{ "a/./b", "a", "b", NAME_PLAIN },
		{ "a/../b", "", "b", NAME_PLAIN },
		{ "a/b/../../c/d", "c", "d", NAME_PLAIN },
		{ "a/..", "", "", NAME_ROOT },
		{ "", "", "", NAME_ROOT },
		{ ".", "", "", NAME_ROOT },
		{ "/", "", "", NAME_ROOT },
		{ "./", "", "", NAME_ROOT },
		{ "...", "", "...", NAME_PLAIN },
		{ "..a/b..", "..a", "b..", NAME_PLAIN },
		{ "\xff\xfe/\x01", "\xff\xfe", "\x01", NAME_PLAIN },
		{ ".wh.a", "", "a", NAME_WHITEOUT },
		{ "d/.wh..a", "d", ".a", NAME_WHITEOUT },
		{ "d/.wh....", "d", "...", NAME_WHITEOUT },
		{ "d/.whatever", "d", ".whatever", NAME_PLAIN },
		{ ".wh..wh..opq", "", ".wh..wh..opq", NAME_OPAQUE },
		{ "d/.wh..wh..opq", "d", ".wh..wh..opq", NAME_OPAQUE },
		{ ".wh..wh.aufs", "", ".wh..wh.aufs", NAME_IGNORED },
		{ ".wh..wh.plnk/1.2", ".wh..wh.plnk", "1.2", NAME_IGNORED },
		{ "d/.wh..wh.", "d", ".wh..wh.", NAME_IGNORED },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_name_ struct entry_name name = { 0 };
		struct error err = { 0 };
		assert_int_equal(name_parse(cases[i].raw, &name, &err), 0);
		assert_string_equal(name.dir, cases[i].dir);
		assert_string_equal(name.base, cases[i].base);
		assert_int_equal(name.kind, cases[i].kind);
	}
}

static void test_refused_names(void **state)
{
	static const struct {
		const char *raw, *words;
	} cases[] = {
		{ "..", "leads out of the layer" },
		{ "../a", "leads out of the layer" },
		{ "/..", "leads out of the layer" },
		{ "a/../../b", "leads out of the layer" },
		{ "./a/b/../../../c", "leads out of the layer" },
		{ ".wh.", "is a whiteout of \"\"" },
		{ "d/.wh..", "is a whiteout of \".\"" },
		{ "d/.wh...", "is a whiteout of \"..\"" },
		{ ".wh.d/a", "lies below a whiteout" },
		{ "a/.wh.d/b/c", "lies below a whiteout" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct entry_name name = { 0 };
		struct error err = { 0 };
		assert_int_equal(name_parse(cases[i].raw, &name, &err), -ERR_IMG_LAYER);
		assert_null(name.dir);
		if (!strstr(err.message, cases[i].words))
			fail_msg("%s: %s", cases[i].raw, err.message);
	}
}

static void test_names_that_lead_out(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = { "../outside/canary", "a/../../outside/canary", "/../outside/canary" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		tar_add(&fixture->tar, .name = names[i], .data = "gotcha");
		assert_refused(fixture, ERR_IMG_LAYER, "leads out of the layer");
		fixture_again(fixture);
	}
}

/* Absolute names are relative to the layer, also in pax headers and GNU's long ones. */
static void test_absolute_names_stay_inside(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *canary = mem_printf("%s/outside/canary", fixture->path);
	tar_add(&fixture->tar, .name = "/etc/passwd", .data = "mine");
	tar_pax_text(&fixture->tar, "path", canary);
	tar_add(&fixture->tar, .name = "ignored", .data = "mine");
	tar_gnu_long(&fixture->tar, 'L', "/long/name");
	tar_add(&fixture->tar, .name = "ignored", .data = "mine");
	assert_unpacks(fixture);
	assert_text(fixture, "etc/passwd", "mine");
	assert_text(fixture, canary + 1, "mine");
	assert_text(fixture, "long/name", "mine");
	assert_false(exists(fixture, "ignored"));
}

static void test_long_names_that_lead_out(void **state)
{
	struct fixture *fixture = *state;
	tar_pax_text(&fixture->tar, "path", "../outside/canary");
	tar_add(&fixture->tar, .name = "innocent", .data = "gotcha");
	assert_refused(fixture, ERR_IMG_LAYER, "leads out of the layer");
	fixture_again(fixture);
	tar_gnu_long(&fixture->tar, 'L', "x/../../outside/canary");
	tar_add(&fixture->tar, .name = "innocent", .data = "gotcha");
	assert_refused(fixture, ERR_IMG_LAYER, "leads out of the layer");
	fixture_again(fixture);
	tar_pax_text(&fixture->tar, "GNU.sparse.name", "../outside/canary");
	tar_add(&fixture->tar, .name = "innocent", .data = "gotcha");
	assert_refused(fixture, ERR_IMG_LAYER, "leads out of the layer");
}

/* A name ends at its first zero byte, in a pax header as everywhere. */
static void test_zero_bytes_in_names(void **state)
{
	struct fixture *fixture = *state;
	static const char name[] = "short\0/../../outside/canary";
	tar_pax(&fixture->tar, "path", name, sizeof name - 1);
	tar_add(&fixture->tar, .name = "x", .data = "text");
	int r = fixture_unpack(fixture);
	assert_true(r == 0 || r == -ERR_IMG_LAYER);
	assert_true(r < 0 || exists(fixture, "short"));
}

static void test_names_too_long(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_str_ struct str name = { 0 };
	for (int i = 0; i < 256; i++)
		str_append_char(&name, 'x');
	tar_pax_text(&fixture->tar, "path", name.data);
	tar_add(&fixture->tar, .name = "x");
	assert_refused(fixture, ERR_IMG_LAYER, "has a name of 256 bytes, at most 255 are possible");
	fixture_again(fixture);
	str_truncate(&name, 0);
	for (int i = 0; i < 2500; i++)
		str_append(&name, "d/");
	tar_pax_text(&fixture->tar, "path", name.data);
	tar_add(&fixture->tar, .name = "x");
	assert_refused(fixture, ERR_IMG_LAYER, "has a path of more than 4095 bytes");
}

/* As deep as a path can be. The file that replaces it all makes it be removed again. */
static void test_deep_names(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_str_ struct str name = { 0 };
	for (int i = 0; i < 2047; i++)
		str_append(&name, "d/");
	str_truncate(&name, name.len - 1);
	tar_pax_text(&fixture->tar, "path", name.data);
	tar_add(&fixture->tar, .name = "x", .type = '5', .mode = 0700);
	assert_unpacks(fixture);
	assert_true(exists(fixture, name.data));
	fixture_again(fixture);
	tar_pax_text(&fixture->tar, "path", name.data);
	tar_add(&fixture->tar, .name = "x", .type = '5');
	tar_add(&fixture->tar, .name = "d", .data = "file");
	assert_unpacks(fixture);
	assert_text(fixture, "d", "file");
}

static void test_names_are_bytes(void **state)
{
	struct fixture *fixture = *state;
	static const char latin1[] = "caf\xe9/\xff\xfe", utf8[] = "caf\xc3\xa9/\xe2\x82\xac", odd[] = "new\nline\x1b[m";
	tar_add(&fixture->tar, .name = latin1, .data = "1");
	tar_pax_text(&fixture->tar, "path", latin1);
	tar_add(&fixture->tar, .name = "x", .data = "2");
	tar_pax_text(&fixture->tar, "path", utf8);
	tar_add(&fixture->tar, .name = "x", .data = "3");
	tar_add(&fixture->tar, .name = odd, .data = "4");
	tar_pax_text(&fixture->tar, "linkpath", "\xc3\xa9\xff");
	tar_add(&fixture->tar, .name = "link", .type = '2', .link = "x");
	/* e and an accent, two characters: no normalisation makes one of them */
	tar_pax_text(&fixture->tar, "path", "e\xcc\x81");
	tar_add(&fixture->tar, .name = "x", .data = "5");
	assert_unpacks(fixture);
	assert_text(fixture, latin1, "2");
	assert_text(fixture, utf8, "3");
	assert_text(fixture, odd, "4");
	assert_link(fixture, "link", "\xc3\xa9\xff");
	assert_text(fixture, "e\xcc\x81", "5");
	assert_false(exists(fixture, "\xc3\xa9"));
}

static void test_root_that_is_no_directory(void **state)
{
	struct fixture *fixture = *state;
	static const struct tar_member members[] = {
		{ .name = ".", .data = "text" },
		{ .name = "/", .type = '2', .link = "/etc" },
		{ .name = "a/..", .type = '1', .link = "b" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		tar_add(&fixture->tar, .name = "b", .data = "text");
		tar_add_member(&fixture->tar, &members[i]);
		/* A name that ends in a slash makes a directory of a file. */
		assert_refused(fixture, ERR_IMG_LAYER, "is the layer's root, but not a directory");
		fixture_again(fixture);
	}
}

/* --- Symbolic links --- */

static void test_writing_through_links(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *outside = mem_printf("%s/outside", fixture->path);
	_cleanup_free_ char *inside = mem_printf("%s/canary", outside + 1);
	const struct {
		const char *target, *place;
	} cases[] = {
		{ "../outside", "outside/canary" },
		{ "../../../../../../outside", "outside/canary" },
		{ outside, inside },
		{ "/", "canary" },
		{ "/..", "canary" },
		{ ".", "canary" },
		{ "inside", "inside/canary" },
		{ "/inside/./../inside//", "inside/canary" },
		{ "inside/new/..//newer", "inside/newer/canary" },
		{ "nowhere/at/all", "nowhere/at/all/canary" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tar_add(&fixture->tar, .name = "inside", .type = '5', .mode = 0755);
		tar_add(&fixture->tar, .name = "link", .type = '2', .link = cases[i].target);
		tar_add(&fixture->tar, .name = "link/canary", .data = "gotcha");
		assert_unpacks(fixture);
		assert_link(fixture, "link", cases[i].target);
		assert_text(fixture, cases[i].place, "gotcha");
		fixture_again(fixture);
	}
}

static void test_links_in_links(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "usr/lib/x", .data = "x");
	tar_add(&fixture->tar, .name = "lib", .type = '2', .link = "usr/lib");
	tar_add(&fixture->tar, .name = "usr/share", .type = '2', .link = "../lib/share");
	tar_add(&fixture->tar, .name = "lib/share/doc", .type = '5', .mode = 0750, .uid = 1000);
	tar_add(&fixture->tar, .name = "usr/share/doc/a", .data = "a");
	tar_add(&fixture->tar, .name = "usr/share/doc/b", .data = "b");
	tar_add(&fixture->tar, .name = "lib/c", .type = '1', .link = "usr/share/doc/a");
	assert_unpacks(fixture);
	assert_text(fixture, "usr/lib/share/doc/a", "a");
	assert_text(fixture, "usr/lib/share/doc/b", "b");
	assert_text(fixture, "usr/lib/c", "a");
	assert_int_equal(stat_of(fixture, "usr/lib/share/doc").st_mode & ALLPERMS, 0750);
	assert_int_equal(stat_of(fixture, "usr/lib/share/doc").st_uid, 1000);
	assert_int_equal(stat_of(fixture, "usr/lib/c").st_ino, stat_of(fixture, "usr/lib/share/doc/a").st_ino);
	assert_link(fixture, "lib", "usr/lib");
}

static void test_links_that_lead_nowhere(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "a", .type = '2', .link = "b");
	tar_add(&fixture->tar, .name = "b", .type = '2', .link = "a");
	tar_add(&fixture->tar, .name = "a/x", .data = "x");
	assert_refused(fixture, ERR_IMG_LAYER, "entry 'a/x' goes through more than 40 links");
	fixture_again(fixture);
	tar_add(&fixture->tar, .name = "a", .type = '2', .link = "a/a");
	tar_add(&fixture->tar, .name = "a/x", .data = "x");
	assert_refused(fixture, ERR_IMG_LAYER, "entry 'a/x' goes through more than 40 links");
	fixture_again(fixture);
	tar_add(&fixture->tar, .name = "file", .data = "x");
	tar_add(&fixture->tar, .name = "a", .type = '2', .link = "file");
	tar_add(&fixture->tar, .name = "a/x", .data = "x");
	assert_refused(fixture, ERR_IMG_LAYER, "entry 'a/x' goes through 'file', which is not a directory");
	fixture_again(fixture);
	tar_add(&fixture->tar, .name = "a", .type = '2', .link = "d/.wh.d");
	tar_add(&fixture->tar, .name = "a/x", .data = "x");
	assert_refused(fixture, ERR_IMG_LAYER, "entry 'a/x' goes through a link to the name of a whiteout");
	fixture_again(fixture);
	tar_add(&fixture->tar, .name = "a", .type = '2', .link = "b");
	tar_add(&fixture->tar, .name = "x", .type = '1', .link = "a/x");
	assert_refused(fixture, ERR_IMG_LAYER, "is a hard link to 'a/x', which is not in this layer");
}

static void test_every_kind_through_links(void **state)
{
	struct fixture *fixture = *state;
	static const struct tar_member members[] = {
		{ .name = "link/x", .type = '5' },
		{ .name = "link/x/y/z" },
		{ .name = "link/x", .type = '2', .link = "y" },
		{ .name = "link/x", .type = '1', .link = "file" },
		{ .name = "link/x", .type = '6' },
		{ .name = "link/x", .type = '3', .major = 1, .minor = 3 },
		{ .name = "link/.wh.canary" },
		{ .name = "link/.wh..wh..opq" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		tar_add(&fixture->tar, .name = "file");
		tar_add(&fixture->tar, .name = "link", .type = '2', .link = "../outside");
		tar_add_member(&fixture->tar, &members[i]);
		assert_unpacks(fixture);
		assert_link(fixture, "link", "../outside");
		assert_true(S_ISDIR(stat_of(fixture, "outside").st_mode));
		fixture_again(fixture);
	}
}

/* A file that comes where a link is takes its place, and is not written to its target. */
static void test_files_replace_links(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "link", .type = '2', .link = "../outside/canary");
	tar_add(&fixture->tar, .name = "link", .data = "mine", .mode = 0777, .uid = 1000);
	tar_add(&fixture->tar, .name = "dir", .type = '2', .link = "../outside");
	tar_add(&fixture->tar, .name = "dir", .type = '5', .mode = 0777, .uid = 1000);
	tar_add(&fixture->tar, .name = "node", .type = '2', .link = "../outside/canary");
	tar_add(&fixture->tar, .name = "node", .type = '6', .mode = 0777, .uid = 1000);
	tar_add(&fixture->tar, .name = "again", .type = '2', .link = "../outside/canary", .uid = 1000);
	tar_add(&fixture->tar, .name = "again", .type = '2', .link = "../outside", .uid = 2000, .mtime = 5);
	assert_unpacks(fixture);
	assert_text(fixture, "link", "mine");
	assert_true(S_ISDIR(stat_of(fixture, "dir").st_mode));
	assert_true(S_ISFIFO(stat_of(fixture, "node").st_mode));
	assert_link(fixture, "again", "../outside");
	assert_int_equal(stat_of(fixture, "again").st_uid, 2000);
}

static void test_directory_becomes_a_link(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "d/e/f", .data = "text");
	tar_add(&fixture->tar, .name = "d/e", .type = '5', .mode = 0777, .uid = 1000);
	tar_add(&fixture->tar, .name = "d", .type = '2', .link = "../outside");
	assert_unpacks(fixture);
	assert_link(fixture, "d", "../outside");
	fixture_again(fixture);
	tar_add(&fixture->tar, .name = "d/e/f", .data = "text");
	tar_add(&fixture->tar, .name = "d/e", .type = '2', .link = "../../outside");
	tar_add(&fixture->tar, .name = "d/e/canary", .data = "gotcha");
	assert_unpacks(fixture);
	assert_text(fixture, "outside/canary", "gotcha");
	assert_link(fixture, "d/e", "../../outside");
}

static void test_links_are_kept_verbatim(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_str_ struct str longest = { 0 };
	for (int i = 0; i < 4095; i++)
		str_append_char(&longest, i % 100 ? 'x' : '/');
	tar_add(&fixture->tar, .name = "a", .type = '2', .link = "../../../../etc/passwd");
	tar_add(&fixture->tar, .name = "b", .type = '2', .link = "//x/./y/../");
	tar_gnu_long(&fixture->tar, 'K', longest.data);
	tar_add(&fixture->tar, .name = "c", .type = '2', .link = "x");
	tar_add(&fixture->tar, .name = "d", .type = '2', .link = "d");
	assert_unpacks(fixture);
	assert_link(fixture, "a", "../../../../etc/passwd");
	assert_link(fixture, "b", "//x/./y/../");
	assert_link(fixture, "c", longest.data);
	assert_link(fixture, "d", "d");
	fixture_again(fixture);
	str_append_char(&longest, 'x');
	tar_gnu_long(&fixture->tar, 'K', longest.data);
	tar_add(&fixture->tar, .name = "c", .type = '2', .link = "x");
	assert_refused(fixture, ERR_IMG_LAYER, "make 'c': file name too long");
	fixture_again(fixture);
	tar_add(&fixture->tar, .name = "c", .type = '2', .link = "");
	assert_refused(fixture, ERR_IMG_LAYER, "is a symbolic link to nothing");
}

static void test_file_in_the_way(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "a/file", .data = "text");
	tar_add(&fixture->tar, .name = "a/file/b", .data = "text");
	assert_refused(fixture, ERR_IMG_LAYER, "entry 'a/file/b' goes through 'a/file', which is not a directory");
}

/* --- Hard links --- */

static void test_hard_links_that_lead_out(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *canary = mem_printf("%s/outside/canary", fixture->path);
	const struct {
		const char *target, *words;
	} cases[] = {
		{ "../outside/canary", "leads out of the layer" },
		{ canary, "which is not in this layer" },
		{ "link/canary", "which is not in this layer" },
		{ "absolute/canary", "which is not in this layer" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tar_add(&fixture->tar, .name = "link", .type = '2', .link = "../outside");
		tar_add(&fixture->tar, .name = "absolute", .type = '2', .link = canary);
		tar_add(&fixture->tar, .name = "hard", .type = '1', .link = cases[i].target, .mode = 0777, .uid = 1000);
		assert_refused(fixture, ERR_IMG_LAYER, cases[i].words);
		fixture_again(fixture);
	}
}

/* The link itself gets another name; its target is not looked at. */
static void test_hard_link_to_a_link(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "link", .type = '2', .link = "../outside/canary");
	tar_add(&fixture->tar, .name = "hard", .type = '1', .link = "link", .mode = 0777, .uid = 1000);
	tar_add(&fixture->tar, .name = "hard", .data = "mine");
	tar_add(&fixture->tar, .name = "second", .type = '1', .link = "./link");
	assert_unpacks(fixture);
	assert_text(fixture, "hard", "mine");
	assert_link(fixture, "second", "../outside/canary");
	assert_int_equal(stat_of(fixture, "second").st_ino, stat_of(fixture, "link").st_ino);
}

static void test_hard_link_to_a_lower_layer(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "bin/hard", .type = '1', .link = "bin/busybox");
	assert_refused(fixture, ERR_IMG_LAYER,
		       "entry 'bin/hard' is a hard link to 'bin/busybox', which is not in this layer");
	assert_non_null(strstr(fixture->err.cause, "each layer is a directory of its own"));
}

static void test_hard_link_to_a_directory(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "d", .type = '5');
	tar_add(&fixture->tar, .name = "hard", .type = '1', .link = "d");
	assert_refused(fixture, ERR_IMG_LAYER, "is a hard link to the directory 'd'");
	fixture_again(fixture);
	tar_add(&fixture->tar, .name = "hard", .type = '1', .link = "/");
	assert_refused(fixture, ERR_IMG_LAYER, "which is not in this layer");
}

/* It would be a second whiteout, which the archive has no word for. */
static void test_hard_link_to_a_whiteout(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = ".wh.gone");
	tar_add(&fixture->tar, .name = "hard", .type = '1', .link = "gone");
	assert_refused(fixture, ERR_IMG_LAYER, "which is not in this layer");
}

static void test_hard_link_to_itself(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "a", .data = "text");
	tar_add(&fixture->tar, .name = "a", .type = '1', .link = "./a");
	tar_add(&fixture->tar, .name = "b", .type = '1', .link = "a");
	tar_add(&fixture->tar, .name = "a", .type = '1', .link = "b");
	assert_unpacks(fixture);
	assert_text(fixture, "a", "text");
	assert_text(fixture, "b", "text");
	assert_int_equal(stat_of(fixture, "a").st_nlink, 2);
}

/* Making room for the link removes what it leads to. */
static void test_hard_link_over_its_own_directory(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "d/file", .data = "text");
	tar_add(&fixture->tar, .name = "d", .type = '1', .link = "d/file");
	int r = fixture_unpack(fixture);
	assert_true(r < 0);
	assert_false(exists(fixture, "d"));
}

/* --- Whiteouts --- */

static void test_whiteouts(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "etc/", .type = '5', .mode = 0700);
	tar_add(&fixture->tar, .name = "etc/.wh.passwd", .mode = 0600, .uid = 1000, .data = "ignored");
	tar_add(&fixture->tar, .name = "deep/er/.wh.x", .type = '5');
	tar_add(&fixture->tar, .name = "var/.wh..wh..opq");
	tar_add(&fixture->tar, .name = "var/new", .data = "text");
	tar_add(&fixture->tar, .name = ".wh..wh.aufs", .data = "x");
	tar_add(&fixture->tar, .name = ".wh..wh.plnk", .type = '5');
	tar_add(&fixture->tar, .name = ".wh..wh.plnk/2.3", .data = "x");
	assert_unpacks(fixture);
	assert_true(is_whiteout(fixture, "etc/passwd"));
	assert_true(is_whiteout(fixture, "deep/er/x"));
	assert_true(is_opaque(fixture, "var"));
	assert_false(exists(fixture, "var/.wh..wh..opq"));
	assert_false(exists(fixture, ".wh..wh.aufs"));
	assert_false(exists(fixture, ".wh..wh.plnk"));
	assert_false(is_opaque(fixture, "etc"));
}

static void test_whiteouts_of_strange_names(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = { ".wh...", "d/.wh...", ".wh..", ".wh.", ".wh.../canary" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		tar_add(&fixture->tar, .name = names[i]);
		assert_refused(fixture, ERR_IMG_LAYER, "whiteout");
		fixture_again(fixture);
	}
}

/* A whiteout hides what is below, and leaves alone what its own layer brings, before it or after it. */
static void test_whiteout_and_file(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = ".wh.before");
	tar_add(&fixture->tar, .name = "before", .data = "text");
	tar_add(&fixture->tar, .name = "after", .data = "text");
	tar_add(&fixture->tar, .name = ".wh.after");
	tar_add(&fixture->tar, .name = "link", .type = '2', .link = "x");
	tar_add(&fixture->tar, .name = ".wh.link");
	assert_unpacks(fixture);
	assert_text(fixture, "before", "text");
	assert_text(fixture, "after", "text");
	assert_link(fixture, "link", "x");
}

/* A directory in the place of something hidden must not let it shine through. */
static void test_whiteout_and_directory(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = ".wh.before");
	tar_add(&fixture->tar, .name = "before", .type = '5', .mode = 0755);
	tar_add(&fixture->tar, .name = "before/new", .data = "text");
	tar_add(&fixture->tar, .name = "after/new", .data = "text");
	tar_add(&fixture->tar, .name = ".wh.after");
	tar_add(&fixture->tar, .name = ".wh.implied");
	tar_add(&fixture->tar, .name = "implied/d/new", .data = "text");
	tar_add(&fixture->tar, .name = "file", .data = "text");
	tar_add(&fixture->tar, .name = "file", .type = '5', .mode = 0755);
	tar_add(&fixture->tar, .name = "plain", .type = '5', .mode = 0755);
	tar_add(&fixture->tar, .name = "plain", .type = '5', .mode = 0750);
	assert_unpacks(fixture);
	assert_true(is_opaque(fixture, "before"));
	assert_text(fixture, "before/new", "text");
	assert_true(is_opaque(fixture, "after"));
	assert_text(fixture, "after/new", "text");
	assert_true(is_opaque(fixture, "implied"));
	assert_false(is_opaque(fixture, "implied/d"));
	assert_true(is_opaque(fixture, "file"));
	assert_false(is_opaque(fixture, "plain"));
}

static void test_opaque_in_any_order(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "late/file", .data = "text");
	tar_add(&fixture->tar, .name = "late/.wh..wh..opq");
	tar_add(&fixture->tar, .name = "late", .type = '5', .mode = 0711);
	tar_add(&fixture->tar, .name = "./.wh..wh..opq");
	assert_unpacks(fixture);
	assert_true(is_opaque(fixture, "late"));
	assert_int_equal(stat_of(fixture, "late").st_mode & ALLPERMS, 0711);
	assert_text(fixture, "late/file", "text");
	assert_true(is_opaque(fixture, "."));
}

/* --- What an archive could slip to overlayfs --- */

static void test_device_that_is_a_whiteout(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "dev/fake", .type = '3');
	assert_refused(fixture, ERR_IMG_LAYER, "is the character device 0:0, which would be a whiteout");
	fixture_again(fixture);
	/* What mknod(2) would cut down to 0:0, or to another device than the one that was checked. */
	static const struct {
		const char *major_number, *minor_number;
	} cases[] = { { "4096", "0" }, { "0", "1048576" }, { "4294967296", "0" }, { "0", "18446744069414584320" } };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_str_ struct str records = { 0 };
		tar_pax_record(&records, "SCHILY.devmajor", cases[i].major_number, strlen(cases[i].major_number));
		tar_pax_record(&records, "SCHILY.devminor", cases[i].minor_number, strlen(cases[i].minor_number));
		tar_add(&fixture->tar, .name = "pax", .type = 'x', .data = records.data, .data_len = records.len);
		tar_add(&fixture->tar, .name = "dev/fake", .type = '3', .major = 1, .minor = 1);
		assert_refused(fixture, ERR_IMG_LAYER, "dev/fake");
		assert_true(!exists(fixture, "dev/fake"));
		fixture_again(fixture);
	}
	/* A block device 0:0 is none. */
	tar_add(&fixture->tar, .name = "dev/block", .type = '4');
	assert_unpacks(fixture);
	assert_true(S_ISBLK(stat_of(fixture, "dev/block").st_mode));
}

static void test_attributes_of_overlayfs(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = {
		"SCHILY.xattr.trusted.overlay.opaque",
		"SCHILY.xattr.trusted.overlay.redirect",
		"SCHILY.xattr.trusted.overlay.metacopy",
		"SCHILY.xattr.trusted.overlay.whiteout",
		"SCHILY.xattr.user.overlay.opaque",
		"SCHILY.xattr.user.overlay.redirect",
		"SCHILY.xattr.trusted.overlay.overlay.opaque",
	};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		tar_pax_text(&fixture->tar, names[i], "y");
		tar_add(&fixture->tar, .name = i % 2 ? "d1" : "d2", .type = '5', .mode = 0755);
	}
	tar_pax_text(&fixture->tar, "LIBARCHIVE.xattr.trusted.overlay%2Eopaque", "eQ");
	tar_add(&fixture->tar, .name = "d3", .type = '5', .mode = 0755);
	tar_pax_text(&fixture->tar, "SCHILY.xattr.trusted.overlay.whiteout", "y");
	tar_add(&fixture->tar, .name = "f");
	tar_pax_text(&fixture->tar, "SCHILY.xattr.trusted.overlay.opaque", "y");
	tar_add(&fixture->tar, .name = "./", .type = '5', .mode = 0755);
	assert_unpacks(fixture);
	static const char *const paths[] = { "d1", "d2", "d3", "f", "." };
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char list[256];
		_cleanup_free_ char *full = mem_printf("%s/%s", fd_path(fixture->dir).text, paths[i]);
		assert_int_equal(llistxattr(full, list, sizeof list), 0);
	}
}

/* --- Truncated and malformed --- */

static void test_truncated(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_str_ struct str data = { 0 };
	for (int i = 0; i < 2000; i++)
		str_append_char(&data, 'x');
	tar_add(&fixture->tar, .name = "a", .data = data.data, .data_len = data.len);
	tar_pax_text(&fixture->tar, "path", "b");
	tar_add(&fixture->tar, .name = "x", .data = "text");
	_cleanup_str_ struct str whole = { 0 };
	str_append_len(&whole, fixture->tar.data, fixture->tar.len);
	for (size_t len = 1; len < whole.len; len += 61) {
		fixture_again(fixture);
		bool at_a_member = len == 2560;
		int r = fixture_unpack_bytes(fixture, whole.data, len);
		assert_int_equal(r, at_a_member ? 0 : -ERR_IMG_LAYER);
		assert_true(len < TAR_BLOCK || at_a_member || strstr(fixture->err.message, "truncated"));
	}
}

static void test_size_that_lies(void **state)
{
	struct fixture *fixture = *state;
	static const unsigned long long sizes[] = { 1024, 1ull << 30, 1ull << 62, ~0ull >> 1, ~0ull };
	fixture->limits.bytes = UINT64_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		tar_add(&fixture->tar, .name = "a", .size = sizes[i]);
		int r = fixture_unpack_bytes(fixture, fixture->tar.data, fixture->tar.len);
		assert_int_equal(r, -ERR_IMG_LAYER);
		fixture_again(fixture);
	}
}

static void test_wrong_checksum(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "first", .data = "text");
	tar_add(&fixture->tar, .name = "second", .data = "text");
	fixture->tar.data[2 * TAR_BLOCK] ^= 1;
	tar_add(&fixture->tar, .name = "third", .data = "text");
	assert_refused(fixture, ERR_IMG_LAYER, "layer is no well-formed tar archive");
	assert_non_null(strstr(fixture->err.cause, "Damaged"));
	assert_false(exists(fixture, "third"));
}

static void test_no_archive(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_str_ struct str text = { 0 };
	for (int i = 0; i < 1000; i++)
		str_append(&text, "This is no archive. ");
	assert_int_equal(fixture_unpack_bytes(fixture, text.data, text.len), -ERR_IMG_LAYER);
	assert_non_null(strstr(fixture->err.message, "no well-formed tar archive"));
	assert_int_equal(fixture_unpack_bytes(fixture, "short", 5), -ERR_IMG_LAYER);
}

/* A pax header of which a part is lost would mean another file than the one that was packed. */
static void test_malformed_pax_headers(void **state)
{
	struct fixture *fixture = *state;
	static const char *const records[] = {
		"12 path=evil",	  /* no newline */
		"99 path=evil\n", /* longer than there is */
		"0 path=evil\n",  /* shorter than itself */
		"x path=evil\n",  /* no number */
		"11 path evil\n", /* no equals sign */
		"99999999999 path=evil\n",
		"9 =evil\n\n",
		"-9 path=evil\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		tar_add(&fixture->tar, .name = "pax", .type = 'x', .data = records[i]);
		tar_add(&fixture->tar, .name = "innocent", .data = "text");
		assert_refused(fixture, ERR_IMG_LAYER, "layer is no well-formed tar archive");
		fixture_again(fixture);
	}
}

static void test_too_many_special_headers(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 100; i++)
		tar_pax_text(&fixture->tar, "comment", "x");
	tar_add(&fixture->tar, .name = "a");
	assert_refused(fixture, ERR_IMG_LAYER, "layer is no well-formed tar archive");
}

/* --- Values --- */

static void test_ids_that_do_not_exist(void **state)
{
	struct fixture *fixture = *state;
	static const char *const ids[] = { "4294967295", "4294967296", "18446744073709551615", "-1" };
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		tar_pax_text(&fixture->tar, i % 2 ? "gid" : "uid", ids[i]);
		tar_add(&fixture->tar, .name = "a");
		assert_refused(fixture, ERR_IMG_LAYER, i % 2 ? "as its group" : "as its owner");
		fixture_again(fixture);
	}
}

/* --- Limits --- */

static void test_limit_of_bytes(void **state)
{
	struct fixture *fixture = *state;
	fixture->limits.bytes = 1 << 20;
	_cleanup_str_ struct str data = { 0 };
	for (int i = 0; i < 1 << 20; i++)
		str_append_char(&data, 'x');
	tar_add(&fixture->tar, .name = "a", .data = data.data, .data_len = data.len);
	assert_refused(fixture, ERR_IMG_LAYER, "layer is larger than 1048576 bytes unpacked, which is the limit");
}

/* Nobody has to send much for a large file with nothing in it. */
static void test_limit_counts_holes(void **state)
{
	struct fixture *fixture = *state;
	fixture->limits.bytes = 1 << 20;
	_cleanup_str_ struct str records = { 0 };
	tar_pax_record(&records, "GNU.sparse.major", "1", 1);
	tar_pax_record(&records, "GNU.sparse.minor", "0", 1);
	tar_pax_record(&records, "GNU.sparse.name", "hole", 4);
	tar_pax_record(&records, "GNU.sparse.realsize", "600000", 6);
	static const char map[TAR_BLOCK] = "0\n";
	for (int i = 0; i < 2; i++) {
		tar_add(&fixture->tar, .name = "pax", .type = 'x', .data = records.data, .data_len = records.len);
		tar_add(&fixture->tar, .name = "x", .data = map, .data_len = sizeof map);
	}
	assert_refused(fixture, ERR_IMG_LAYER,
		       "layer's files, with the holes in them, are larger than 1048576 bytes, which is the limit");
	assert_int_equal(stat_of(fixture, "hole").st_size, 600000);
}

/* A megabyte of zeros as a kilobyte of gzip. Up to the size from which the ratio counts, that is nobody's concern. */
static void test_limit_of_ratio(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *zeros = mem_alloc(1 << 20), *packed = mem_alloc(1 << 20);
	tar_add(&fixture->tar, .name = "zeros", .data = zeros, .data_len = 1 << 20);
	tar_end(&fixture->tar);
	z_stream stream = { .next_in = (unsigned char *)fixture->tar.data, .avail_in = (unsigned)fixture->tar.len };
	stream.next_out = (unsigned char *)packed;
	stream.avail_out = 1 << 20;
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size_t len = stream.total_out;
	deflateEnd(&stream);

	fixture->limits.ratio = 100;
	fixture->limits.ratio_from = 2 << 20;
	assert_int_equal(fixture_unpack_bytes(fixture, packed, len), 0);
	fixture->limits.ratio_from = 512 << 10;
	assert_int_equal(fixture_unpack_bytes(fixture, packed, len), -ERR_IMG_LAYER);
	assert_string_equal(fixture->err.message, "layer is more than 100 times as large unpacked, which is the limit");
	assert_non_null(strstr(fixture->err.cause, "; the limit counts from 524288 on"));
	fixture->limits.ratio = 2000;
	assert_int_equal(fixture_unpack_bytes(fixture, packed, len), 0);
}

static void test_limit_of_entries(void **state)
{
	struct fixture *fixture = *state;
	fixture->limits.entries = 5;
	for (int i = 0; i < 5; i++)
		tar_add(&fixture->tar, .name = "a");
	assert_unpacks(fixture);
	assert_int_equal(fixture->result.entries, 5);
	fixture_again(fixture);
	for (int i = 0; i < 6; i++)
		tar_add(&fixture->tar, .name = "a");
	assert_refused(fixture, ERR_IMG_LAYER, "layer has more than 5 entries, which is the limit");
	fixture_again(fixture);
	/* Parents that nobody mentions are made all the same. */
	tar_add(&fixture->tar, .name = "a/b/c/d/e/f");
	assert_refused(fixture, ERR_IMG_LAYER, "layer has more than 5 entries, which is the limit");
}

/* The map of the file's data is longer than the data that it is a part of. */
static void test_sparse_map_beyond_the_data(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_str_ struct str records = { 0 };
	tar_pax_record(&records, "GNU.sparse.major", "1", 1);
	tar_pax_record(&records, "GNU.sparse.minor", "0", 1);
	tar_pax_record(&records, "GNU.sparse.realsize", "9223372036854775807", 19);
	fixture->limits.bytes = UINT64_MAX;
	tar_add(&fixture->tar, .name = "pax", .type = 'x', .data = records.data, .data_len = records.len);
	tar_add(&fixture->tar, .name = "x", .data = "0\n", .data_len = 2);
	assert_int_equal(fixture_unpack(fixture), -ERR_IMG_LAYER);
}

static void test_data_beyond_the_size(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_str_ struct str records = { 0 };
	tar_pax_record(&records, "GNU.sparse.size", "10", 2);
	tar_pax_record(&records, "GNU.sparse.numblocks", "1", 1);
	tar_pax_record(&records, "GNU.sparse.offset", "4096", 4);
	tar_pax_record(&records, "GNU.sparse.numbytes", "4", 1);
	tar_add(&fixture->tar, .name = "pax", .type = 'x', .data = records.data, .data_len = records.len);
	tar_add(&fixture->tar, .name = "a", .data = "text");
	assert_refused(fixture, ERR_IMG_LAYER, "has data beyond its size of 10 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused_names),
		TEST(test_names_that_lead_out),
		TEST(test_absolute_names_stay_inside),
		TEST(test_long_names_that_lead_out),
		TEST(test_zero_bytes_in_names),
		TEST(test_names_too_long),
		TEST(test_deep_names),
		TEST(test_names_are_bytes),
		TEST(test_root_that_is_no_directory),
		TEST(test_writing_through_links),
		TEST(test_links_in_links),
		TEST(test_links_that_lead_nowhere),
		TEST(test_every_kind_through_links),
		TEST(test_files_replace_links),
		TEST(test_directory_becomes_a_link),
		TEST(test_links_are_kept_verbatim),
		TEST(test_file_in_the_way),
		TEST(test_hard_links_that_lead_out),
		TEST(test_hard_link_to_a_link),
		TEST(test_hard_link_to_a_lower_layer),
		TEST(test_hard_link_to_a_directory),
		TEST(test_hard_link_to_a_whiteout),
		TEST(test_hard_link_to_itself),
		TEST(test_hard_link_over_its_own_directory),
		TEST(test_whiteouts),
		TEST(test_whiteouts_of_strange_names),
		TEST(test_whiteout_and_file),
		TEST(test_whiteout_and_directory),
		TEST(test_opaque_in_any_order),
		TEST(test_device_that_is_a_whiteout),
		TEST(test_attributes_of_overlayfs),
		TEST(test_truncated),
		TEST(test_size_that_lies),
		TEST(test_wrong_checksum),
		TEST(test_no_archive),
		TEST(test_malformed_pax_headers),
		TEST(test_too_many_special_headers),
		TEST(test_ids_that_do_not_exist),
		TEST(test_limit_of_bytes),
		TEST(test_limit_counts_holes),
		TEST(test_limit_of_ratio),
		TEST(test_limit_of_entries),
		TEST(test_sparse_map_beyond_the_data),
		TEST(test_data_beyond_the_size),
	};
	return fixture_is_possible() ? cmocka_run_group_tests_name("unpack", tests, NULL, NULL) : 0;
}
