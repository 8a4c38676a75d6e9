/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of tar archives that we write, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/util.h"
#include "image/tar-write.h"

static void test_header_of_a_file(void **state)
{
	char block[TAR_BLOCK];
	tar_header("blobs/sha256/x", 1234, false, block);
	assert_string_equal(block, "blobs/sha256/x");
	assert_string_equal(block + 100, "0000644");
	assert_string_equal(block + 124, "00000002322");
	assert_int_equal(block[156], '0');
	assert_memory_equal(block + 257, "ustar\00000", 8);
}

static void test_checksum_counts_itself_as_spaces(void **state)
{
	char block[TAR_BLOCK], text[8];
	unsigned sum = 0;
	tar_header("a/", 0, true, block);
	for (size_t i = 0; i < sizeof block; i++)
		sum += i >= 148 && i < 156 ? ' ' : (unsigned char)block[i];
	snprintf(text, sizeof text, "%06o", sum & 0777777);
	assert_string_equal(block + 148, text);
	assert_int_equal(block[155], ' ');
	assert_int_equal(block[156], '5');
}

static void test_sizes_beyond_octal_are_binary(void **state)
{
	static const unsigned char eight_gib[12] = { 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0 };
	char block[TAR_BLOCK];
	tar_header("x", (UINT64_C(1) << 33) - 1, false, block);
	assert_string_equal(block + 124, "77777777777");
	tar_header("x", UINT64_C(1) << 33, false, block);
	assert_memory_equal(block + 124, eight_gib, sizeof eight_gib);
}

/* --- entries --- */

static void test_a_plain_entry_is_one_block(void **state)
{
	struct str out = { 0 };
	const struct entry entry = {
		.raw = "dev/null",
		.mode = S_IFCHR | 0640,
		.uid = 1000,
		.gid = 5,
		.mtime = { .tv_sec = 8 },
		.device = makedev(1, 3),
	};
	tar_entry_header(&entry, &out);
	assert_int_equal(out.len, TAR_BLOCK);
	assert_string_equal(out.data, "dev/null");
	assert_string_equal(out.data + 100, "0000640");
	assert_string_equal(out.data + 108, "0001750");
	assert_string_equal(out.data + 136, "00000000010");
	assert_int_equal(out.data[156], '3');
	assert_string_equal(out.data + 329, "0000001");
	assert_string_equal(out.data + 337, "0000003");
	str_done(&out);
}

static void test_types(void **state)
{
	static const struct {
		struct entry entry;
		char type;
		const char *name;
	} cases[] = {
		{ { .raw = "a", .mode = S_IFREG }, '0', "a" },
		{ { .raw = "a", .mode = S_IFREG, .hard_link = true, .target = (char *)"b" }, '1', "a" },
		{ { .raw = "a", .mode = S_IFLNK, .target = (char *)"b" }, '2', "a" },
		{ { .raw = "a", .mode = S_IFBLK }, '4', "a" },
		{ { .raw = "a", .mode = S_IFDIR }, '5', "a/" },
		{ { .raw = "a", .mode = S_IFIFO }, '6', "a" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str out = { 0 };
		tar_entry_header(&cases[i].entry, &out);
		assert_string_equal(out.data, cases[i].name);
		assert_int_equal(out.data[156], cases[i].type);
		assert_string_equal(out.data + 157, cases[i].entry.target ? "b" : "");
		str_done(&out);
	}
}

/* The extended header's records, as text. */
static char *records_of(const struct entry *entry)
{
	struct str out = { 0 };
	tar_entry_header(entry, &out);
	assert_int_equal(out.data[156], 'x');
	size_t len = strtoul(out.data + 124, NULL, 8);
	char *records = mem_strndup(out.data + TAR_BLOCK, len);
	assert_int_equal(out.len, 2 * TAR_BLOCK + len + tar_padding(len));
	str_done(&out);
	return records;
}

static void test_what_ustar_has_no_room_for(void **state)
{
	struct entry_xattr xattr = { .name = "user.x", .value = "=\n", .len = 2 };
	static const struct {
		struct entry entry;
		const char *records;
	} cases[] = {
		{ { .mode = S_IFREG, .uid = 2097152 }, "15 uid=2097152\n" },
		{ { .mode = S_IFREG, .gid = 4294967294 }, "18 gid=4294967294\n" },
		{ { .mode = S_IFREG, .size = UINT64_C(1) << 33 }, "19 size=8589934592\n" },
		{ { .mode = S_IFREG, .mtime = { .tv_sec = 1, .tv_nsec = 500000000 } }, "13 mtime=1.5\n" },
		{ { .mode = S_IFREG, .mtime = { .tv_sec = -2 } }, "12 mtime=-2\n" },
		{ { .mode = S_IFREG, .mtime = { .tv_sec = -2, .tv_nsec = 750000000 } }, "15 mtime=-1.25\n" },
		{ { .mode = S_IFREG, .mtime = { .tv_sec = -1, .tv_nsec = 750000000 } }, "15 mtime=-0.25\n" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct entry entry = cases[i].entry;
		entry.raw = "a";
		char *records = records_of(&entry);
		assert_string_equal(records, cases[i].records);
		free(records);
	}
	char *records =
		records_of(&(const struct entry){ .raw = "a", .mode = S_IFREG, .xattrs = &xattr, .n_xattrs = 1 });
	assert_string_equal(records, "26 SCHILY.xattr.user.x==\n\n");
	free(records);
}

/* A record's length counts its own digits, also where they become one more by that. */
static void test_long_names(void **state)
{
	for (size_t len = 80; len < 120; len++) {
		char name[128] = { 0 }, expected[160];
		memset(name, 'n', len);
		const struct entry entry = { .raw = name, .mode = S_IFREG };
		struct str out = { 0 };
		tar_entry_header(&entry, &out);
		snprintf(expected, sizeof expected, "%zu path=%s\n", len + (len + 10 > 99 ? 10 : 9), name);
		if (len < TAR_NAME_MAX)
			assert_string_equal(out.data, name);
		else
			assert_string_equal(out.data + TAR_BLOCK, expected);
		str_done(&out);
	}
}

static void test_padding(void **state)
{
	assert_int_equal(tar_padding(0), 0);
	assert_int_equal(tar_padding(1), 511);
	assert_int_equal(tar_padding(512), 0);
	assert_int_equal(tar_padding(513), 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_of_a_file),
		cmocka_unit_test(test_checksum_counts_itself_as_spaces),
		cmocka_unit_test(test_sizes_beyond_octal_are_binary),
		cmocka_unit_test(test_a_plain_entry_is_one_block),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_what_ustar_has_no_room_for),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_padding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
