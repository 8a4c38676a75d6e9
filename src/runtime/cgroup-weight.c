/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu.shares as cpu.weight, so that 2, 1024 and 262144 (least, default and most of v1) become 1, 100 and 10000 (the same
 * of v2): with l = log2(shares), ceil(10^((l*l + 125*l)/612 - 7/34)). Computed with integers, for libm has no place in
 * small programs; the same as in double precision for every number of shares.
 * Source: github.com/opencontainers/cgroups, pull request 20.
 */
#include "runtime/cgroup.h"

#include "base/util.h"

enum {
	SHARES_MIN = 2,
	SHARES_MAX = 262144,
	WEIGHT_MAX = 10000,
	FRACTION_BITS = 40, /* of the fixed-point numbers below */
};

/* log2(10) */
static const uint64_t LOG2_10 = UINT64_C(3652498566964);

/* More than the rounding errors below add up to, less than any distance between a formula's value and an integer. */
static const uint64_t TOLERANCE = 1u << 12;

/* Each squaring of the mantissa doubles the logarithm's fraction and so shows its next bit. */
static uint64_t fixed_log2(uint64_t n)
{
	unsigned whole = 63 - (unsigned)__builtin_clzll(n);
	uint64_t mantissa = n << (63 - whole); /* 1 <= mantissa / 2^63 < 2 */
	uint64_t logarithm = whole;
	for (int i = 0; i < FRACTION_BITS; i++) {
		unsigned __int128 square = (unsigned __int128)mantissa * mantissa;
		unsigned bit = (unsigned)(square >> 127);
		mantissa = (uint64_t)(square >> (63 + bit));
		logarithm = logarithm << 1 | bit;
	}
	return logarithm;
}

uint64_t cgroup_weight_of_shares(uint64_t shares)
{
	if (shares == 0)
		return 0;
	shares = MAX(shares, (uint64_t)SHARES_MIN);
	uint64_t l = fixed_log2(MIN(shares, (uint64_t)SHARES_MAX));

	/* weight >= 10^(x/612), where x = l*l + 125*l - 126: the same as 612 * log2(weight) >= x * log2(10) */
	uint64_t x =
		(uint64_t)(((unsigned __int128)l * l) >> FRACTION_BITS) + 125 * l - (UINT64_C(126) << FRACTION_BITS);
	uint64_t wanted = (uint64_t)(((unsigned __int128)x * LOG2_10) >> FRACTION_BITS);

	uint64_t low = 1, high = WEIGHT_MAX;
	while (low < high) {
		uint64_t middle = (low + high) / 2;
		if (612 * fixed_log2(middle) + TOLERANCE >= wanted)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}
