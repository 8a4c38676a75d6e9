/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tar-write.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"

struct ustar {
	char name[TAR_NAME_MAX];
	char mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
	char type, link[TAR_NAME_MAX], magic[6], version[2], owner[32], group[32], major[8], minor[8], prefix[155],
		unused[12];
};
static_assert(sizeof(struct ustar) == TAR_BLOCK, "a header is one block");

#define OCTAL_SIZE_MAX ((UINT64_C(1) << 33) - 1) /* eleven digits */
#define OCTAL_ID_MAX ((UINT64_C(1) << 21) - 1)	 /* seven */

static void put_size(struct ustar *header, uint64_t size)
{
	if (size <= OCTAL_SIZE_MAX) {
		snprintf(header->size, sizeof header->size, "%011" PRIo64, size);
		return;
	}
	for (size_t i = sizeof header->size; i-- > 4; size >>= 8)
		header->size[i] = (char)(size & 0xff);
	header->size[0] = (char)0x80;
}

/* Of all bytes, with the checksum itself as spaces. */
static void put_checksum(struct ustar *header)
{
	unsigned sum = 0;
	const unsigned char *bytes = (const unsigned char *)header;
	memset(header->checksum, ' ', sizeof header->checksum);
	for (size_t i = 0; i < sizeof *header; i++)
		sum += bytes[i];
	snprintf(header->checksum, sizeof header->checksum - 1, "%06o", sum & 0777777);
}

void tar_header(const char *name, uint64_t size, bool directory, char block[static TAR_BLOCK])
{
	struct ustar header = { .magic = "ustar", .version = { '0', '0' }, .type = directory ? '5' : '0' };
	str_copy(header.name, sizeof header.name, name);
	str_copy(header.mode, sizeof header.mode, directory ? "0000755" : "0000644");
	str_copy(header.uid, sizeof header.uid, "0000000");
	str_copy(header.gid, sizeof header.gid, "0000000");
	str_copy(header.mtime, sizeof header.mtime, "00000000000");
	put_size(&header, size);
	put_checksum(&header);
	memcpy(block, &header, sizeof header);
}

uint64_t tar_padding(uint64_t size)
{
	return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

/* --- extended headers --- */

/* "LENGTH KEY=VALUE\n", where the length counts itself. */
static void add_record(struct str *records, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(key) + len + strlen(" =\n"), whole = rest;
	char digits[24];
	for (size_t before = 0; whole != before;) {
		before = whole;
		whole = rest + (size_t)snprintf(digits, sizeof digits, "%zu", before);
	}
	str_appendf(records, "%zu %s=", whole, key);
	str_append_len(records, value, len);
	str_append_char(records, '\n');
}

static void add_number(struct str *records, const char *key, uint64_t value)
{
	char text[24];
	int len = snprintf(text, sizeof text, "%" PRIu64, value);
	add_record(records, key, text, (size_t)len);
}

/* A time before 1970 counts its nanoseconds upwards, too, but is written with its distance to 1970. */
static void add_mtime(struct str *records, struct timespec mtime)
{
	char text[40];
	int64_t seconds = mtime.tv_sec;
	long nanoseconds = mtime.tv_nsec;
	bool before = seconds < 0;
	if (before && nanoseconds > 0) {
		seconds++;
		nanoseconds = 1000000000 - nanoseconds;
	}
	int len = snprintf(text, sizeof text, "%s%" PRId64 ".%09ld", before ? "-" : "", before ? -seconds : seconds,
			   nanoseconds);
	while (text[len - 1] == '0')
		len--;
	add_record(records, "mtime", text, (size_t)len - (text[len - 1] == '.'));
}

static void add_xattrs(struct str *records, const struct entry *entry)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		_cleanup_str_ struct str key = { 0 };
		str_appendf(&key, "SCHILY.xattr.%s", entry->xattrs[i].name);
		add_record(records, str_text(&key), entry->xattrs[i].value, entry->xattrs[i].len);
	}
}

static bool is_octal_time(struct timespec mtime)
{
	return mtime.tv_nsec == 0 && mtime.tv_sec >= 0 && (uint64_t)mtime.tv_sec <= OCTAL_SIZE_MAX;
}

static void add_text(struct str *records, const char *key, const char *text)
{
	if (text && strlen(text) >= TAR_NAME_MAX)
		add_record(records, key, text, strlen(text));
}

static void add_records(struct str *records, const struct entry *entry, const char *name)
{
	add_text(records, "path", name);
	add_text(records, "linkpath", entry->target);
	if (entry->uid > OCTAL_ID_MAX)
		add_number(records, "uid", entry->uid);
	if (entry->gid > OCTAL_ID_MAX)
		add_number(records, "gid", entry->gid);
	if (entry->size > OCTAL_SIZE_MAX)
		add_number(records, "size", entry->size);
	if (!is_octal_time(entry->mtime))
		add_mtime(records, entry->mtime);
	add_xattrs(records, entry);
}

static void append_padded(struct str *out, const void *data, size_t len)
{
	static const char zeros[TAR_BLOCK];
	str_append_len(out, data, len);
	str_append_len(out, zeros, (size_t)tar_padding(len));
}

static void append_extended(struct str *out, const struct str *records)
{
	char block[TAR_BLOCK];
	struct ustar header;
	tar_header("PaxHeaders/entry", records->len, false, block);
	memcpy(&header, block, sizeof header);
	header.type = 'x';
	put_checksum(&header);
	str_append_len(out, &header, sizeof header);
	append_padded(out, records->data, records->len);
}

/* --- any file --- */

static char type_of(const struct entry *entry)
{
	if (entry->hard_link)
		return '1';
	switch (entry->mode & S_IFMT) {
	case S_IFDIR:
		return '5';
	case S_IFLNK:
		return '2';
	case S_IFCHR:
		return '3';
	case S_IFBLK:
		return '4';
	case S_IFIFO:
		return '6';
	default:
		return '0';
	}
}

/* What is in the extended header, and does not fit, is 0 here. */
static void put_octal(char field[static 8], uint64_t value)
{
	snprintf(field, 8, "%07" PRIo64, value <= OCTAL_ID_MAX ? value : 0);
}

void tar_entry_header(const struct entry *entry, struct str *out)
{
	_cleanup_str_ struct str name = { 0 }, records = { 0 };
	bool is_directory = S_ISDIR(entry->mode) && !entry->hard_link;
	str_appendf(&name, "%s%s", entry->raw, is_directory ? "/" : "");
	add_records(&records, entry, str_text(&name));
	if (records.len > 0)
		append_extended(out, &records);

	struct ustar header = { .magic = "ustar", .version = { '0', '0' }, .type = type_of(entry) };
	str_copy(header.name, sizeof header.name, str_text(&name));
	str_copy(header.link, sizeof header.link, entry->target ? entry->target : "");
	put_octal(header.mode, entry->mode & ALLPERMS);
	put_octal(header.uid, entry->uid);
	put_octal(header.gid, entry->gid);
	put_octal(header.major, major(entry->device));
	put_octal(header.minor, minor(entry->device));
	put_size(&header, entry->size);
	snprintf(header.mtime, sizeof header.mtime, "%011" PRIo64,
		 is_octal_time(entry->mtime) ? (uint64_t)entry->mtime.tv_sec : 0);
	put_checksum(&header);
	str_append_len(out, &header, sizeof header);
}
