/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

#include "base/util.h"

/* getrandom(2): up to 256 bytes come whole and, once the pool is ready, never fail. */
static void fill(void *buf, size_t size)
{
	ssize_t n = RETRY_ON_EINTR(getrandom(buf, size, 0));
	if (n != (ssize_t)size)
		abort();
}

uint64_t random_u64(void)
{
	uint64_t value;
	fill(&value, sizeof value);
	return value;
}

void random_id(char id[static ID_HEX_LENGTH + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[ID_HEX_LENGTH / 2];
	fill(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++) {
		id[2 * i] = digits[bytes[i] >> 4];
		id[2 * i + 1] = digits[bytes[i] & 0xf];
	}
	id[ID_HEX_LENGTH] = '\0';
}
