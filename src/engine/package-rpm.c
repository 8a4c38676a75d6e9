/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/package-rpm.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"
#include "engine/sqlite-table.h"

enum { PREAMBLE = 8, ENTRY = 16 };
enum { TAG_NAME = 1000, TAG_VERSION = 1001, TAG_RELEASE = 1002, TAG_EPOCH = 1003, TAG_ARCH = 1022 };
enum { TYPE_INT32 = 4, TYPE_STRING = 6 };

struct header {
	const char *name, *version, *release, *architecture;
	uint32_t epoch;
};

static uint32_t get_u32(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return be32toh(value);
}

static const char **place_of(struct header *header, uint32_t tag)
{
	switch (tag) {
	case TAG_NAME:
		return &header->name;
	case TAG_VERSION:
		return &header->version;
	case TAG_RELEASE:
		return &header->release;
	case TAG_ARCH:
		return &header->architecture;
	default:
		return NULL;
	}
}

/* An entry is its tag, its type, where its value is, and how many there are. */
static void take_entry(const uint8_t *entry, const uint8_t *data, size_t len, struct header *header)
{
	uint32_t tag = get_u32(entry), type = get_u32(entry + 4), offset = get_u32(entry + 8);
	const char **text = type == TYPE_STRING ? place_of(header, tag) : NULL;
	if (text && offset < len && memchr(data + offset, '\0', len - offset))
		*text = (const char *)data + offset;
	if (tag == TAG_EPOCH && type == TYPE_INT32 && offset < len && len - offset >= sizeof(uint32_t))
		header->epoch = get_u32(data + offset);
}

static char *full_version(const struct header *header)
{
	_cleanup_free_ char *epoch = header->epoch ? mem_printf("%u:", header->epoch) : mem_strdup("");
	return mem_printf("%s%s%s%s", epoch, header->version ? header->version : "", header->release ? "-" : "",
			  header->release ? header->release : "");
}

static void take_header(const uint8_t *bytes, size_t len, void *data)
{
	struct package_list *list = data;
	struct header header = { 0 };
	if (len < PREAMBLE)
		return;
	size_t entries = get_u32(bytes), size = get_u32(bytes + 4);
	if (entries > (len - PREAMBLE) / ENTRY || size > len - PREAMBLE - entries * ENTRY)
		return;
	const uint8_t *values = bytes + PREAMBLE + entries * ENTRY;
	for (size_t i = 0; i < entries; i++)
		take_entry(bytes + PREAMBLE + i * ENTRY, values, size, &header);
	if (!header.name || !*header.name)
		return;
	*ARRAY_APPEND(list->packages, list->count) =
		(struct package){ .kind = PACKAGE_RPM,
				  .name = mem_strdup(header.name),
				  .version = full_version(&header),
				  .architecture = mem_strdup(header.architecture ? header.architecture : "") };
}

int package_rpm_read(int fd, struct package_list *list)
{
	return sqlite_table_each(fd, RPM_TABLE, RPM_COLUMN, take_header, list);
}
