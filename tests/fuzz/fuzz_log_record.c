/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a log: what is read out of one lies in it, and is what the writer of logs would have to be given for it. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "monitor/log-record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_within(const char *part, size_t part_len, const char *line, size_t len)
{
	check(part >= line && part_len <= len && part + part_len <= line + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *line = mem_dup(data, size);
	struct log_record entry;
	if (!log_record_parse(line, size, &entry))
		return 0;
	check_within(entry.text, entry.len, line, size);
	check_within(entry.time, entry.time_len, line, size);
	if (entry.attributes)
		check_within(entry.attributes, entry.attributes_len, line, size);
	check(entry.stream == LOG_STDOUT || entry.stream == LOG_STDERR);
	(void)log_record_time(&entry);
	return 0;
}
