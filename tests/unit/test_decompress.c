/* SPDX-License-Identifier: Apache-2.0 */
/* gzip, zstd and plain streams, whole and broken, cut into pieces of every size; gzip by each library that is built in. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/decompress.h"

static const struct inflater *const INFLATERS[] = {
	&inflater_zlib,
#if HAVE_ISAL
	&inflater_isal,
#endif
};

#define FOR_EACH_INFLATER(variable)                                                         \
	for (size_t variable##_i = 0; variable##_i < ARRAY_SIZE(INFLATERS); variable##_i++) \
		for (const struct inflater *variable = INFLATERS[variable##_i]; variable; variable = NULL)

struct input {
	const char *data;
	size_t len, piece;
};

static ssize_t read_input(void *context, void *buf, size_t size)
{
	struct input *input = context;
	size_t n = MIN(size, input->len);
	if (input->piece > 0 && n > input->piece)
		n = input->piece;
	if (n > 0)
		memcpy(buf, input->data, n);
	input->data += n;
	input->len -= n;
	return (ssize_t)n;
}

/* Decompress @len bytes that come in pieces of @piece, reading @step at a time. Returns 0 or a code. */
static int decompress(const struct inflater *inflater, const void *data, size_t len, size_t piece, size_t step,
		      struct str *ret, struct error *err)
{
	struct input input = { .data = data, .len = len, .piece = piece };
	_cleanup_decompressor_ struct decompressor *decompressor = NULL;
	int r = decompress_open(read_input, &input, &decompressor, err);
	if (r < 0)
		return r;
	decompress_set_inflater(decompressor, inflater);
	_cleanup_free_ char *buf = mem_alloc(step);
	for (;;) {
		ssize_t n = decompress_read(decompressor, buf, step, err);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		str_append_len(ret, buf, (size_t)n);
		if ((size_t)n < step)
			assert_int_equal(decompress_read(decompressor, buf, step, err), 0);
	}
	assert_int_equal(decompress_consumed(decompressor), len);
	return 0;
}

static void assert_becomes(const struct inflater *inflater, const struct str *from, const struct str *to)
{
	static const size_t pieces[] = { 0, 1, 2, 7, 64, 1000 }, steps[] = { 1 << 20, 1, 13, 4096 };
	for (size_t i = 0; i < ARRAY_SIZE(pieces) * ARRAY_SIZE(steps); i++) {
		size_t piece = pieces[i % ARRAY_SIZE(pieces)], step = steps[i / ARRAY_SIZE(pieces)];
		_cleanup_str_ struct str found = { 0 };
		struct error err = { 0 };
		int r = decompress(inflater, from->data, from->len, piece, step, &found, &err);
		if (r < 0)
			fail_msg("%s, pieces of %zu, steps of %zu: %s", inflater->name, piece, step, err.message);
		assert_int_equal(found.len, to->len);
		assert_memory_equal(str_text(&found), str_text(to), to->len);
	}
}

static void assert_fails(const struct inflater *inflater, const struct str *from, const char *words)
{
	static const size_t pieces[] = { 0, 1, 100 };
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		_cleanup_str_ struct str found = { 0 };
		struct error err = { 0 };
		assert_int_equal(decompress(inflater, from->data, from->len, pieces[i], 1000, &found, &err),
				 -ERR_IMG_LAYER);
		if (!strstr(err.message, words))
			fail_msg("%s: '%s' is not in: %s", inflater->name, words, err.message);
	}
}

/* Text that compresses well in parts, and in parts not at all. */
static struct str make_text(size_t len)
{
	struct str text = { 0 };
	uint32_t state = 1;
	while (text.len < len) {
		state = state * 1664525 + 1013904223;
		if (text.len / 3000 % 2)
			str_append_char(&text, (char)(state >> 24));
		else
			str_append(&text, state & 1 << 30 ? "the same again and " : "another word ");
	}
	return text;
}

/* One member as zlib makes it. */
static void add_member(struct str *out, const struct str *text, int level)
{
	z_stream stream = { 0 };
	assert_int_equal(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	size_t room = deflateBound(&stream, text->len) + 64; /* which forgets a little for level 0 */
	_cleanup_free_ char *buf = mem_alloc(room);
	stream.next_in = (unsigned char *)str_text(text);
	stream.avail_in = (unsigned)text->len;
	stream.next_out = (unsigned char *)buf;
	stream.avail_out = (unsigned)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	str_append_len(out, buf, stream.total_out);
	deflateEnd(&stream);
}

static void add_frame(struct str *out, const struct str *text)
{
	size_t room = ZSTD_compressBound(text->len);
	_cleanup_free_ char *buf = mem_alloc(room);
	size_t len = ZSTD_compress(buf, room, str_text(text), text->len, 3);
	assert_false(ZSTD_isError(len));
	str_append_len(out, buf, len);
}

/* --- What it is --- */

static void test_formats_are_recognized(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int kind; /* or a code */
	} cases[] = {
		{ "", 0, LAYER_PLAIN },
		{ "x", 1, LAYER_PLAIN },
		{ "\x1f\x8b", 2, LAYER_PLAIN },
		{ "\x1f\x8b\x08", 3, LAYER_GZIP },
		{ "\x1f\x8b\x07xxxxxxx", 10, LAYER_PLAIN },
		{ "\x28\xb5\x2f\xfd", 4, LAYER_ZSTD },
		{ "\x5f\x2a\x4d\x18\x00\x00\x00\x00", 8, LAYER_ZSTD },
		{ "\xfd"
		  "7zXZ\0xx",
		  8, -ERR_IMG_LAYER },
		{ "BZh91AY", 7, -ERR_IMG_LAYER },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct input input = { .data = cases[i].bytes, .len = cases[i].len, .piece = 1 };
		_cleanup_decompressor_ struct decompressor *decompressor = NULL;
		struct error err = { 0 };
		int r = decompress_open(read_input, &input, &decompressor, &err);
		assert_int_equal(r < 0 ? r : (int)decompress_kind(decompressor), cases[i].kind);
		assert_true(r >= 0 || strstr(err.message, "it may be gzip, zstd or plain tar"));
	}
}

static ssize_t read_failure(void *context, void *buf, size_t size)
{
	return -EIO;
}

static void test_failing_reader(void **state)
{
	struct decompressor *decompressor = NULL;
	struct error err = { 0 };
	assert_int_equal(decompress_open(read_failure, NULL, &decompressor, &err), -ERR_SYSTEM);
	assert_null(decompressor);
	assert_int_equal(err.sys_errno, EIO);
}

static void test_plain(void **state)
{
	_cleanup_str_ struct str text = make_text(20000);
	assert_becomes(&inflater_zlib, &text, &text);
}

/* --- gzip --- */

static void test_gzip(void **state)
{
	static const size_t sizes[] = { 0, 1, 100, 70000 };
	for (size_t i = 0; i < ARRAY_SIZE(sizes) * 3; i++) {
		_cleanup_str_ struct str text = make_text(sizes[i / 3]), packed = { 0 };
		add_member(&packed, &text, (int[]){ 0, 1, 9 }[i % 3]);
		FOR_EACH_INFLATER(inflater)
		assert_becomes(inflater, &packed, &text);
	}
}

static void test_gzip_of_megabytes(void **state)
{
	_cleanup_str_ struct str text = make_text(5 << 20), packed = { 0 };
	add_member(&packed, &text, 6);
	FOR_EACH_INFLATER(inflater)
	{
		_cleanup_str_ struct str found = { 0 };
		assert_int_equal(decompress(inflater, packed.data, packed.len, 0, 256 * 1024, &found, NULL), 0);
		assert_int_equal(found.len, text.len);
		assert_memory_equal(found.data, text.data, text.len);
	}
}

static void test_gzip_members(void **state)
{
	_cleanup_str_ struct str packed = { 0 }, whole = { 0 };
	for (size_t i = 0; i < 40; i++) {
		_cleanup_str_ struct str text = make_text(i % 5 ? i * 37 : 0);
		add_member(&packed, &text, (int)(i % 10));
		str_append_len(&whole, str_text(&text), text.len);
	}
	FOR_EACH_INFLATER(inflater)
	assert_becomes(inflater, &packed, &whole);
}

/* A header with everything that RFC 1952 has: an extra field, a name, a comment, a checksum. */
static struct str make_header(bool right_checksum)
{
	struct str header = { 0 };
	str_append_len(&header, "\x1f\x8b\x08\x1e\x01\x02\x03\x04\x00\x03", 10);
	str_append_len(&header,
		       "\x05\x00"
		       "extra",
		       7);
	str_append_len(&header, "name", 5);
	str_append_len(&header, "a comment", 10);
	uint32_t crc = (uint32_t)crc32(0, (const unsigned char *)header.data, (unsigned)header.len);
	if (!right_checksum)
		crc ^= 1;
	str_append_char(&header, (char)(crc & 0xff));
	str_append_char(&header, (char)(crc >> 8 & 0xff));
	return header;
}

static void test_gzip_headers(void **state)
{
	_cleanup_str_ struct str text = make_text(1000), member = { 0 }, packed = { 0 }, whole = { 0 };
	add_member(&member, &text, 6);
	for (int i = 0; i < 2; i++) {
		_cleanup_str_ struct str header = make_header(true);
		str_append_len(&packed, header.data, header.len);
		str_append_len(&packed, member.data + 10, member.len - 10);
		str_append_len(&whole, text.data, text.len);
	}
	FOR_EACH_INFLATER(inflater)
	assert_becomes(inflater, &packed, &whole);

	_cleanup_str_ struct str wrong = make_header(false);
	str_append_len(&wrong, member.data + 10, member.len - 10);
	FOR_EACH_INFLATER(inflater)
	assert_fails(inflater, &wrong, "the checksum of its gzip header is wrong");
	member.data[3] = (char)0x20;
	FOR_EACH_INFLATER(inflater)
	assert_fails(inflater, &member, "its gzip header has unknown flags");
}

static void test_gzip_name_without_end(void **state)
{
	_cleanup_str_ struct str packed = { 0 };
	str_append_len(&packed, "\x1f\x8b\x08\x08\0\0\0\0\0\0", 10);
	for (int i = 0; i < 100000; i++)
		str_append_char(&packed, 'x');
	FOR_EACH_INFLATER(inflater)
	assert_fails(inflater, &packed, "a name in its gzip header does not end");
}

static void test_gzip_padding(void **state)
{
	_cleanup_str_ struct str text = make_text(1000), packed = { 0 };
	add_member(&packed, &text, 6);
	for (int i = 0; i < 5000; i++)
		str_append_char(&packed, '\0');
	FOR_EACH_INFLATER(inflater)
	assert_becomes(inflater, &packed, &text);
	str_append_char(&packed, 'x');
	FOR_EACH_INFLATER(inflater)
	assert_fails(inflater, &packed, "something that is not gzip follows its gzip stream");
}

static void test_gzip_junk(void **state)
{
	_cleanup_str_ struct str text = make_text(1000), packed = { 0 };
	add_member(&packed, &text, 6);
	str_append(&packed, "this is not a gzip header");
	FOR_EACH_INFLATER(inflater)
	assert_fails(inflater, &packed, "something that is not gzip follows its gzip stream");
}

static void test_gzip_truncated(void **state)
{
	_cleanup_str_ struct str text = make_text(600), packed = { 0 };
	add_member(&packed, &text, 6);
	size_t first = packed.len;
	add_member(&packed, &text, 1);
	for (size_t len = 3; len < packed.len; len++) {
		const struct str cut = { .data = packed.data, .len = len };
		FOR_EACH_INFLATER(inflater)
		if (len != first)
			assert_fails(inflater, &cut, "layer is truncated: its gzip stream ends in the middle");
	}
}

static void test_gzip_wrong_trailer(void **state)
{
	_cleanup_str_ struct str text = make_text(1000), packed = { 0 };
	add_member(&packed, &text, 6);
	for (size_t i = 1; i <= 8; i++) {
		packed.data[packed.len - i] ^= 4;
		FOR_EACH_INFLATER(inflater)
		assert_fails(inflater, &packed, "the checksum of its gzip stream is wrong");
		packed.data[packed.len - i] ^= 4;
	}
}

/* Every bit of it matters but those of the header, and no wrong one is missed or gets us stuck. */
static void test_gzip_flipped_bits(void **state)
{
	_cleanup_str_ struct str text = make_text(800), packed = { 0 };
	add_member(&packed, &text, 9);
	for (size_t bit = 10 * 8; bit < packed.len * 8; bit++) {
		packed.data[bit / 8] ^= (char)(1 << bit % 8);
		FOR_EACH_INFLATER(inflater)
		{
			_cleanup_str_ struct str found = { 0 };
			int r = decompress(inflater, packed.data, packed.len, 0, 512, &found, NULL);
			/* Some bits are padding between the last block and the trailer. */
			assert_true(r == -ERR_IMG_LAYER ||
				    (r == 0 && found.len == text.len && memcmp(found.data, text.data, text.len) == 0));
		}
		packed.data[bit / 8] ^= (char)(1 << bit % 8);
	}
}

/* --- zstd --- */

static void test_zstd(void **state)
{
	static const size_t sizes[] = { 0, 1, 70000 };
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_str_ struct str text = make_text(sizes[i]), packed = { 0 };
		add_frame(&packed, &text);
		assert_becomes(&inflater_zlib, &packed, &text);
	}
}

static void test_zstd_frames(void **state)
{
	_cleanup_str_ struct str packed = { 0 }, whole = { 0 };
	for (size_t i = 0; i < 20; i++) {
		_cleanup_str_ struct str text = make_text(i % 3 ? i * 100 : 0);
		if (i % 4 == 0)
			str_append_len(&packed,
				       "\x53\x2a\x4d\x18\x03\x00\x00\x00"
				       "xyz",
				       11);
		add_frame(&packed, &text);
		str_append_len(&whole, str_text(&text), text.len);
	}
	assert_becomes(&inflater_zlib, &packed, &whole);
}

static void test_zstd_truncated(void **state)
{
	_cleanup_str_ struct str text = make_text(5000), packed = { 0 };
	add_frame(&packed, &text);
	for (size_t len = 4; len < packed.len; len++) {
		const struct str cut = { .data = packed.data, .len = len };
		assert_fails(&inflater_zlib, &cut, "layer is truncated: its zstd stream ends in the middle");
	}
}

static void test_zstd_corrupt(void **state)
{
	_cleanup_str_ struct str text = make_text(5000), packed = { 0 };
	add_frame(&packed, &text);
	str_append(&packed, "junk");
	assert_fails(&inflater_zlib, &packed, "its zstd stream cannot be decompressed");
}

/* A frame without content whose header asks for a window of 2^27 and 2^28 bytes (RFC 8878, 3.1.1.1.2). */
static void test_zstd_window(void **state)
{
	const struct str allowed = { .data = (char[]){ "\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00" }, .len = 9 };
	const struct str refused = { .data = (char[]){ "\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00" }, .len = 9 };
	_cleanup_str_ struct str found = { 0 };
	assert_int_equal(decompress(&inflater_zlib, allowed.data, allowed.len, 0, 10, &found, NULL), 0);
	assert_int_equal(found.len, 0);
	assert_fails(&inflater_zlib, &refused, "its zstd window is larger than 128 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats_are_recognized),
		cmocka_unit_test(test_failing_reader),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_gzip_of_megabytes),
		cmocka_unit_test(test_gzip_members),
		cmocka_unit_test(test_gzip_headers),
		cmocka_unit_test(test_gzip_name_without_end),
		cmocka_unit_test(test_gzip_padding),
		cmocka_unit_test(test_gzip_junk),
		cmocka_unit_test(test_gzip_truncated),
		cmocka_unit_test(test_gzip_wrong_trailer),
		cmocka_unit_test(test_gzip_flipped_bits),
		cmocka_unit_test(test_zstd),
		cmocka_unit_test(test_zstd_frames),
		cmocka_unit_test(test_zstd_truncated),
		cmocka_unit_test(test_zstd_corrupt),
		cmocka_unit_test(test_zstd_window),
	};
	return cmocka_run_group_tests_name("decompress", tests, NULL, NULL);
}
