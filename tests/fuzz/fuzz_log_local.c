/* SPDX-License-Identifier: Apache-2.0 */
/* Entries between their lengths: what is read out of one lies in it, and nothing behind it is touched. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "monitor/log-frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_record entry;
	while (size > 0) {
		/* As long as it is, so that sanitizers see whoever goes beyond. */
		_cleanup_free_ char *rest = mem_dup(data, size);
		ssize_t len = LOG_FRAMES_LOCAL.length(rest, size);
		if (len <= 0)
			return 0;
		check((size_t)len <= size);
		_cleanup_free_ char *frame = mem_dup(data, (size_t)len);
		if (LOG_FRAMES_LOCAL.parse(frame, (size_t)len, &entry)) {
			check(entry.text >= frame && entry.text + entry.len <= frame + len);
			check(entry.stream == LOG_STDOUT || entry.stream == LOG_STDERR);
			(void)log_record_time(&entry);
		}
		data += len;
		size -= (size_t)len;
	}
	return 0;
}
