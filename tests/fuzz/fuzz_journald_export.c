/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the journal, as journalctl prints them: containers write what is in them. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "engine/journald-export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = mem_dup(data, size);
	struct journald_entry entry = { 0 };
	ssize_t n;
	for (size_t at = 0; (n = journald_entry_parse(text + at, size - at, &entry)) > 0; at += (size_t)n) {
		const struct log_record *record = &entry.record;
		check((size_t)n <= size - at);
		check(!record->time || (record->time >= text && record->time + record->time_len <= text + size));
		check(record->stream == LOG_STDOUT || record->stream == LOG_STDERR);
		(void)log_record_time(record);
	}
	journald_entry_done(&entry);
	return 0;
}
