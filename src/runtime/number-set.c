/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/number-set.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

enum { WORD_BITS = 8 * sizeof(unsigned long) };

bool number_set_has(const struct number_set *set, unsigned number)
{
	return number < NUMBER_SET_MAX && set->words[number / WORD_BITS] >> number % WORD_BITS & 1;
}

bool number_set_is_subset(const struct number_set *small, const struct number_set *large)
{
	for (size_t i = 0; i < ARRAY_SIZE(small->words); i++)
		if (small->words[i] & ~large->words[i])
			return false;
	return true;
}

/* "3" or "0-3" */
static int add_range(char *range, struct number_set *set, struct error *err)
{
	uint64_t first, last;
	char *dash = strchr(range, '-');
	if (dash)
		*dash = '\0';
	int r = parse_u64(range, NUMBER_SET_MAX - 1, &first, err);
	if (r < 0)
		return r;
	last = first;
	if (dash && (r = parse_u64(dash + 1, NUMBER_SET_MAX - 1, &last, err)) < 0)
		return r;
	if (last < first)
		return err_set(err, ERR_INVALID, "the range %s-%s runs backwards", range, dash + 1);
	for (; first <= last; first++)
		set->words[first / WORD_BITS] |= 1UL << first % WORD_BITS;
	return 0;
}

int number_set_parse(const char *text, struct number_set *ret, struct error *err)
{
	struct number_set set = { 0 };
	_cleanup_strv_ char **ranges = strv_split(text, ',');
	if (!ranges || !*ranges)
		return err_set(err, ERR_INVALID, "the list is empty");
	for (char **range = ranges; *range; range++) {
		int r = add_range(*range, &set, err);
		if (r < 0)
			return r;
	}
	*ret = set;
	return 0;
}
