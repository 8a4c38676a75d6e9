/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer of tar archives for tests: it writes what it is told, also what no honest writer would.
 * Source: POSIX.1-2017, pax, "ustar Interchange Format", "pax Interchange Format"; GNU tar manual, "Basic Tar Format".
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

enum { TAR_BLOCK = 512 };

struct tar_member {
	const char *name;
	char type;     /* '0' if it is 0 */
	unsigned mode; /* 0644 if it is 0; S_IFREG for none at all */
	unsigned long uid, gid;
	long long mtime;
	const char *link;
	unsigned long major, minor;
	const char *data;
	size_t data_len; /* strlen(data) if it is 0 */
	const char *gnu; /* GNU's magic instead of POSIX': then what follows the device numbers */
	size_t gnu_len;
	unsigned long long size; /* what the header says instead of data_len, if it is not 0 */
};

struct tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[8], user[32],
		group[32], major[8], minor[8], prefix[155], padding[12];
};
static_assert(sizeof(struct tar_header) == TAR_BLOCK, "the layout of ustar");

/* Octal with a zero at the end, or GNU's base 256 for what is too large or negative. */
static inline void tar_number(char *field, size_t size, long long value)
{
	if (value >= 0 && value < 1LL << (3 * (size - 1))) {
		char text[32];
		snprintf(text, sizeof text, "%0*llo", (int)size - 1, (unsigned long long)value);
		memcpy(field, text, size);
		return;
	}
	for (size_t i = 0; i < size; i++, value >>= 8)
		field[size - 1 - i] = (char)(value & 0xff);
	field[0] |= (char)0x80;
}

static inline void tar_checksum(struct tar_header *header)
{
	unsigned sum = 0;
	memset(header->checksum, ' ', sizeof header->checksum);
	for (size_t i = 0; i < sizeof *header; i++)
		sum += ((const unsigned char *)header)[i];
	char text[16];
	snprintf(text, sizeof text, "%06o", sum);
	memcpy(header->checksum, text, 7);
}

static inline void tar_text(char *field, size_t size, const char *text)
{
	if (text)
		memcpy(field, text, strnlen(text, size));
}

static inline void tar_pad(struct str *out)
{
	while (out->len % TAR_BLOCK)
		str_append_char(out, '\0');
}

static inline void tar_add_member(struct str *out, const struct tar_member *member)
{
	struct tar_header header = { .type = member->type ? member->type : '0' };
	size_t len = member->data ? (member->data_len ? member->data_len : strlen(member->data)) : 0;
	tar_text(header.name, sizeof header.name, member->name);
	tar_number(header.mode, sizeof header.mode, member->mode ? member->mode : 0644);
	tar_number(header.uid, sizeof header.uid, (long long)member->uid);
	tar_number(header.gid, sizeof header.gid, (long long)member->gid);
	tar_number(header.size, sizeof header.size, (long long)(member->size ? member->size : len));
	tar_number(header.mtime, sizeof header.mtime, member->mtime);
	tar_text(header.link, sizeof header.link, member->link);
	memcpy(header.magic, member->gnu ? "ustar  " : "ustar\00000", 8);
	tar_number(header.major, sizeof header.major, (long long)member->major);
	tar_number(header.minor, sizeof header.minor, (long long)member->minor);
	if (member->gnu)
		memcpy(header.prefix, member->gnu, MIN(member->gnu_len, sizeof header.prefix + sizeof header.padding));
	tar_checksum(&header);
	str_append_len(out, &header, sizeof header);
	if (len > 0)
		str_append_len(out, member->data, len);
	tar_pad(out);
}

/* tar_add(&out, .name = "x", .data = "text") */
#define tar_add(out, ...) tar_add_member(out, &(const struct tar_member){ __VA_ARGS__ })

/* "<length> <key>=<value>\n", where the length counts itself. */
static inline void tar_pax_record(struct str *records, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(key) + len + 3, total = rest + 1;
	while (total != rest + (size_t)snprintf(NULL, 0, "%zu", total))
		total = rest + (size_t)snprintf(NULL, 0, "%zu", total);
	str_appendf(records, "%zu %s=", total, key);
	str_append_len(records, value, len);
	str_append_char(records, '\n');
}

/* A header for the member that follows, with one record. */
static inline void tar_pax(struct str *out, const char *key, const void *value, size_t len)
{
	struct str records = { 0 };
	tar_pax_record(&records, key, value, len);
	tar_add(out, .name = "pax", .type = 'x', .data = records.data, .data_len = records.len);
	str_done(&records);
}

static inline void tar_pax_text(struct str *out, const char *key, const char *value)
{
	tar_pax(out, key, value, strlen(value));
}

/* GNU's way for long names ('L') and targets ('K'). */
static inline void tar_gnu_long(struct str *out, char type, const char *text)
{
	tar_add(out, .name = "././@LongLink", .type = type, .data = text, .data_len = strlen(text) + 1, .gnu = "");
}

static inline void tar_end(struct str *out)
{
	static const char zeros[2 * TAR_BLOCK];
	str_append_len(out, zeros, sizeof zeros);
}
