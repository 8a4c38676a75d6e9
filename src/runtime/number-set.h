/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of small numbers, of processors and memory nodes, as the kernel takes and writes them: "0-3,7".
 * Source: cpuset(7), "List format".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* More processors or nodes no Linux has (CONFIG_NR_CPUS). */
enum { NUMBER_SET_MAX = 8192 };

/* The mask that sched_setaffinity(2) and set_mempolicy(2) take. */
struct number_set {
	unsigned long words[NUMBER_SET_MAX / (8 * sizeof(unsigned long))];
};

/* Numbers and ascending ranges with commas between them, at least one. Errors: ERR_INVALID. */
int number_set_parse(const char *text, struct number_set *ret, struct error *err);

bool number_set_has(const struct number_set *set, unsigned number);
bool number_set_is_subset(const struct number_set *small, const struct number_set *large);
