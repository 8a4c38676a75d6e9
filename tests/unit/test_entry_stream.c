/* SPDX-License-Identifier: Apache-2.0 */
/* Entries on their way out of the process that parses an archive: told, read back, refused; and that process. */
#include "unpack-fixture.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "image/copy-parser.h"
#include "image/entry-stream.h"

/* --- A stream in memory --- */

static ssize_t read_memory(void *context, void *buf, size_t size, struct error *err)
{
	(void)err;
	return memory_read(context, buf, size);
}

static void finish_stream(struct entry_writer *writer, struct str *ret)
{
	char buf[4096];
	ssize_t n;
	assert_int_equal(entry_write_end(writer, NULL, NULL), 0);
	assert_int_equal(lseek(writer->fd, 0, SEEK_SET), 0);
	while ((n = read(writer->fd, buf, sizeof buf)) > 0)
		str_append_len(ret, buf, (size_t)n);
	fd_close(writer->fd);
	entry_writer_done(writer);
}

static struct entry_writer begin_stream(void)
{
	return (struct entry_writer){ .fd = memfd_create("stream", MFD_CLOEXEC) };
}

static char FILE_NAME[] = "usr/bin/file";
static const struct entry_xattr XATTRS[] = { { .name = "user.note", .value = "a\0b", .len = 3 },
					     { .name = "security.capability", .value = "", .len = 0 } };
static const struct entry REGULAR = {
	.raw = "usr/bin/file",
	.mode = S_IFREG | 04755,
	.uid = 1000,
	.gid = 7,
	.mtime = { .tv_sec = 1234567890, .tv_nsec = 999999999 },
	.size = 300,
	.xattrs = (struct entry_xattr *)XATTRS,
	.n_xattrs = ARRAY_SIZE(XATTRS),
};

/* A file with a hole in it, a hard link to it, a device, a link that leads out. */
static void make_stream(struct str *ret)
{
	struct entry_writer writer = begin_stream();
	const struct entry link = { .raw = "two", .mode = S_IFREG, .hard_link = true, .target = FILE_NAME };
	const struct entry device = { .raw = "null", .mode = S_IFCHR | 0666, .device = makedev(1, 3) };
	char target[] = "../../..";
	const struct entry symlink = { .raw = "out", .mode = S_IFLNK | 0777, .target = target };
	assert_int_equal(entry_write(&writer, &REGULAR, NULL), 0);
	assert_int_equal(entry_write_data(&writer, "0123456789", 10, NULL), 0);
	assert_int_equal(entry_write_hole(&writer, 285, NULL), 0);
	assert_int_equal(entry_write_data(&writer, "abcde", 5, NULL), 0);
	assert_int_equal(entry_write(&writer, &link, NULL), 0);
	assert_int_equal(entry_write(&writer, &device, NULL), 0);
	assert_int_equal(entry_write(&writer, &symlink, NULL), 0);
	finish_stream(&writer, ret);
}

static void assert_event(struct entry_reader *reader, enum entry_frame_kind kind, struct entry_event *ret)
{
	struct error err = { 0 };
	if (entry_read(reader, ret, &err) != 1)
		fail_msg("%s", err.message);
	assert_int_equal(ret->kind, kind);
}

static void assert_regular(const struct entry *entry)
{
	assert_string_equal(entry->raw, REGULAR.raw);
	assert_int_equal(entry->mode, REGULAR.mode);
	assert_int_equal(entry->uid, 1000);
	assert_int_equal(entry->gid, 7);
	assert_int_equal(entry->mtime.tv_sec, 1234567890);
	assert_int_equal(entry->mtime.tv_nsec, 999999999);
	assert_int_equal(entry->size, 300);
	assert_null(entry->target);
	assert_int_equal(entry->n_xattrs, 2);
	assert_string_equal(entry->xattrs[0].name, "user.note");
	assert_int_equal(entry->xattrs[0].len, 3);
	assert_memory_equal(entry->xattrs[0].value, "a\0b", 3);
	assert_string_equal(entry->xattrs[1].name, "security.capability");
	assert_int_equal(entry->xattrs[1].len, 0);
}

static void assert_reads_back(const struct str *stream, size_t piece)
{
	struct memory memory = { .data = stream->data, .len = stream->len, .piece = piece };
	_cleanup_entry_reader_ struct entry_reader reader = { .read = read_memory, .context = &memory };
	struct entry_event event;
	assert_event(&reader, ENTRY_FRAME_ENTRY, &event);
	assert_regular(event.entry);
	assert_event(&reader, ENTRY_FRAME_DATA, &event);
	assert_int_equal(event.len, 10);
	assert_memory_equal(event.data, "0123456789", 10);
	assert_event(&reader, ENTRY_FRAME_HOLE, &event);
	assert_int_equal(event.len, 285);
	assert_event(&reader, ENTRY_FRAME_DATA, &event);
	assert_int_equal(event.len, 5);
	assert_event(&reader, ENTRY_FRAME_ENTRY, &event);
	assert_true(event.entry->hard_link);
	assert_string_equal(event.entry->target, REGULAR.raw);
	assert_event(&reader, ENTRY_FRAME_ENTRY, &event);
	assert_int_equal(event.entry->device, makedev(1, 3));
	assert_event(&reader, ENTRY_FRAME_ENTRY, &event);
	assert_string_equal(event.entry->target, "../../..");
	assert_int_equal(entry_read(&reader, &event, NULL), 0);
	assert_false(reader.cut_off);
}

static void test_what_is_told_is_read(void **state)
{
	static const size_t pieces[] = { 0, 1, 7, 100 };
	_cleanup_str_ struct str stream = { 0 };
	(void)state;
	make_stream(&stream);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
		assert_reads_back(&stream, pieces[i]);
}

static void test_large_data(void **state)
{
	enum { SIZE = 3 << 20 };
	(void)state;
	_cleanup_free_ char *data = mem_alloc(SIZE);
	_cleanup_str_ struct str stream = { 0 };
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 31 >> 3);
	struct entry entry = REGULAR;
	entry.size = SIZE;
	struct entry_writer writer = begin_stream();
	assert_int_equal(entry_write(&writer, &entry, NULL), 0);
	assert_int_equal(entry_write_data(&writer, data, SIZE, NULL), 0);
	finish_stream(&writer, &stream);
	struct memory memory = { .data = stream.data, .len = stream.len, .piece = 65521 };
	_cleanup_entry_reader_ struct entry_reader reader = { .read = read_memory, .context = &memory };
	struct entry_event event;
	assert_event(&reader, ENTRY_FRAME_ENTRY, &event);
	for (size_t at = 0; at < SIZE; at += event.len) {
		assert_event(&reader, ENTRY_FRAME_DATA, &event);
		assert_memory_equal(event.data, data + at, event.len);
	}
	assert_int_equal(entry_read(&reader, &event, NULL), 0);
}

/* --- What is refused --- */

static int read_all(const void *data, size_t len, bool *ret_cut_off, struct error *err)
{
	struct memory memory = { .data = data, .len = len };
	_cleanup_entry_reader_ struct entry_reader reader = { .read = read_memory, .context = &memory };
	struct entry_event event;
	int r;
	*err = (struct error){ 0 };
	while ((r = entry_read(&reader, &event, err)) > 0)
		;
	*ret_cut_off = reader.cut_off;
	return r;
}

static void assert_senseless(const struct str *stream, const char *words)
{
	struct error err;
	bool cut_off;
	assert_int_equal(read_all(stream->data, stream->len, &cut_off, &err), -ERR_IMG_LAYER);
	assert_false(cut_off);
	if (!strstr(err.message, words))
		fail_msg("expected '%s' in '%s'", words, err.message);
}

static void test_stream_that_is_cut_off(void **state)
{
	_cleanup_str_ struct str stream = { 0 };
	struct error err;
	bool cut_off;
	(void)state;
	make_stream(&stream);
	for (size_t len = 0; len < stream.len; len++) {
		assert_int_equal(read_all(stream.data, len, &cut_off, &err), -ERR_IMG_LAYER);
		assert_true(cut_off);
	}
	assert_int_equal(read_all(stream.data, stream.len, &cut_off, &err), 0);
}

static void put_frame(struct str *stream, uint32_t kind, const void *data, size_t len)
{
	const struct entry_frame_head head = { .kind = kind, .len = (uint32_t)len };
	str_append_len(stream, &head, sizeof head);
	str_append_len(stream, data, len);
}

/* An entry with the lengths that @frame has, whatever the texts are. */
static void put_raw_entry(struct str *stream, const struct entry_frame_entry *frame, const void *texts, size_t len)
{
	_cleanup_str_ struct str body = { 0 };
	str_append_len(&body, frame, sizeof *frame);
	str_append_len(&body, texts, len);
	put_frame(stream, ENTRY_FRAME_ENTRY, body.data, body.len);
}

static void put_named(struct str *stream, struct entry_frame_entry frame, const char *name, const char *target)
{
	_cleanup_str_ struct str texts = { 0 };
	frame.name_len = (uint32_t)strlen(name);
	frame.target_len = (uint32_t)strlen(target);
	str_append_len(&texts, name, frame.name_len + 1);
	str_append_len(&texts, target, frame.target_len + 1);
	put_raw_entry(stream, &frame, texts.data, texts.len);
}

static void test_names_that_are_none(void **state)
{
	static const char *const names[] = { "",    "/",      "/etc", "a/",   "a//b",
					     ".",   "..",     "a/..", "../a", "a/./b",
					     "./a", "a/../b", "a/.",  "//",   "../../../etc/passwd" };
	static const char *const fine[] = { "a", "...", ".a", "..a/b..", "a/.../b", "\xff\x80", "-rf", "a b\n" };
	struct error err;
	bool cut_off;
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_str_ struct str name = { 0 }, target = { 0 };
		put_named(&name, (struct entry_frame_entry){ .mode = S_IFDIR | 0755 }, names[i], "");
		assert_senseless(&name, "a name that is none");
		put_named(&target, (struct entry_frame_entry){ .mode = S_IFREG, .hard_link = 1 }, "a", names[i]);
		assert_senseless(&target, "a link to what is no name");
	}
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++) {
		_cleanup_str_ struct str stream = { 0 };
		put_named(&stream, (struct entry_frame_entry){ .mode = S_IFREG, .hard_link = 1 }, fine[i], fine[i]);
		put_frame(&stream, ENTRY_FRAME_END, "", 0);
		assert_int_equal(read_all(stream.data, stream.len, &cut_off, &err), 0);
	}
}

static void test_texts_that_are_none(void **state)
{
	/* Of one byte each, with what follows them. */
	static const struct {
		uint32_t name_len, target_len;
		const char *texts;
		size_t len;
	} cases[] = {
		{ 1, 0, "a", 1 },
		{ 1, 0, "ab", 3 },
		{ 3, 0, "a\0b\0", 5 },
		{ UINT32_MAX, 0, "a\0", 3 },
		{ 4096, 0, "a", 2 },
		{ 1, UINT32_MAX, "a\0", 3 },
		{ UINT32_MAX - 1, 0, "a", 2 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_str_ struct str stream = { 0 };
		const struct entry_frame_entry frame = { .mode = S_IFDIR,
							 .name_len = cases[i].name_len,
							 .target_len = cases[i].target_len };
		put_raw_entry(&stream, &frame, cases[i].texts, cases[i].len);
		assert_senseless(&stream, " no");
	}
	_cleanup_str_ struct str more = { 0 }, less = { 0 };
	put_raw_entry(&more, &(struct entry_frame_entry){ .mode = S_IFDIR, .name_len = 1 }, "a\0\0more", 8);
	assert_senseless(&more, "attributes that are none");
	put_frame(&less, ENTRY_FRAME_ENTRY, "less", 4);
	assert_senseless(&less, "an entry that is cut off");
}

static void test_values_that_cannot_be(void **state)
{
	static const struct {
		struct entry_frame_entry frame;
		const char *target, *words;
	} cases[] = {
		{ { .mode = 0755 }, "", "a type" },
		{ { .mode = S_IFSOCK | 0755 }, "", "a type" },
		{ { .mode = S_IFREG | 0x10000 }, "", "a type" },
		{ { .mode = S_IFREG, .hard_link = 2 }, "a", "a type" },
		{ { .mode = S_IFREG, .uid = UINT32_MAX }, "", "an owner" },
		{ { .mode = S_IFREG, .gid = UINT32_MAX }, "", "an owner" },
		{ { .mode = S_IFREG, .mtime_sec = -1 }, "", "a time" },
		{ { .mode = S_IFREG, .mtime_sec = INT64_MAX }, "", "a time" },
		{ { .mode = S_IFREG, .mtime_nsec = 1000000000 }, "", "a time" },
		{ { .mode = S_IFCHR, .device = UINT64_MAX }, "", "a device" },
		{ { .mode = S_IFREG, .size = UINT64_MAX }, "", "a size" },
		{ { .mode = S_IFDIR, .size = 1 }, "", "a size" },
		{ { .mode = S_IFREG, .hard_link = 1, .size = 1 }, "a", "a size" },
		{ { .mode = S_IFREG, .hard_link = 1 }, "", "a link" },
		{ { .mode = S_IFLNK }, "", "a link" },
		{ { .mode = S_IFREG }, "a", "a link" },
		{ { .mode = S_IFREG, .n_xattrs = 1 }, "", "attributes" },
		{ { .mode = S_IFREG, .n_xattrs = UINT32_MAX }, "", "attributes" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_str_ struct str stream = { 0 };
		put_named(&stream, cases[i].frame, "name", cases[i].target);
		assert_senseless(&stream, cases[i].words);
	}
}

static void put_xattr_entry(struct str *stream, struct entry_frame_xattr xattr, const char *name, const char *value)
{
	_cleanup_str_ struct str texts = { 0 };
	str_append_len(&texts, "a\0", 3); /* name, and no target */
	str_append_len(&texts, &xattr, sizeof xattr);
	str_append_len(&texts, name, strlen(name) + 1);
	str_append(&texts, value);
	put_raw_entry(stream, &(struct entry_frame_entry){ .mode = S_IFREG, .name_len = 1, .n_xattrs = 1 }, texts.data,
		      texts.len);
}

static void test_attributes_that_an_archive_may_not_set(void **state)
{
	static const struct {
		struct entry_frame_xattr head;
		const char *name;
	} cases[] = {
		{ { 22, 1 }, "trusted.overlay.opaque" },
		{ { 19, 1 }, "user.overlay.opaque" },
		{ { 16, 1 }, "security.selinux" },
		{ { 8, 2 }, "user.one" },
		{ { 8, UINT32_MAX }, "user.one" },
		{ { UINT32_MAX, 1 }, "user.one" },
		{ { 7, 1 }, "user.one" },
		{ { 300, 1 }, "user.one" },
	};
	_cleanup_str_ struct str good = { 0 };
	struct error err;
	bool cut_off;
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_str_ struct str stream = { 0 };
		put_xattr_entry(&stream, cases[i].head, cases[i].name, "y");
		assert_senseless(&stream, "attributes that are none");
	}
	put_xattr_entry(&good, (struct entry_frame_xattr){ 8, 1 }, "user.one", "y");
	put_frame(&good, ENTRY_FRAME_END, "", 0);
	assert_int_equal(read_all(good.data, good.len, &cut_off, &err), 0);
}

static void put_file(struct str *stream, uint64_t size)
{
	put_named(stream, (struct entry_frame_entry){ .mode = S_IFREG | 0644, .size = size }, "file", "");
}

static void assert_after_file(uint64_t size, uint32_t kind, const void *data, size_t len, const char *words)
{
	_cleanup_str_ struct str stream = { 0 };
	put_file(&stream, size);
	put_frame(&stream, kind, data, len);
	assert_senseless(&stream, words);
}

static void test_frames_out_of_place(void **state)
{
	const uint64_t none = 0, many = 5, all = UINT64_MAX;
	_cleanup_str_ struct str first = { 0 }, huge = { 0 };
	(void)state;
	assert_after_file(4, ENTRY_FRAME_DATA, "12345", 5, "data beyond");
	assert_after_file(4, ENTRY_FRAME_DATA, "", 0, "data beyond");
	assert_after_file(4, ENTRY_FRAME_HOLE, &many, sizeof many, "a hole beyond");
	assert_after_file(4, ENTRY_FRAME_HOLE, &all, sizeof all, "a hole beyond");
	assert_after_file(4, ENTRY_FRAME_HOLE, &none, sizeof none, "a hole beyond");
	assert_after_file(4, ENTRY_FRAME_HOLE, "1", 1, "a hole without");
	assert_after_file(4, ENTRY_FRAME_END, "", 0, "shorter than its size");
	assert_after_file(4, ENTRY_FRAME_ENTRY, "", 0, "shorter than its size");
	assert_after_file(0, ENTRY_FRAME_END, "x", 1, "an end that goes on");
	assert_after_file(0, ENTRY_FRAME_ERROR, "x", 1, "an error that is none");
	assert_after_file(0, 0, "", 0, "a frame that is none");
	assert_after_file(0, 77, "x", 1, "a frame that is none");
	put_frame(&first, ENTRY_FRAME_DATA, "x", 1);
	assert_senseless(&first, "data beyond");
	str_append_len(&huge, &(struct entry_frame_head){ .kind = ENTRY_FRAME_ENTRY, .len = UINT32_MAX },
		       sizeof(struct entry_frame_head));
	assert_senseless(&huge, "a frame that is none");
}

static void test_errors_that_are_sent(void **state)
{
	_cleanup_str_ struct str stream = { 0 }, strange = { 0 };
	struct error sent = { 0 }, err;
	bool cut_off;
	(void)state;
	err_set(&sent, ERR_NOSPC, "no room");
	put_file(&stream, 100); /* also in the middle of a file */
	put_frame(&stream, ENTRY_FRAME_ERROR, &sent, sizeof sent);
	assert_int_equal(read_all(stream.data, stream.len, &cut_off, &err), -ERR_NOSPC);
	assert_string_equal(err.message, "no room");
	memset(&sent, 'x', sizeof sent);
	put_frame(&strange, ENTRY_FRAME_ERROR, &sent, sizeof sent);
	assert_int_equal(read_all(strange.data, strange.len, &cut_off, &err), -ERR_INTERNAL);
	assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

static void test_what_cannot_be_told(void **state)
{
	_cleanup_free_ char *name = mem_alloc(ENTRY_NAME_LENGTH_MAX + 2), *value = mem_alloc(ENTRY_XATTR_VALUE_MAX + 1);
	_cleanup_entry_writer_ struct entry_writer writer = { .fd = -1 };
	(void)state;
	memset(name, 'n', ENTRY_NAME_LENGTH_MAX + 1);
	struct error err = { 0 };
	const struct entry named = { .raw = name, .mode = S_IFREG };
	assert_int_equal(entry_write(&writer, &named, &err), -ERR_IMG_LAYER);
	assert_non_null(strstr(err.message, "too long for a file"));
	const struct entry linked = { .raw = "a", .mode = S_IFLNK, .target = name };
	assert_int_equal(entry_write(&writer, &linked, NULL), -ERR_IMG_LAYER);
	struct entry_xattr xattr = { .name = "user.x", .value = value, .len = ENTRY_XATTR_VALUE_MAX + 1 };
	const struct entry marked = { .raw = "a", .mode = S_IFREG, .xattrs = &xattr, .n_xattrs = 1 };
	assert_int_equal(entry_write(&writer, &marked, NULL), -ERR_IMG_LAYER);
	xattr.len--;
	assert_int_equal(entry_write(&writer, &marked, NULL), -ERR_SYSTEM); /* it gets as far as writing */
}

/* --- The parser --- */

static ssize_t read_parser(void *context, void *buf, size_t size, struct error *err)
{
	const struct copy_parser *parser = context;
	ssize_t n = read(parser->fd, buf, size);
	return n < 0 ? err_sys(err, errno, "read") : n;
}

static void start_parser(struct fixture *fixture, struct copy_parser *ret, int *ret_pipe)
{
	int pair[2];
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(pair[1], fixture->tar.data, fixture->tar.len), 0);
	assert_int_equal(copy_parser_start(ret, pair[0], NULL), 0);
	fd_close(pair[0]);
	*ret_pipe = pair[1];
}

/* An archive whose entry is told before its end is known: the pipe stays open. */
static void test_what_the_parser_is(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_copy_parser_ struct copy_parser parser = COPY_PARSER_NONE;
	_cleanup_entry_reader_ struct entry_reader reader = { .read = read_parser, .context = &parser };
	_cleanup_close_ int secret = open("/etc/passwd", O_RDONLY), archive = -1;
	struct entry_event event;
	assert_true(secret >= 0);
	_cleanup_free_ char *large = mem_alloc(100001);
	memset(large, 'x', 100000);
	tar_add(&fixture->tar, .name = "./dir/../file", .data = large);
	str_truncate(&fixture->tar, 60000);
	start_parser(fixture, &parser, &archive);
	str_append_len(&fixture->tar, large, 20000);
	assert_int_equal(fd_write_all(archive, large, 20000), 0);
	_cleanup_free_ char *path = mem_printf("/proc/%d/status", parser.pid), *status = NULL;
	do {
		free(TAKE_PTR(status));
		assert_int_equal(file_read(AT_FDCWD, path, 1 << 16, &status, NULL, NULL), 0);
	} while (!strstr(status, "Seccomp:\t2\n"));
	assert_non_null(strstr(status, "CapPrm:\t0000000000000000\n"));
	assert_non_null(strstr(status, "CapEff:\t0000000000000000\n"));
	assert_non_null(strstr(status, "NoNewPrivs:\t1\n"));
	fd_close(TAKE_FD(archive));
	struct error err = { 0 };
	int r;
	assert_event(&reader, ENTRY_FRAME_ENTRY, &event);
	assert_string_equal(event.entry->raw, "file");
	while ((r = entry_read(&reader, &event, &err)) > 0)
		assert_int_equal(event.kind, ENTRY_FRAME_DATA);
	assert_int_equal(r, -ERR_IMG_LAYER);
	assert_non_null(strstr(err.message, "truncated"));
	assert_false(reader.cut_off);
}

/* Who writes the archive can do so to its end, whatever lies behind that of the entries. */
static void test_parser_reads_to_the_end(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_copy_parser_ struct copy_parser parser = COPY_PARSER_NONE;
	_cleanup_entry_reader_ struct entry_reader reader = { .read = read_parser, .context = &parser };
	_cleanup_free_ char *rest = mem_alloc(1 << 20);
	struct entry_event event;
	int archive;
	tar_add(&fixture->tar, .name = "a/b", .data = "text");
	tar_end(&fixture->tar);
	start_parser(fixture, &parser, &archive);
	assert_int_equal(fd_write_all(archive, rest, 1 << 20), 0);
	fd_close(archive);
	assert_event(&reader, ENTRY_FRAME_ENTRY, &event);
	assert_event(&reader, ENTRY_FRAME_DATA, &event);
	assert_int_equal(entry_read(&reader, &event, NULL), 0);
}

static void test_parser_that_dies(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_copy_parser_ struct copy_parser parser = COPY_PARSER_NONE;
	_cleanup_entry_reader_ struct entry_reader reader = { .read = read_parser, .context = &parser };
	struct entry_event event;
	struct error err = { 0 };
	int archive;
	start_parser(fixture, &parser, &archive);
	assert_int_equal(kill(parser.pid, SIGKILL), 0);
	assert_int_equal(entry_read(&reader, &event, &err), -ERR_IMG_LAYER);
	assert_true(reader.cut_off);
	assert_int_equal(copy_parser_explain(&parser, &err), -ERR_IMG_LAYER);
	assert_string_equal(err.message, "the process that reads the archive was killed by SIGKILL");
	fd_close(archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_told_is_read),
		cmocka_unit_test(test_large_data),
		cmocka_unit_test(test_stream_that_is_cut_off),
		cmocka_unit_test(test_names_that_are_none),
		cmocka_unit_test(test_texts_that_are_none),
		cmocka_unit_test(test_values_that_cannot_be),
		cmocka_unit_test(test_attributes_that_an_archive_may_not_set),
		cmocka_unit_test(test_frames_out_of_place),
		cmocka_unit_test(test_errors_that_are_sent),
		cmocka_unit_test(test_what_cannot_be_told),
		TEST(test_what_the_parser_is),
		TEST(test_parser_reads_to_the_end),
		TEST(test_parser_that_dies),
	};
	return cmocka_run_group_tests_name("entry_stream", tests, NULL, NULL);
}
