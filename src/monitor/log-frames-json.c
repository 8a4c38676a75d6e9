/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of JSON (log-json.c). */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "monitor/log-frames.h"

enum { BLOCK_SIZE = 64 * 1024 };

static ssize_t length(const char *data, size_t len)
{
	const char *newline = memchr(data, '\n', len);
	return newline ? newline - data + 1 : 0;
}

static bool parse(char *entry, size_t len, struct log_record *ret)
{
	return log_record_parse(entry, len - 1, ret);
}

/* Newlines are counted backwards. */
static off_t seek_back(int fd, int64_t *left)
{
	char block[BLOCK_SIZE];
	struct stat st;
	off_t at = fstat(fd, &st) < 0 ? 0 : st.st_size, file_end = at;
	while (at > 0) {
		size_t len = (size_t)MIN(at, (off_t)sizeof block);
		off_t start = at - (off_t)len;
		ssize_t n = pread(fd, block, len, start);
		if (n <= 0)
			break;
		for (char *end = block + n, *newline; (newline = memrchr(block, '\n', (size_t)(end - block))); end = newline) {
			off_t behind = start + (newline - block) + 1;
			if (behind == file_end)
				continue; /* of the last entry itself */
			if (--*left == 0)
				return behind;
		}
		at = start;
	}
	if (file_end > 0)
		--*left;
	return 0;
}

const struct log_frames LOG_FRAMES_JSON = { .length = length, .parse = parse, .seek_back = seek_back };
