/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite-table.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"

enum {
	FILE_HEADER = 100,
	PAGE_MIN = 512,
	USABLE_MIN = 480,
	DEPTH_MAX = 20,
	PAYLOAD_MAX = 64 << 20,
	PAGE_INTERIOR = 5, /* of tables */
	PAGE_LEAF = 13,
	INTERIOR_HEADER = 12,
	LEAF_HEADER = 8,
};

struct reader {
	int fd;
	size_t page_size, usable;
	uint64_t size;
	uint64_t left; /* bytes that may be read yet: in a sound file each is read once, and used once */
};

struct visitor {
	int (*row)(struct reader *reader, const uint8_t *record, size_t len, void *data);
	void *data;
};

/* --- numbers --- */

static uint16_t get_u16(const uint8_t *at)
{
	uint16_t value;
	memcpy(&value, at, sizeof value);
	return be16toh(value);
}

static uint32_t get_u32(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return be32toh(value);
}

/* Seven bits of each byte, all eight of the ninth. Returns the bytes that it takes, 0 if it goes beyond @left. */
static size_t get_varint(const uint8_t *at, size_t left, uint64_t *ret)
{
	enum { LAST = 8, BITS = 7, MORE = 0x80 };
	uint64_t value = 0;
	for (size_t i = 0; i < left && i <= LAST; i++) {
		if (i == LAST) {
			*ret = value << 8 | at[i];
			return i + 1;
		}
		value = value << BITS | (at[i] & (MORE - 1));
		if (!(at[i] & MORE)) {
			*ret = value;
			return i + 1;
		}
	}
	return 0;
}

/* --- records --- */

struct column {
	uint64_t type;
	const uint8_t *bytes;
	size_t len;
};

enum { TYPE_ONE = 9, TYPE_BLOB_FIRST = 12 };

static uint64_t size_of_type(uint64_t type)
{
	static const uint8_t sizes[TYPE_BLOB_FIRST] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };
	return type < TYPE_BLOB_FIRST ? sizes[type] : (type - TYPE_BLOB_FIRST) / 2;
}

static bool find_column(const uint8_t *record, size_t len, unsigned number, struct column *ret)
{
	uint64_t header, body, type;
	size_t at = get_varint(record, len, &header);
	if (at == 0 || header > len)
		return false;
	body = header;
	for (unsigned i = 0; at < header; i++) {
		size_t taken = get_varint(record + at, header - at, &type);
		uint64_t size = size_of_type(type);
		if (taken == 0 || size > len - body)
			return false;
		if (i == number) {
			*ret = (struct column){ type, record + body, size };
			return true;
		}
		at += taken;
		body += size;
	}
	return false;
}

static bool column_is(const uint8_t *record, size_t len, unsigned number, const char *text)
{
	struct column column;
	return find_column(record, len, number, &column) && column.type >= TYPE_BLOB_FIRST &&
	       column.len == strlen(text) && memcmp(column.bytes, text, column.len) == 0;
}

static uint64_t column_number(const struct column *column)
{
	uint64_t value = column->type == TYPE_ONE;
	for (size_t i = 0; column->type < TYPE_BLOB_FIRST && i < column->len; i++)
		value = value << 8 | column->bytes[i];
	return value;
}

/* --- pages --- */

static int spend(struct reader *reader, uint64_t bytes)
{
	if (bytes > reader->left)
		return -EBADMSG;
	reader->left -= bytes;
	return 0;
}

/* Pages are counted from 1 on. */
static int read_page(struct reader *reader, uint32_t number, uint8_t *page)
{
	uint64_t offset = ((uint64_t)number - 1) * reader->page_size;
	if (number == 0 || offset >= reader->size || spend(reader, reader->page_size) < 0)
		return -EBADMSG;
	ssize_t n = RETRY_ON_EINTR(pread(reader->fd, page, reader->page_size, (off_t)offset));
	if (n < 0)
		return -errno;
	return (size_t)n == reader->page_size ? 0 : -EBADMSG;
}

/* How much of a record of @len bytes is in its page. */
static size_t local_size(const struct reader *reader, size_t len)
{
	size_t usable = reader->usable, most = usable - 35, least = (usable - 12) * 32 / 255 - 23;
	if (len <= most)
		return len;
	size_t size = least + (len - least) % (usable - 4);
	return size <= most ? size : least;
}

/* The rest of it is on pages of their own, each of which begins with the number of the next. */
static int read_overflow(struct reader *reader, uint32_t number, uint8_t *to, size_t len)
{
	_cleanup_free_ uint8_t *page = mem_alloc(reader->page_size);
	while (len > 0) {
		int r = read_page(reader, number, page);
		if (r < 0)
			return r;
		size_t part = MIN(len, reader->usable - 4);
		memcpy(to, page + 4, part);
		number = get_u32(page);
		to += part;
		len -= part;
	}
	return 0;
}

/* A cell of a leaf: the record's length, the row's number, and as much of the record as fits. */
static int visit_cell(struct reader *reader, const uint8_t *page, size_t at, const struct visitor *visitor)
{
	uint64_t len, row;
	size_t taken = at < reader->usable ? get_varint(page + at, reader->usable - at, &len) : 0;
	size_t more = taken ? get_varint(page + at + taken, reader->usable - at - taken, &row) : 0;
	if (more == 0 || len > PAYLOAD_MAX || spend(reader, len) < 0)
		return -EBADMSG;
	at += taken + more;
	size_t local = local_size(reader, len);
	if (local + (local < len ? 4 : 0) > reader->usable - at)
		return -EBADMSG;
	_cleanup_free_ uint8_t *record = mem_alloc(len + 1);
	memcpy(record, page + at, local);
	int r = local < len ? read_overflow(reader, get_u32(page + at + local), record + local, len - local) : 0;
	return r < 0 ? r : visitor->row(reader, record, len, visitor->data);
}

static int walk(struct reader *reader, uint32_t number, int depth, const struct visitor *visitor)
{
	_cleanup_free_ uint8_t *page = mem_alloc(reader->page_size);
	int r = depth > DEPTH_MAX ? -EBADMSG : read_page(reader, number, page);
	if (r < 0)
		return r;
	const uint8_t *header = page + (number == 1 ? FILE_HEADER : 0);
	bool leaf = header[0] == PAGE_LEAF;
	size_t cells = (size_t)(header - page) + (leaf ? LEAF_HEADER : INTERIOR_HEADER), count = get_u16(header + 3);
	if ((!leaf && header[0] != PAGE_INTERIOR) || cells + count * 2 > reader->usable)
		return -EBADMSG;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		size_t at = get_u16(page + cells + i * 2);
		if (leaf)
			r = visit_cell(reader, page, at, visitor);
		else
			r = at + 4 > reader->usable ? -EBADMSG : walk(reader, get_u32(page + at), depth + 1, visitor);
	}
	return r < 0 || leaf ? r : walk(reader, get_u32(header + LEAF_HEADER), depth + 1, visitor);
}

static int walk_table(struct reader *reader, uint32_t root, const struct visitor *visitor)
{
	reader->left = 2 * reader->size;
	return walk(reader, root, 0, visitor);
}

/* --- the file --- */

static int open_file(int fd, struct reader *ret)
{
	enum { PAGE_SIZE_AT = 16, RESERVED_AT = 20, ENCODING_AT = 56, UTF8 = 1, PAGE_MAX = 65536 };
	uint8_t header[FILE_HEADER];
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	ssize_t n = RETRY_ON_EINTR(pread(fd, header, sizeof header, 0));
	if (n < 0)
		return -errno;
	if (n < FILE_HEADER || memcmp(header, "SQLite format 3", 16) != 0 || get_u32(header + ENCODING_AT) != UTF8)
		return -EBADMSG;
	size_t page_size = get_u16(header + PAGE_SIZE_AT);
	if (page_size == 1) /* which does not fit */
		page_size = PAGE_MAX;
	if (page_size < PAGE_MIN || (page_size & (page_size - 1)) != 0 || page_size - header[RESERVED_AT] < USABLE_MIN)
		return -EBADMSG;
	*ret = (struct reader){ fd, page_size, page_size - header[RESERVED_AT], (uint64_t)st.st_size, 0 };
	return 0;
}

struct search {
	const char *table;
	uint32_t root; /* 0: not found */
};

/* A row of the table of tables: type, name, tbl_name, rootpage, sql. */
static int take_schema_row(struct reader *reader, const uint8_t *record, size_t len, void *data)
{
	enum { TYPE, NAME, ROOT = 3 };
	struct search *search = data;
	struct column root;
	if (column_is(record, len, TYPE, "table") && column_is(record, len, NAME, search->table) &&
	    find_column(record, len, ROOT, &root))
		search->root = (uint32_t)column_number(&root);
	return 0;
}

struct rows {
	unsigned column;
	void (*visit)(const uint8_t *bytes, size_t len, void *data);
	void *data;
};

static int take_row(struct reader *reader, const uint8_t *record, size_t len, void *data)
{
	const struct rows *rows = data;
	struct column column;
	if (!find_column(record, len, rows->column, &column))
		return -EBADMSG;
	if (column.type >= TYPE_BLOB_FIRST)
		rows->visit(column.bytes, column.len, rows->data);
	return 0;
}

int sqlite_table_each(int fd, const char *table, unsigned column,
		      void (*visit)(const uint8_t *bytes, size_t len, void *data), void *data)
{
	struct reader reader;
	struct search search = { .table = table };
	struct rows rows = { column, visit, data };
	int r = open_file(fd, &reader);
	if (r >= 0)
		r = walk_table(&reader, 1, &(const struct visitor){ take_schema_row, &search });
	if (r >= 0 && search.root == 0)
		r = -ENOENT;
	return r < 0 ? r : walk_table(&reader, search.root, &(const struct visitor){ take_row, &rows });
}
