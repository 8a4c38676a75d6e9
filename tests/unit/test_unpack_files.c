/* SPDX-License-Identifier: Apache-2.0 */
/* Honest layers: every kind of file with every attribute, as the archive has it, in each format of tar. */
#include "unpack-fixture.h"

#include <linux/capability.h>

#include "image/hash.h"
#include "storage/overlay-marks.h"

static void assert_digest(const struct fixture *fixture, const void *data, size_t len)
{
	char digest[DIGEST_TEXT_LENGTH + 1];
	_cleanup_hash_ struct hash *hash = NULL;
	assert_int_equal(hash_new(&hash, NULL), 0);
	hash_update(hash, data, len);
	assert_int_equal(hash_finish(hash, digest, NULL), 0);
	assert_string_equal(fixture->result.diff_id, digest);
	assert_int_equal(fixture->result.archive_size, len);
}

/* --- The archive as a whole --- */

static void test_empty_archives(void **state)
{
	struct fixture *fixture = *state;
	assert_unpacks(fixture);
	assert_digest(fixture, fixture->tar.data, fixture->tar.len);
	assert_int_equal(fixture->result.entries, 0);
	assert_int_equal(stat_of(fixture, ".").st_mode & ALLPERMS, 0755);
	/* Docker takes no bytes at all for an archive without entries, and so did people. */
	assert_int_equal(fixture_unpack_bytes(fixture, "", 0), 0);
	assert_digest(fixture, "", 0);
}

static void test_no_end_of_archive(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "a", .data = "text");
	assert_int_equal(fixture_unpack_bytes(fixture, fixture->tar.data, fixture->tar.len), 0);
	assert_text(fixture, "a", "text");
	assert_digest(fixture, fixture->tar.data, fixture->tar.len);
}

static void test_bytes_behind_the_end_count(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "a", .data = "text");
	tar_end(&fixture->tar);
	for (int i = 0; i < 20000; i++)
		str_append(&fixture->tar, i % 100 ? "\1" : "junk behind the archive");
	tar_add(&fixture->tar, .name = "b", .data = "not an entry");
	str_append(&fixture->tar, "odd");
	assert_int_equal(fixture_unpack_bytes(fixture, fixture->tar.data, fixture->tar.len), 0);
	assert_digest(fixture, fixture->tar.data, fixture->tar.len);
	assert_int_equal(fixture->result.entries, 1);
	assert_false(exists(fixture, "b"));
}

static void test_read_in_small_pieces(void **state)
{
	struct fixture *fixture = *state;
	tar_pax_text(&fixture->tar, "path", "dir/a-name-that-crosses-many-pieces");
	tar_add(&fixture->tar, .name = "x", .data = "text");
	tar_end(&fixture->tar);
	for (size_t piece = 1; piece < 600; piece += 73) {
		struct memory memory = { .data = fixture->tar.data, .len = fixture->tar.len, .piece = piece };
		assert_int_equal(unpack_archive(memory_read, &memory, LAYER_PLAIN, fixture->dir, NULL, &fixture->result,
						NULL),
				 0);
		assert_digest(fixture, fixture->tar.data, fixture->tar.len);
	}
}

static ssize_t read_error(void *context, void *buf, size_t size)
{
	int *calls = context;
	memset(buf, 0, size);
	return --*calls < 0 ? -EIO : (ssize_t)MIN(size, (size_t)1000);
}

static void test_error_of_the_reader(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 3; i++) {
		struct error err = { 0 };
		int calls = i;
		assert_int_equal(unpack_archive(read_error, &calls, LAYER_PLAIN, fixture->dir, NULL, &fixture->result,
						&err),
				 -ERR_SYSTEM);
		assert_string_equal(err.message, "read the layer: input/output error");
		assert_int_equal(err.stage, STAGE_UNPACK);
	}
}

/* --- Attributes --- */

static void test_owner_mode_and_times(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "suid", .mode = 06755, .uid = 1000, .gid = 2000, .mtime = 1234567890);
	tar_add(&fixture->tar, .name = "none", .mode = 0100000, .uid = 0, .gid = 5);
	tar_add(&fixture->tar, .name = "tmp", .type = '5', .mode = 01777, .uid = 7, .gid = 8, .mtime = 1000);
	tar_add(&fixture->tar, .name = "tmp/x", .mode = 0600);
	tar_add(&fixture->tar, .name = "shared", .type = '5', .mode = 02775, .gid = 50, .mtime = 2000);
	tar_add(&fixture->tar, .name = "shared/file");
	tar_add(&fixture->tar, .name = "shared/sub", .type = '5', .mode = 0755);
	tar_add(&fixture->tar, .name = "link", .type = '2', .link = "x", .uid = 1000, .gid = 1000, .mtime = 3000);
	tar_add(&fixture->tar, .name = "huge", .uid = 4294967294, .gid = 3000000000);
	assert_unpacks(fixture);
	struct stat st = stat_of(fixture, "suid");
	assert_int_equal(st.st_mode, S_IFREG | 06755);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(st.st_gid, 2000);
	assert_int_equal(st.st_mtim.tv_sec, 1234567890);
	assert_int_equal(stat_of(fixture, "none").st_mode, S_IFREG);
	assert_int_equal(stat_of(fixture, "none").st_gid, 5);
	st = stat_of(fixture, "tmp");
	assert_int_equal(st.st_mode, S_IFDIR | 01777);
	assert_int_equal(st.st_uid, 7);
	assert_int_equal(st.st_mtim.tv_sec, 1000);
	assert_int_equal(stat_of(fixture, "shared").st_mode, S_IFDIR | 02775);
	assert_int_equal(stat_of(fixture, "shared").st_mtim.tv_sec, 2000);
	assert_int_equal(stat_of(fixture, "shared/file").st_gid, 0);
	assert_int_equal(stat_of(fixture, "shared/sub").st_mode, S_IFDIR | 0755);
	assert_int_equal(stat_of(fixture, "shared/sub").st_gid, 0);
	st = stat_of(fixture, "link");
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(st.st_mtim.tv_sec, 3000);
	assert_int_equal(stat_of(fixture, "huge").st_uid, 4294967294);
	assert_int_equal(stat_of(fixture, "huge").st_gid, 3000000000);
}

static void test_the_mask_does_not_matter(void **state)
{
	struct fixture *fixture = *state;
	mode_t before = umask(077);
	tar_add(&fixture->tar, .name = "file", .mode = 0666);
	tar_add(&fixture->tar, .name = "dir", .type = '5', .mode = 0777);
	tar_add(&fixture->tar, .name = "fifo", .type = '6', .mode = 0666);
	tar_add(&fixture->tar, .name = "implied/file");
	int r = fixture_unpack(fixture);
	umask(before);
	assert_int_equal(r, 0);
	assert_int_equal(stat_of(fixture, "file").st_mode, S_IFREG | 0666);
	assert_int_equal(stat_of(fixture, "dir").st_mode, S_IFDIR | 0777);
	assert_int_equal(stat_of(fixture, "fifo").st_mode, S_IFIFO | 0666);
	assert_int_equal(stat_of(fixture, "implied").st_mode, S_IFDIR | 0755);
}

static bool is_marked(const struct fixture *fixture, const char *path)
{
	_cleanup_close_ int fd = openat(fixture->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return overlay_is_marked(fd, OVERLAY_IMPLIED);
}

/* A directory that has taken a whiteout's place is none of those below. */
static void test_directories_without_an_entry_are_marked(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "implied/deep/file");
	tar_add(&fixture->tar, .name = "said", .type = '5', .mode = 0700);
	tar_add(&fixture->tar, .name = "said/file");
	tar_add(&fixture->tar, .name = "late/file");
	tar_add(&fixture->tar, .name = "late", .type = '5', .mode = 0711);
	tar_add(&fixture->tar, .name = ".wh.anew");
	tar_add(&fixture->tar, .name = "anew/file");
	assert_unpacks(fixture);
	assert_true(is_marked(fixture, "."));
	assert_true(is_marked(fixture, "implied"));
	assert_true(is_marked(fixture, "implied/deep"));
	assert_false(is_marked(fixture, "said"));
	assert_false(is_marked(fixture, "late"));
	assert_false(is_marked(fixture, "anew"));
}

static void test_a_layer_of_entries_has_no_mark(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "said", .type = '5', .mode = 0700);
	tar_add(&fixture->tar, .name = "said/file");
	assert_unpacks(fixture);
	assert_false(is_marked(fixture, "."));
}

/* What somebody has set on the place where the layer goes is not inherited. */
static void test_a_staging_directory_with_a_group(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(fchown(fixture->dir, 0, 1234), 0);
	assert_int_equal(fchmod(fixture->dir, 02777), 0);
	tar_add(&fixture->tar, .name = "file");
	tar_add(&fixture->tar, .name = "./", .type = '5', .mode = 0711, .uid = 3, .gid = 4, .mtime = 99);
	tar_add(&fixture->tar, .name = "dir/file");
	assert_unpacks(fixture);
	assert_int_equal(stat_of(fixture, "file").st_gid, 0);
	assert_int_equal(stat_of(fixture, "dir/file").st_gid, 0);
	assert_int_equal(stat_of(fixture, ".").st_mode, S_IFDIR | 0711);
	assert_int_equal(stat_of(fixture, ".").st_uid, 3);
	assert_int_equal(stat_of(fixture, ".").st_gid, 4);
	assert_int_equal(stat_of(fixture, ".").st_mtim.tv_sec, 99);
}

static void test_times(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *text;
		int64_t sec;
		long nsec;
	} cases[] = {
		{ "1700000000.123456789", 1700000000, 123456789 },
		{ "1700000000.5", 1700000000, 500000000 },
		{ "0", 0, 0 },
		{ "-1", 0, 0 },
		{ "-99999999999999999999", 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tar_pax_text(&fixture->tar, "mtime", cases[i].text);
		tar_add(&fixture->tar, .name = "file", .mtime = 5);
		tar_pax_text(&fixture->tar, "mtime", cases[i].text);
		tar_add(&fixture->tar, .name = "dir", .type = '5', .mtime = 5);
		assert_unpacks(fixture);
		assert_int_equal(stat_of(fixture, "file").st_mtim.tv_sec, cases[i].sec);
		assert_int_equal(stat_of(fixture, "file").st_mtim.tv_nsec, cases[i].nsec);
		assert_int_equal(stat_of(fixture, "dir").st_mtim.tv_sec, cases[i].sec);
		assert_int_equal(stat_of(fixture, "dir").st_mtim.tv_nsec, cases[i].nsec);
		fixture_again(fixture);
	}
	tar_pax_text(&fixture->tar, "mtime", "9223372036854775807.9");
	tar_add(&fixture->tar, .name = "far");
	assert_unpacks(fixture);
	assert_true(stat_of(fixture, "far").st_mtim.tv_sec >= INT32_MAX);
}

/* A layer that is written in the order in which find(1) goes, and one in the worst order for directories. */
static void test_times_of_directories(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "a/", .type = '5', .mode = 0500, .mtime = 10);
	tar_add(&fixture->tar, .name = "a/b/", .type = '5', .mode = 040000, .mtime = 20);
	tar_add(&fixture->tar, .name = "a/b/c", .mtime = 30);
	tar_add(&fixture->tar, .name = "x/y/z", .mtime = 60);
	tar_add(&fixture->tar, .name = "x/y", .type = '5', .mode = 0755, .mtime = 50);
	tar_add(&fixture->tar, .name = "x", .type = '5', .mode = 0755, .mtime = 40);
	tar_add(&fixture->tar, .name = "x/y", .type = '5', .mode = 0700, .mtime = 51);
	assert_unpacks(fixture);
	assert_int_equal(stat_of(fixture, "a").st_mtim.tv_sec, 10);
	assert_int_equal(stat_of(fixture, "a").st_mode & ALLPERMS, 0500);
	assert_int_equal(stat_of(fixture, "a/b").st_mtim.tv_sec, 20);
	assert_int_equal(stat_of(fixture, "a/b").st_mode & ALLPERMS, 0);
	assert_int_equal(stat_of(fixture, "x").st_mtim.tv_sec, 40);
	assert_int_equal(stat_of(fixture, "x/y").st_mtim.tv_sec, 51);
	assert_int_equal(stat_of(fixture, "x/y").st_mode & ALLPERMS, 0700);
	assert_int_equal(stat_of(fixture, "x/y/z").st_mtim.tv_sec, 60);
}

/* --- Extended attributes --- */

static void add_capability(struct fixture *fixture, const char *name)
{
	const struct vfs_cap_data capability = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0].permitted = 1 << CAP_NET_RAW,
	};
	tar_pax(&fixture->tar, "SCHILY.xattr.security.capability", &capability, sizeof capability);
	tar_add(&fixture->tar, .name = name, .mode = 0755, .uid = 1000, .gid = 1000);
}

static void test_capabilities_survive_the_change_of_owner(void **state)
{
	struct fixture *fixture = *state;
	add_capability(fixture, "ping");
	tar_add(&fixture->tar, .name = "hard", .type = '1', .link = "ping", .mode = 0644, .uid = 0);
	assert_unpacks(fixture);
	_cleanup_close_ int fd = openat(fixture->dir, "ping", O_RDONLY | O_CLOEXEC);
	struct vfs_cap_data found = { 0 };
	assert_int_equal(fgetxattr(fd, "security.capability", &found, sizeof found), sizeof found);
	assert_int_equal(found.data[0].permitted, 1 << CAP_NET_RAW);
	assert_int_equal(stat_of(fixture, "ping").st_uid, 1000);
	assert_int_equal(stat_of(fixture, "ping").st_mode & ALLPERMS, 0755);
}

static void test_senseless_capabilities(void **state)
{
	struct fixture *fixture = *state;
	tar_pax_text(&fixture->tar, "SCHILY.xattr.security.capability", "x");
	tar_add(&fixture->tar, .name = "ping");
	assert_refused(fixture, ERR_IMG_LAYER, "set an extended attribute of 'ping'");
	assert_string_equal(fixture->err.cause, "the attribute is security.capability");
}

static void test_attributes_of_every_namespace(void **state)
{
	struct fixture *fixture = *state;
	static const char *const kinds[] = { "0", "5", "2", "6" };
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		_cleanup_str_ struct str records = { 0 };
		tar_pax_record(&records, "SCHILY.xattr.user.name", "user", 4);
		tar_pax_record(&records, "SCHILY.xattr.trusted.name", "tru\0sted", 8);
		tar_pax_record(&records, "LIBARCHIVE.xattr.trusted.other%25", "YWJj", 4);
		tar_pax_record(&records, "SCHILY.xattr.security.selinux", "label", 5);
		tar_pax_record(&records, "SCHILY.xattr.security.ima", "x", 1);
		tar_pax_record(&records, "RHT.security.selinux", "label", 5);
		tar_pax_record(&records, "SCHILY.xattr.nonsense", "x", 1);
		tar_pax_record(&records, "SCHILY.xattr.", "x", 1);
		tar_pax_record(&records, "SCHILY.fflags", "uchg", 4);
		tar_add(&fixture->tar, .name = "pax", .type = 'x', .data = records.data, .data_len = records.len);
		tar_add(&fixture->tar, .name = kinds[i], .type = kinds[i][0], .link = "x", .mtime = 77);
	}
	assert_unpacks(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		/* The kernel has user.* for files and directories only. */
		assert_string_equal(xattr_of(fixture, kinds[i], "user.name"), i < 2 ? "user" : "-");
		assert_memory_equal(xattr_of(fixture, kinds[i], "trusted.name"), "tru\0sted", 8);
		assert_string_equal(xattr_of(fixture, kinds[i], "trusted.other%"), "abc");
		assert_string_equal(xattr_of(fixture, kinds[i], "security.selinux"), "-");
		assert_string_equal(xattr_of(fixture, kinds[i], "security.ima"), "-");
		assert_int_equal(stat_of(fixture, kinds[i]).st_mtim.tv_sec, 77);
	}
	char directory[4096];
	assert_non_null(getcwd(directory, sizeof directory));
}

/* A second entry's attributes are the directory's, and not those of both. */
static void test_attributes_are_replaced(void **state)
{
	struct fixture *fixture = *state;
	tar_pax_text(&fixture->tar, "SCHILY.xattr.trusted.first", "1");
	tar_add(&fixture->tar, .name = "d", .type = '5', .mode = 0755);
	tar_add(&fixture->tar, .name = "d/.wh..wh..opq");
	tar_pax_text(&fixture->tar, "SCHILY.xattr.trusted.second", "2");
	tar_add(&fixture->tar, .name = "d", .type = '5', .mode = 0700);
	assert_unpacks(fixture);
	assert_string_equal(xattr_of(fixture, "d", "trusted.first"), "-");
	assert_string_equal(xattr_of(fixture, "d", "trusted.second"), "2");
	assert_true(is_opaque(fixture, "d"));
}

/* A POSIX ACL as the kernel stores it (acl_ea.h): version 2, then tag, permissions and id of each entry. */
struct acl {
	uint32_t version;
	struct {
		uint16_t tag, permissions;
		uint32_t id;
	} entries[5];
};

static const struct acl ACL = {
	2,
	{ { 1, 7, ~0u }, { 2, 7, 1000 }, { 4, 5, ~0u }, { 0x10, 7, ~0u }, { 0x20, 0, ~0u } },
};

static void test_access_lists(void **state)
{
	struct fixture *fixture = *state;
	char probe[16];
	if (getxattr(fixture->path, "system.posix_acl_access", probe, sizeof probe) < 0 && errno == ENOTSUP)
		skip();
	_cleanup_str_ struct str records = { 0 };
	tar_pax_record(&records, "SCHILY.xattr.system.posix_acl_access", &ACL, sizeof ACL);
	tar_pax_record(&records, "SCHILY.xattr.system.posix_acl_default", &ACL, sizeof ACL);
	tar_add(&fixture->tar, .name = "pax", .type = 'x', .data = records.data, .data_len = records.len);
	tar_add(&fixture->tar, .name = "d", .type = '5', .mode = 0770);
	/* The directory's default ACL would be the children's, if it were there already. */
	tar_add(&fixture->tar, .name = "d/plain", .mode = 0644);
	tar_add(&fixture->tar, .name = "d/sub", .type = '5', .mode = 0755);
	tar_pax(&fixture->tar, "SCHILY.xattr.system.posix_acl_access", &ACL, sizeof ACL);
	tar_add(&fixture->tar, .name = "d/listed", .mode = 0770, .uid = 5);
	assert_unpacks(fixture);
	assert_memory_equal(xattr_of(fixture, "d", "system.posix_acl_access"), &ACL, sizeof ACL);
	assert_memory_equal(xattr_of(fixture, "d", "system.posix_acl_default"), &ACL, sizeof ACL);
	assert_memory_equal(xattr_of(fixture, "d/listed", "system.posix_acl_access"), &ACL, sizeof ACL);
	assert_string_equal(xattr_of(fixture, "d/plain", "system.posix_acl_access"), "-");
	assert_string_equal(xattr_of(fixture, "d/sub", "system.posix_acl_default"), "-");
	assert_int_equal(stat_of(fixture, "d/plain").st_mode & ALLPERMS, 0644);
	assert_int_equal(stat_of(fixture, "d/sub").st_mode & ALLPERMS, 0755);
	assert_int_equal(stat_of(fixture, "d").st_mode & ALLPERMS, 0770);
}

static void test_access_lists_of_the_place(void **state)
{
	struct fixture *fixture = *state;
	if (fsetxattr(fixture->dir, "system.posix_acl_default", &ACL, sizeof ACL, 0) < 0 && errno == ENOTSUP)
		skip();
	tar_add(&fixture->tar, .name = "file");
	tar_add(&fixture->tar, .name = "dir/file");
	tar_add(&fixture->tar, .name = ".", .type = '5', .mode = 0755);
	assert_unpacks(fixture);
	static const char *const paths[] = { ".", "file", "dir", "dir/file" };
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_string_equal(xattr_of(fixture, paths[i], "system.posix_acl_access"), "-");
		assert_string_equal(xattr_of(fixture, paths[i], "system.posix_acl_default"), "-");
	}
	assert_int_equal(stat_of(fixture, "file").st_mode & ALLPERMS, 0644);
}

/* --- Kinds of files --- */

static void test_devices_and_fifos(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "null", .type = '3', .mode = 0666, .major = 1, .minor = 3, .gid = 6);
	tar_add(&fixture->tar, .name = "disk", .type = '4', .mode = 0660, .major = 259, .minor = 1048575);
	tar_add(&fixture->tar, .name = "fifo", .type = '6', .mode = 0640, .uid = 9, .mtime = 55);
	assert_unpacks(fixture);
	struct stat st = stat_of(fixture, "null");
	assert_int_equal(st.st_mode, S_IFCHR | 0666);
	assert_int_equal(st.st_rdev, makedev(1, 3));
	assert_int_equal(st.st_gid, 6);
	assert_int_equal(stat_of(fixture, "disk").st_rdev, makedev(259, 1048575));
	st = stat_of(fixture, "fifo");
	assert_int_equal(st.st_mode, S_IFIFO | 0640);
	assert_int_equal(st.st_uid, 9);
	assert_int_equal(st.st_mtim.tv_sec, 55);
}

static void test_hard_links(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "bin/a", .data = "text", .mode = 04755, .uid = 1000, .mtime = 5);
	tar_add(&fixture->tar, .name = "b", .type = '1', .link = "bin/a", .mode = 0600, .uid = 2000);
	tar_add(&fixture->tar, .name = "c", .data = "old");
	tar_add(&fixture->tar, .name = "c", .type = '1', .link = "/bin//a");
	tar_add(&fixture->tar, .name = "d/e", .data = "old");
	tar_add(&fixture->tar, .name = "d", .type = '1', .link = "./bin/x/../a");
	/* Old Go wrote the file's type into the mode, and old tars a size that has no data. */
	tar_add(&fixture->tar, .name = "e", .type = '1', .link = "bin/a", .mode = 0100755);
	tar_add(&fixture->tar, .name = "last", .data = "text");
	assert_unpacks(fixture);
	struct stat st = stat_of(fixture, "bin/a");
	assert_int_equal(st.st_nlink, 5);
	assert_int_equal(st.st_mode, S_IFREG | 04755);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(stat_of(fixture, "b").st_ino, st.st_ino);
	assert_int_equal(stat_of(fixture, "c").st_ino, st.st_ino);
	assert_int_equal(stat_of(fixture, "d").st_ino, st.st_ino);
	assert_int_equal(stat_of(fixture, "e").st_ino, st.st_ino);
	assert_text(fixture, "last", "text");
}

/* pax allows a link to bring its data again. */
static void test_hard_link_with_data(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "a", .data = "text");
	tar_pax_text(&fixture->tar, "comment", "so this is pax");
	tar_add(&fixture->tar, .name = "b", .type = '1', .link = "a", .data = "text");
	tar_add(&fixture->tar, .name = "c", .data = "text");
	assert_unpacks(fixture);
	assert_int_equal(stat_of(fixture, "a").st_ino, stat_of(fixture, "b").st_ino);
	assert_text(fixture, "c", "text");
}

static void test_later_entries_replace_earlier_ones(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "file", .data = "a longer first text");
	tar_add(&fixture->tar, .name = "file", .data = "second");
	tar_add(&fixture->tar, .name = "linked", .data = "first");
	tar_add(&fixture->tar, .name = "other", .type = '1', .link = "linked");
	tar_add(&fixture->tar, .name = "linked", .data = "second");
	tar_add(&fixture->tar, .name = "tree/a/b", .data = "text");
	tar_add(&fixture->tar, .name = "tree/a/c", .data = "text");
	tar_add(&fixture->tar, .name = "tree", .data = "file");
	tar_add(&fixture->tar, .name = "fifo", .type = '6');
	tar_add(&fixture->tar, .name = "fifo", .data = "file");
	tar_add(&fixture->tar, .name = "kept/file", .data = "text");
	tar_add(&fixture->tar, .name = "kept", .type = '5', .mode = 0700);
	tar_add(&fixture->tar, .name = "back/and", .data = "text");
	tar_add(&fixture->tar, .name = "back", .data = "text");
	tar_add(&fixture->tar, .name = "back", .type = '5', .mode = 0711);
	tar_add(&fixture->tar, .name = "back/forth", .data = "text");
	assert_unpacks(fixture);
	assert_text(fixture, "file", "second");
	assert_text(fixture, "linked", "second");
	assert_text(fixture, "other", "first");
	assert_text(fixture, "tree", "file");
	assert_text(fixture, "fifo", "file");
	assert_text(fixture, "kept/file", "text");
	assert_text(fixture, "back/forth", "text");
	assert_false(exists(fixture, "back/and"));
	assert_int_equal(stat_of(fixture, "back").st_mode & ALLPERMS, 0711);
}

static void test_directories_as_files(void **state)
{
	struct fixture *fixture = *state;
	tar_add(&fixture->tar, .name = "old/", .mode = 0750);
	tar_pax_text(&fixture->tar, "path", "caf\xe9/");
	tar_add(&fixture->tar, .name = "x", .mode = 0750);
	assert_unpacks(fixture);
	assert_int_equal(stat_of(fixture, "old").st_mode, S_IFDIR | 0750);
	assert_int_equal(stat_of(fixture, "caf\xe9").st_mode, S_IFDIR | 0750);
}

/* --- Formats --- */

static void test_ustar_prefix(void **state)
{
	struct fixture *fixture = *state;
	struct tar_header header = { .type = '0' };
	memset(header.name, 'n', sizeof header.name);
	memset(header.prefix, 'p', sizeof header.prefix);
	tar_number(header.mode, sizeof header.mode, 0644);
	tar_number(header.size, sizeof header.size, 0);
	memcpy(header.magic, "ustar\00000", 8);
	tar_checksum(&header);
	str_append_len(&fixture->tar, &header, sizeof header);
	assert_unpacks(fixture);
	char name[257];
	memset(name, 'p', 155);
	name[155] = '/';
	memset(name + 156, 'n', 100);
	name[256] = '\0';
	assert_true(exists(fixture, name));
}

static void test_version_7(void **state)
{
	struct fixture *fixture = *state;
	struct tar_header header = { .name = "v7" };
	tar_number(header.mode, sizeof header.mode, 0600);
	tar_number(header.uid, sizeof header.uid, 12);
	tar_number(header.size, sizeof header.size, 4);
	tar_checksum(&header);
	str_append_len(&fixture->tar, &header, sizeof header);
	str_append(&fixture->tar, "text");
	tar_pad(&fixture->tar);
	assert_unpacks(fixture);
	assert_text(fixture, "v7", "text");
	assert_int_equal(stat_of(fixture, "v7").st_uid, 12);
}

static void test_gnu_long_names(void **state)
{
	struct fixture *fixture = *state;
	char name[240], target[200];
	memset(name, 'n', sizeof name);
	memset(target, 't', sizeof target);
	name[100] = target[100] = '/';
	name[239] = target[199] = '\0';
	tar_gnu_long(&fixture->tar, 'L', name);
	tar_gnu_long(&fixture->tar, 'K', target);
	tar_add(&fixture->tar, .name = "x", .type = '2', .link = "y", .gnu = "");
	tar_gnu_long(&fixture->tar, 'L', target);
	tar_add(&fixture->tar, .name = "x", .data = "text", .gnu = "");
	tar_gnu_long(&fixture->tar, 'K', target);
	tar_add(&fixture->tar, .name = "hard", .type = '1', .link = "y", .gnu = "");
	assert_unpacks(fixture);
	assert_link(fixture, name, target);
	assert_text(fixture, target, "text");
	assert_text(fixture, "hard", "text");
}

static void test_pax_values_win(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_str_ struct str records = { 0 };
	tar_pax_record(&records, "path", "real", 4);
	tar_pax_record(&records, "size", "4", 1);
	tar_pax_record(&records, "uid", "3000000", 7);
	tar_pax_record(&records, "gid", "3000001", 7);
	tar_pax_record(&records, "mtime", "9.25", 4);
	tar_pax_record(&records, "VENDOR.unknown", "a\0b", 3);
	tar_add(&fixture->tar, .name = "pax", .type = 'x', .data = records.data, .data_len = records.len);
	tar_add(&fixture->tar, .name = "fake", .data = "text", .size = 4, .uid = 1);
	tar_add(&fixture->tar, .name = "global", .type = 'g', .data = "15 path=global\n");
	tar_add(&fixture->tar, .name = "second", .data = "text");
	assert_unpacks(fixture);
	assert_text(fixture, "real", "text");
	struct stat st = stat_of(fixture, "real");
	assert_int_equal(st.st_uid, 3000000);
	assert_int_equal(st.st_gid, 3000001);
	assert_int_equal(st.st_mtim.tv_nsec, 250000000);
	assert_text(fixture, "second", "text");
}

/* Data at 1 MiB and at 3 MiB of a file of 4 MiB, in each of the ways in which GNU tar has written that. */
static void assert_sparse(const struct fixture *fixture, const char *name)
{
	struct stat st = stat_of(fixture, name);
	assert_int_equal(st.st_size, 4 << 20);
	assert_true(st.st_blocks * 512 < 1 << 20);
	_cleanup_close_ int fd = openat(fixture->dir, name, O_RDONLY | O_CLOEXEC);
	char buf[8] = "";
	assert_int_equal(pread(fd, buf, 4, 1 << 20), 4);
	assert_string_equal(buf, "one.");
	assert_int_equal(pread(fd, buf, 4, 3 << 20), 4);
	assert_string_equal(buf, "two.");
	assert_int_equal(pread(fd, buf, 4, 2 << 20), 4);
	assert_memory_equal(buf, "\0\0\0", 4);
}

static void test_sparse_old_gnu(void **state)
{
	struct fixture *fixture = *state;
	/* From the header's byte 345 on: atime, ctime, offset, longnames, a byte, four pairs, isextended, real size. */
	char extra[150] = "";
	tar_number(extra + 41, 12, 1 << 20);
	tar_number(extra + 53, 12, 4);
	tar_number(extra + 65, 12, 3 << 20);
	tar_number(extra + 77, 12, 4);
	tar_number(extra + 138, 12, 4 << 20);
	tar_add(&fixture->tar, .name = "old", .type = 'S', .data = "one.two.", .gnu = extra, .gnu_len = sizeof extra);
	assert_unpacks(fixture);
	assert_sparse(fixture, "old");
}

static void test_sparse_pax(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_str_ struct str v01 = { 0 }, v10 = { 0 };
	tar_pax_record(&v01, "GNU.sparse.size", "4194304", 7);
	tar_pax_record(&v01, "GNU.sparse.numblocks", "2", 1);
	tar_pax_record(&v01, "GNU.sparse.map", "1048576,4,3145728,4", 19);
	tar_add(&fixture->tar, .name = "pax", .type = 'x', .data = v01.data, .data_len = v01.len);
	tar_add(&fixture->tar, .name = "v01", .data = "one.two.");

	char data[TAR_BLOCK + 8] = "2\n1048576\n4\n3145728\n4\n";
	memcpy(data + TAR_BLOCK, "one.two.", 8);
	tar_pax_record(&v10, "GNU.sparse.major", "1", 1);
	tar_pax_record(&v10, "GNU.sparse.minor", "0", 1);
	tar_pax_record(&v10, "GNU.sparse.name", "v10", 3);
	tar_pax_record(&v10, "GNU.sparse.realsize", "4194304", 7);
	tar_add(&fixture->tar, .name = "pax", .type = 'x', .data = v10.data, .data_len = v10.len);
	tar_add(&fixture->tar, .name = "GNUSparseFile.1/v10", .data = data, .data_len = sizeof data);
	tar_add(&fixture->tar, .name = "last", .data = "text");
	assert_unpacks(fixture);
	assert_sparse(fixture, "v01");
	assert_sparse(fixture, "v10");
	assert_text(fixture, "last", "text");
}

/* --- Many --- */

static void test_many_entries_in_a_directory(void **state)
{
	struct fixture *fixture = *state;
	enum { COUNT = 100000 };
	for (int i = 0; i < COUNT; i++) {
		char name[32];
		snprintf(name, sizeof name, "dir/%d", i);
		tar_add(&fixture->tar, .name = name);
	}
	assert_unpacks(fixture);
	assert_int_equal(fixture->result.entries, COUNT);
	assert_true(exists(fixture, "dir/0") && exists(fixture, "dir/99999"));
}

static void test_large_file(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_str_ struct str data = { 0 };
	for (uint32_t i = 0; i < 3 << 20; i += 4)
		str_append_len(&data, &(uint32_t){ i * 2654435761u }, 4);
	tar_add(&fixture->tar, .name = "large", .data = data.data, .data_len = data.len);
	assert_unpacks(fixture);
	_cleanup_free_ char *found = NULL;
	size_t len = 0;
	assert_int_equal(file_read(fixture->dir, "large", 4 << 20, &found, &len, NULL), 0);
	assert_int_equal(len, data.len);
	assert_memory_equal(found, data.data, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty_archives),
		TEST(test_no_end_of_archive),
		TEST(test_bytes_behind_the_end_count),
		TEST(test_read_in_small_pieces),
		TEST(test_error_of_the_reader),
		TEST(test_owner_mode_and_times),
		TEST(test_the_mask_does_not_matter),
		TEST(test_directories_without_an_entry_are_marked),
		TEST(test_a_layer_of_entries_has_no_mark),
		TEST(test_a_staging_directory_with_a_group),
		TEST(test_times),
		TEST(test_times_of_directories),
		TEST(test_capabilities_survive_the_change_of_owner),
		TEST(test_senseless_capabilities),
		TEST(test_attributes_of_every_namespace),
		TEST(test_attributes_are_replaced),
		TEST(test_access_lists),
		TEST(test_access_lists_of_the_place),
		TEST(test_devices_and_fifos),
		TEST(test_hard_links),
		TEST(test_hard_link_with_data),
		TEST(test_later_entries_replace_earlier_ones),
		TEST(test_directories_as_files),
		TEST(test_ustar_prefix),
		TEST(test_version_7),
		TEST(test_gnu_long_names),
		TEST(test_pax_values_win),
		TEST(test_sparse_old_gnu),
		TEST(test_sparse_pax),
		TEST(test_many_entries_in_a_directory),
		TEST(test_large_file),
	};
	return fixture_is_possible() ? cmocka_run_group_tests_name("unpack_files", tests, NULL, NULL) : 0;
}
