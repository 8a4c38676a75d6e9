/* SPDX-License-Identifier: Apache-2.0 */
/* What --filter, --since and --until take: KEY=VALUE, and times as people type them. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const KEYS[] = { "id", "label", "until", NULL };

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_time(const char *text)
{
	struct error err = { 0 };
	int64_t ns = 77;
	int r = time_parse_when(text, NSEC_PER_SEC, &ns, &err);
	check(r >= 0 || (r == -ERR_INVALID && ns == 77));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = mem_strndup((const char *)data, size);
	_cleanup_free_ char *value = NULL;
	struct error err = { 0 };
	size_t key = 77;
	check_time(text);
	int r = filter_parse(text, KEYS, &key, &value, &err);
	if (r < 0) {
		check(r == -ERR_USAGE && !value && str_starts_with(err.message, "invalid filter"));
		return 0;
	}
	check(key < 3 && strlen(value) < size);
	check_time(value);
	(void)filter_has_label((char *const[]){ (char *)"a=1", (char *)"b", NULL }, value);
	return 0;
}
