/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of tar archives that we write, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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
		cmocka_unit_test(test_padding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
