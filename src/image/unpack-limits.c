/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack-limits.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

const struct unpack_limits unpack_default_limits = {
	.bytes = UINT64_C(64) << 30,
	.entries = 4000000,
	.ratio = 200,
	.ratio_from = UINT64_C(1) << 30,
};

static int parse_count(const char *text, uint64_t *ret, struct error *err)
{
	return parse_u64(text, INT64_MAX, ret, err);
}

static const struct {
	const char *variable;
	size_t offset; /* in struct unpack_limits */
	int (*parse)(const char *text, uint64_t *ret, struct error *err);
} VARIABLES[] = {
	{ UNPACK_BYTES_VARIABLE, offsetof(struct unpack_limits, bytes), parse_size },
	{ UNPACK_ENTRIES_VARIABLE, offsetof(struct unpack_limits, entries), parse_count },
	{ UNPACK_RATIO_VARIABLE, offsetof(struct unpack_limits, ratio), parse_count },
};

int unpack_limits_read(struct unpack_limits *ret, struct error *err)
{
	struct unpack_limits limits = unpack_default_limits;
	for (size_t i = 0; i < ARRAY_SIZE(VARIABLES); i++) {
		const char *text = getenv(VARIABLES[i].variable);
		uint64_t value;
		if (str_is_empty(text))
			continue;
		int r = VARIABLES[i].parse(text, &value, err);
		if (r >= 0 && value == 0)
			r = err_set(err, ERR_INVALID, "\"%s\" would let nothing pass", text);
		if (r < 0)
			return err_wrap(err, "environment variable %s", VARIABLES[i].variable);
		*(uint64_t *)((char *)&limits + VARIABLES[i].offset) = value;
	}
	*ret = limits;
	return 0;
}
