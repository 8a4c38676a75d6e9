/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of cgroup-stats share. */
#pragma once

#include "runtime/cgroup-internal.h"
#include "runtime/cgroup-stats.h"

/* Reads what one controller counted out of the tree that has it. */
typedef void (*cgroup_stats_fn)(const struct cgroup_tree *tree, struct cgroup_stats *stats);

/* --- cgroup-stats.c --- */

/* The number in @file, or 0. */
uint64_t cgroup_count(const struct cgroup_tree *tree, const char *file);

/* The lines of @file as a strv; NULL if it is not there. */
char **cgroup_lines(const struct cgroup_tree *tree, const char *file);

/* A number that is all of @word. */
bool cgroup_parse_count(const char *word, uint64_t *ret);

/* "MAJOR:MINOR". */
bool cgroup_parse_device(const char *word, struct cgroup_block_count *ret);

void cgroup_append_count(struct cgroup_counts *counts, uint64_t value);
void cgroup_append_block(struct cgroup_block_counts *counts, const struct cgroup_block_count *count);

/* memory.stat, the same in both versions. */
void cgroup_stats_raw_memory(const struct cgroup_tree *tree, struct cgroup_stats *stats);

/* Call @read for each size of huge pages that this machine has; it returns whether the controller counts them. */
typedef bool (*cgroup_huge_fn)(const struct cgroup_tree *tree, struct cgroup_huge_counts *counts);
void cgroup_stats_huge(const struct cgroup_tree *tree, cgroup_huge_fn read, struct cgroup_stats *stats);

/*
 * "hugetlb.SIZE.rsvd.SUFFIX", or without "rsvd" before Linux 5.7, as a number. False if neither is there, as on a
 * machine whose kernel does not count this size.
 */
bool cgroup_huge_count(const struct cgroup_tree *tree, const char *page_size, const char *suffix, uint64_t *ret);

/* --- cgroup-stats-v1.c, cgroup-stats-v2.c --- */

void cgroup_stats_cpuacct_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats);
void cgroup_stats_cpu_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats);
void cgroup_stats_cpuset_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats);
void cgroup_stats_memory_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats);
void cgroup_stats_block_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats);
void cgroup_stats_huge_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats);

/* The v2 tree has it also of what v1 hierarchies control. */
void cgroup_stats_pressure(const struct cgroup_tree *tree, struct cgroup_stats *stats);

void cgroup_stats_cpu_v2(const struct cgroup_tree *tree, struct cgroup_stats *stats);
void cgroup_stats_memory_v2(const struct cgroup_tree *tree, struct cgroup_stats *stats);
void cgroup_stats_block_v2(const struct cgroup_tree *tree, struct cgroup_stats *stats);
void cgroup_stats_huge_v2(const struct cgroup_tree *tree, struct cgroup_stats *stats);
