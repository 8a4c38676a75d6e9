/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tar-write.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

struct ustar {
	char name[TAR_NAME_MAX];
	char mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
	char type, link[100], magic[6], version[2], owner[32], group[32], major[8], minor[8], prefix[155], unused[12];
};
static_assert(sizeof(struct ustar) == TAR_BLOCK, "a header is one block");

#define OCTAL_SIZE_MAX ((UINT64_C(1) << 33) - 1) /* eleven digits */

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
