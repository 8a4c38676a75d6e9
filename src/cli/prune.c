/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prune.h"

#include <stdio.h>

#include "cli/format.h"

int prune_end(const struct pruned *pruned)
{
	char size[SIZE_TEXT_MAX];
	printf("Total reclaimed space: %s\n", format_size((uint64_t)pruned->bytes, size));
	return pruned->status;
}
