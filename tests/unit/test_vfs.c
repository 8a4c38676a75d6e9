/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that are copied show what overlayfs shows of them: the two are compared, file by file. */
#include "unpack-fixture.h"

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

#include "image/verify-tree.h"
#include "storage/driver.h"
#include "storage/id-shift.h"
#include "storage/overlay.h"
#include "runtime/id-map.h"
#include "storage/vfs.h"

enum { LAYERS = 4 };

struct layers {
	char *paths[LAYERS + 1]; /* topmost first */
	int dirs[LAYERS];
	int copy;
};

static void layers_make(struct fixture *fixture, struct layers *layers)
{
	*layers = (struct layers){ 0 };
	for (int i = 0; i < LAYERS; i++) {
		layers->paths[i] = mem_printf("%s/outside/%d", fixture->path, i);
		assert_int_equal(mkdir(layers->paths[i], 0755), 0);
		layers->dirs[i] = open(layers->paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	assert_int_equal(mkdirat(fixture->outside, "copy", 0700), 0);
	layers->copy = openat(fixture->outside, "copy", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void layers_done(struct layers *layers)
{
	for (int i = 0; i < LAYERS; i++) {
		fd_close(layers->dirs[i]);
		free(layers->paths[i]);
	}
	fd_close(layers->copy);
}
#define _cleanup_layers_ _cleanup_(layers_done)

/* Layer 0 is the topmost. */
static void put(struct layers *layers, int layer, const char *path, const char *text)
{
	assert_int_equal(file_write_atomic(layers->dirs[layer], path, text, strlen(text), 0644, 0, NULL), 0);
}

static void make_dir(struct layers *layers, int layer, const char *path, mode_t mode)
{
	assert_int_equal(mkdirat(layers->dirs[layer], path, mode), 0);
	assert_int_equal(fchmodat(layers->dirs[layer], path, mode, 0), 0);
}

static void hide(struct layers *layers, int layer, const char *path)
{
	assert_int_equal(mknodat(layers->dirs[layer], path, S_IFCHR, makedev(0, 0)), 0);
}

static void make_opaque(struct layers *layers, int layer, const char *path)
{
	_cleanup_close_ int fd = openat(layers->dirs[layer], path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0), 0);
}

static int on_difference(void *context, const char *path, const char *why, struct error *err)
{
	str_appendf(context, "%s: %s\n", path, why);
	return 0;
}

static int on_pause(void *context, struct error *err)
{
	return 0;
}

static void assert_same_as_overlay(struct fixture *fixture, struct layers *layers)
{
	_cleanup_str_ struct str told = { 0 };
	if (vfs_fill(layers->copy, layers->paths, NULL, &fixture->err) < 0)
		fail_msg("%s", fixture->err.message);
	_cleanup_close_ int view =
		overlay_mount(&(const struct overlay_options){ .lower = layers->paths }, &fixture->err);
	if (view < 0)
		fail_msg("%s", fixture->err.message);
	const struct verify_tree tree = { view, layers->copy, on_difference, on_pause, &told };
	assert_int_equal(verify_tree(&tree, &fixture->err), 0);
	assert_string_equal(str_text(&told), "");
}

static void test_files_hide_files(void **state)
{
	_cleanup_layers_ struct layers layers;
	layers_make(*state, &layers);
	put(&layers, 3, "a", "bottom");
	put(&layers, 3, "b", "bottom");
	put(&layers, 2, "a", "second");
	put(&layers, 0, "b", "top");
	make_dir(&layers, 3, "d", 0700);
	put(&layers, 3, "d/x", "x");
	make_dir(&layers, 1, "d", 0755);
	put(&layers, 1, "d/y", "y");
	put(&layers, 3, "becomes-dir", "file");
	make_dir(&layers, 1, "becomes-dir", 0750);
	put(&layers, 1, "becomes-dir/in", "in");
	make_dir(&layers, 3, "becomes-file", 0750);
	put(&layers, 3, "becomes-file/in", "in");
	put(&layers, 2, "becomes-file", "file");
	assert_same_as_overlay(*state, &layers);
}

static void test_whiteouts_and_opaque_directories(void **state)
{
	_cleanup_layers_ struct layers layers;
	layers_make(*state, &layers);
	put(&layers, 3, "gone", "x");
	make_dir(&layers, 3, "gone-dir", 0755);
	put(&layers, 3, "gone-dir/x", "x");
	hide(&layers, 2, "gone");
	hide(&layers, 2, "gone-dir");
	hide(&layers, 2, "never-was");
	put(&layers, 0, "gone", "again");
	make_dir(&layers, 3, "o", 0755);
	put(&layers, 3, "o/old", "old");
	make_dir(&layers, 1, "o", 0711);
	make_opaque(&layers, 1, "o");
	put(&layers, 1, "o/new", "new");
	make_dir(&layers, 0, "o", 0700);
	put(&layers, 0, "o/newer", "newer");
	assert_same_as_overlay(*state, &layers);
}

static void test_an_opaque_layer(void **state)
{
	_cleanup_layers_ struct layers layers;
	layers_make(*state, &layers);
	put(&layers, 3, "old", "x");
	make_dir(&layers, 3, "d", 0755);
	make_opaque(&layers, 1, ".");
	put(&layers, 1, "new", "x");
	assert_same_as_overlay(*state, &layers);
}

static void test_links_nodes_and_attributes(void **state)
{
	_cleanup_layers_ struct layers layers;
	layers_make(*state, &layers);
	put(&layers, 3, "h1", "linked");
	assert_int_equal(linkat(layers.dirs[3], "h1", layers.dirs[3], "h2", 0), 0);
	make_dir(&layers, 3, "d", 0755);
	assert_int_equal(linkat(layers.dirs[3], "h1", layers.dirs[3], "d/h3", 0), 0);
	assert_int_equal(symlinkat("../../..", layers.dirs[3], "out"), 0);
	assert_int_equal(fchownat(layers.dirs[3], "out", 5, 6, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(mkfifoat(layers.dirs[2], "fifo", 0640), 0);
	assert_int_equal(mknodat(layers.dirs[2], "null", S_IFCHR | 0666, makedev(1, 3)), 0);
	put(&layers, 1, "setuid", "x");
	assert_int_equal(fchownat(layers.dirs[1], "setuid", 1000, 2000, 0), 0);
	assert_int_equal(fchmodat(layers.dirs[1], "setuid", 06755, 0), 0);
	_cleanup_close_ int fd = openat(layers.dirs[1], "setuid", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fsetxattr(fd, "user.x", "value", 5, 0), 0);
	assert_int_equal(fsetxattr(layers.dirs[0], "user.root", "y", 1, 0), 0);
	assert_int_equal(fsetxattr(layers.dirs[3], "user.lower", "y", 1, 0), 0);
	assert_same_as_overlay(*state, &layers);
	struct stat first, third;
	assert_int_equal(fstatat(layers.copy, "h1", &first, 0), 0);
	assert_int_equal(fstatat(layers.copy, "d/h3", &third, 0), 0);
	assert_int_equal(first.st_ino, third.st_ino);
}

static void test_holes_stay_holes(void **state)
{
	enum { MEGABYTE = 1 << 20 };
	_cleanup_layers_ struct layers layers;
	struct stat st;
	layers_make(*state, &layers);
	put(&layers, 3, "sparse", "begin");
	_cleanup_close_ int fd = openat(layers.dirs[3], "sparse", O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "middle", 6, 30 * MEGABYTE), 6);
	assert_int_equal(ftruncate(fd, 100 * MEGABYTE), 0);
	assert_same_as_overlay(*state, &layers);
	assert_int_equal(fstatat(layers.copy, "sparse", &st, 0), 0);
	assert_int_equal(st.st_size, 100 * MEGABYTE);
	assert_true(st.st_blocks * 512 < MEGABYTE);
}

static void test_a_layer_that_is_not_there(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_layers_ struct layers layers;
	layers_make(fixture, &layers);
	char *missing[] = { layers.paths[0], (char *)"/nowhere/at/all", NULL };
	assert_int_equal(vfs_fill(layers.copy, missing, NULL, &fixture->err), -ERR_NOT_FOUND);
	assert_non_null(strstr(fixture->err.message, "open layer '/nowhere/at/all'"));
}

static void test_names_of_drivers(void **state)
{
	struct error err = { 0 };
	const struct storage_driver *driver;
	assert_int_equal(storage_driver_find("overlay", &driver, &err), 0);
	assert_string_equal(driver->name, "overlay2");
	assert_int_equal(storage_driver_find("vfs", &driver, &err), 0);
	assert_string_equal(driver->name, "vfs");
	assert_int_equal(storage_driver_find("devicemapper", &driver, &err), -ERR_UNSUPPORTED);
	assert_string_equal(err.message, "there is no storage driver \"devicemapper\": it was removed from Docker, too");
	assert_int_equal(storage_driver_find("", &driver, &err), -ERR_INVALID);
}

static void assert_owner(int dir, const char *path, uid_t uid, gid_t gid)
{
	struct stat st;
	assert_int_equal(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, gid);
}

/* Each once, whatever names it has and however many layers have a directory. */
static void test_files_are_given_to_other_ids(void **state)
{
	static const struct spec_id_mapping uids[] = { { 0, 1000, 10 }, { 10, 5, 1 } }, gids[] = { { 0, 2000, 10 } };
	const struct id_maps maps = { .uids = uids, .gids = gids, .n_uids = 2, .n_gids = 1 };
	struct fixture *fixture = *state;
	_cleanup_layers_ struct layers layers;
	layers_make(fixture, &layers);
	make_dir(&layers, 3, "d", 0750);
	make_dir(&layers, 1, "d", 0750);
	put(&layers, 3, "d/a", "a");
	assert_int_equal(linkat(layers.dirs[3], "d/a", layers.dirs[3], "b", 0), 0);
	assert_int_equal(fchownat(layers.dirs[3], "b", 10, 9, 0), 0);
	assert_int_equal(fchownat(layers.dirs[1], "d", 1, 2, 0), 0);
	assert_int_equal(symlinkat("x", layers.dirs[0], "link"), 0);
	assert_int_equal(fchownat(layers.dirs[0], "link", 3, 4, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(vfs_fill(layers.copy, layers.paths, &maps, &fixture->err), 0);
	assert_owner(layers.copy, ".", 1000, 2000);
	assert_owner(layers.copy, "d", 1001, 2002);
	assert_owner(layers.copy, "d/a", 5, 2009);
	assert_owner(layers.copy, "b", 5, 2009);
	assert_owner(layers.copy, "link", 1003, 2004);
}

/* An access list: an entry for its user, one each for user 3 and group 4, and what every list has. */
static const struct {
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entries[6];
} ACCESS_LIST = {
	{ POSIX_ACL_XATTR_VERSION },
	{
		{ ACL_USER_OBJ, 7, ACL_UNDEFINED_ID },
		{ ACL_USER, 4, 3 },
		{ ACL_GROUP_OBJ, 5, ACL_UNDEFINED_ID },
		{ ACL_GROUP, 6, 4 },
		{ ACL_MASK, 7, ACL_UNDEFINED_ID },
		{ ACL_OTHER, 0, ACL_UNDEFINED_ID },
	},
};

static void test_access_lists_name_other_ids(void **state)
{
	static const struct spec_id_mapping uids[] = { { 0, 1000, 10 } }, gids[] = { { 0, 2000, 10 } };
	const struct id_maps maps = { .uids = uids, .gids = gids, .n_uids = 1, .n_gids = 1 };
	struct fixture *fixture = *state;
	struct posix_acl_xattr_entry found[7]; /* the header has the first half of one */
	_cleanup_layers_ struct layers layers;
	layers_make(fixture, &layers);
	make_dir(&layers, 2, "d", 0750);
	_cleanup_close_ int dir = openat(layers.dirs[2], "d", O_RDONLY | O_CLOEXEC);
	if (fsetxattr(dir, "system.posix_acl_access", &ACCESS_LIST, sizeof ACCESS_LIST, 0) < 0 && errno == ENOTSUP)
		skip();
	assert_int_equal(fsetxattr(dir, "system.posix_acl_default", &ACCESS_LIST, sizeof ACCESS_LIST, 0), 0);
	assert_int_equal(vfs_fill(layers.copy, layers.paths, &maps, &fixture->err), 0);
	_cleanup_close_ int copy = openat(layers.copy, "d", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "system.posix_acl_access" : "system.posix_acl_default";
		char *value = (char *)found + sizeof *found - sizeof ACCESS_LIST.header;
		assert_int_equal(fgetxattr(copy, name, value, sizeof ACCESS_LIST), sizeof ACCESS_LIST);
		assert_int_equal(found[2].e_id, 1003);
		assert_int_equal(found[2].e_perm, 4);
		assert_int_equal(found[4].e_id, 2004);
		assert_int_equal(found[1].e_id, (uint32_t)ACL_UNDEFINED_ID);
	}
}

static void test_access_lists_that_make_no_sense(void **state)
{
	static const struct spec_id_mapping map = { 0, 1000, 4 };
	const struct id_maps maps = { .uids = &map, .gids = &map, .n_uids = 1, .n_gids = 1 };
	struct id_shift shift = { .maps = &maps }, none = { 0 };
	char value[sizeof ACCESS_LIST];
	(void)state;
	memcpy(value, &ACCESS_LIST, sizeof value);
	assert_int_equal(id_shift_acl(&shift, value, sizeof value - 1), -EINVAL);
	assert_int_equal(id_shift_acl(&shift, value, 3), -EINVAL);
	assert_int_equal(id_shift_acl(&shift, value, sizeof value), -EOVERFLOW);
	assert_int_equal(shift.stranger, 4);
	value[0] = 1;
	assert_int_equal(id_shift_acl(&shift, value, sizeof value), -EINVAL);
	assert_int_equal(id_shift_acl(&none, value, 3), 0);
}

static void test_a_file_of_a_strange_id(void **state)
{
	static const struct spec_id_mapping map = { 0, 1000, 10 };
	const struct id_maps maps = { .uids = &map, .gids = &map, .n_uids = 1, .n_gids = 1 };
	struct fixture *fixture = *state;
	_cleanup_layers_ struct layers layers;
	layers_make(fixture, &layers);
	make_dir(&layers, 2, "d", 0750);
	put(&layers, 2, "d/a", "a");
	assert_int_equal(fchownat(layers.dirs[2], "d/a", 0, 10, 0), 0);
	assert_int_equal(vfs_fill(layers.copy, layers.paths, &maps, &fixture->err), -ERR_IDMAP);
	assert_string_equal(fixture->err.message,
			    "'d/a' of the image belongs to id 10, which the container's user namespace does not have");
}

/* Unlike other tests of unpacking, these write where the canary is. */
static int teardown(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < LAYERS; i++) {
		char name[] = { (char)('0' + i), '\0' };
		assert_int_equal(path_remove_tree(fixture->outside, name), 0);
	}
	assert_int_equal(path_remove_tree(fixture->outside, "copy"), 0);
	assert_int_equal(fstat(fixture->outside, &fixture->outside_before), 0);
	return fixture_teardown(state);
}

#undef TEST
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files_hide_files),	   TEST(test_whiteouts_and_opaque_directories),
		TEST(test_an_opaque_layer),	   TEST(test_links_nodes_and_attributes),
		TEST(test_holes_stay_holes),	   TEST(test_a_layer_that_is_not_there),
		TEST(test_names_of_drivers),	   TEST(test_files_are_given_to_other_ids),
		TEST(test_access_lists_name_other_ids),
		TEST(test_access_lists_that_make_no_sense),
		TEST(test_a_file_of_a_strange_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
