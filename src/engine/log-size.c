/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log-size.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "engine/engine-internal.h"
#include "monitor/log-driver.h"

/* Of PATH.number or, if it is already compressed, PATH.number.gz; -1 if there is neither. */
static int64_t rotated_size(const char *path, unsigned number)
{
	struct stat st;
	_cleanup_free_ char *plain = mem_printf("%s.%u", path, number);
	_cleanup_free_ char *compressed = mem_printf("%s" LOG_COMPRESSED, plain);
	return stat(plain, &st) == 0 || stat(compressed, &st) == 0 ? (int64_t)st.st_size : -1;
}

int64_t container_log_size(const struct engine *engine, const char *id)
{
	struct stat st;
	_cleanup_free_ char *path = engine_log_path(engine, id);
	int64_t sum = stat(path, &st) == 0 ? (int64_t)st.st_size : 0, size;
	for (unsigned number = 1; (size = rotated_size(path, number)) >= 0; number++)
		sum += size;
	return sum;
}
