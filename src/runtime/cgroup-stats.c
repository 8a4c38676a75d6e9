/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the tree for each controller; cgroup-stats-v1 and -v2 know the files. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup-stats-internal.h"

/* --- pieces --- */

uint64_t cgroup_count(const struct cgroup_tree *tree, const char *file)
{
	uint64_t value = 0;
	(void)cgroup_read_u64(tree, file, &value);
	return value;
}

char **cgroup_lines(const struct cgroup_tree *tree, const char *file)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(tree->fd, file, CGROUP_FILE_MAX, &text, NULL, NULL) < 0)
		return NULL;
	return strv_split(text, '\n');
}

bool cgroup_parse_count(const char *word, uint64_t *ret)
{
	return parse_u64(word, UINT64_MAX, ret, NULL) == 0;
}

bool cgroup_parse_device(const char *word, struct cgroup_block_count *ret)
{
	_cleanup_strv_ char **numbers = strv_split(word, ':');
	return strv_count(numbers) == 2 && cgroup_parse_count(numbers[0], &ret->major) &&
	       cgroup_parse_count(numbers[1], &ret->minor);
}

void cgroup_append_count(struct cgroup_counts *counts, uint64_t value)
{
	*ARRAY_APPEND(counts->values, counts->count) = value;
}

void cgroup_append_block(struct cgroup_block_counts *counts, const struct cgroup_block_count *count)
{
	*ARRAY_APPEND(counts->list, counts->count) = *count;
}

void cgroup_stats_raw_memory(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	_cleanup_strv_ char **lines = cgroup_lines(tree, "memory.stat");
	for (char **line = lines; line && *line; line++) {
		char *space = strchr(*line, ' ');
		uint64_t value;
		if (!space || !cgroup_parse_count(space + 1, &value))
			continue;
		*ARRAY_APPEND(stats->memory.raw, stats->memory.n_raw) =
			(struct cgroup_named_count){ .name = mem_strndup(*line, (size_t)(space - *line)),
						     .value = value };
	}
}

/* --- huge pages --- */

/* "hugepages-2048kB", as sysfs has it, as "2MB", which the controller's files have. */
static bool page_size_of(const char *folder, char *buf, size_t size)
{
	static const char units[] = "KMG";
	const char *digits = str_after(folder, "hugepages-");
	char *end;
	unsigned long number = digits ? strtoul(digits, &end, 10) : 0, unit = 0;
	if (number == 0 || !streq(end, "kB"))
		return false;
	while (unit < 2 && number % 1024 == 0) {
		number /= 1024;
		unit++;
	}
	snprintf(buf, size, "%lu%cB", number, units[unit]);
	return true;
}

bool cgroup_huge_count(const struct cgroup_tree *tree, const char *page_size, const char *suffix, uint64_t *ret)
{
	char file[64];
	snprintf(file, sizeof file, "hugetlb.%s.rsvd.%s", page_size, suffix);
	if (cgroup_read_u64(tree, file, ret))
		return true;
	snprintf(file, sizeof file, "hugetlb.%s.%s", page_size, suffix);
	return cgroup_read_u64(tree, file, ret);
}

void cgroup_stats_huge(const struct cgroup_tree *tree, cgroup_huge_fn read, struct cgroup_stats *stats)
{
	_cleanup_closedir_ DIR *dir = opendir("/sys/kernel/mm/hugepages");
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		struct cgroup_huge_counts counts = { 0 };
		if (page_size_of(entry->d_name, counts.page_size, sizeof counts.page_size) && read(tree, &counts))
			*ARRAY_APPEND(stats->huge, stats->n_huge) = counts;
	}
}

/* --- what both versions have in the same form --- */

static void read_pids(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	stats->pids.current = cgroup_count(tree, "pids.current");
	stats->pids.limit = cgroup_count(tree, "pids.max"); /* "max" is no number */
}

/* --- all of it --- */

static const struct {
	const char *v1_name, *v2_name; /* NULL: has nothing there */
	cgroup_stats_fn read_v1, read_v2;
} READERS[] = {
	/* v2 counts time without the controller. */
	{ "cpuacct", "cpu", cgroup_stats_cpuacct_v1, cgroup_stats_cpu_v2 },
	{ "cpu", NULL, cgroup_stats_cpu_v1, NULL },
	{ "cpuset", NULL, cgroup_stats_cpuset_v1, NULL },
	{ "memory", "memory", cgroup_stats_memory_v1, cgroup_stats_memory_v2 },
	{ "pids", "pids", read_pids, read_pids },
	{ "blkio", "io", cgroup_stats_block_v1, cgroup_stats_block_v2 },
	{ "hugetlb", "hugetlb", cgroup_stats_huge_v1, cgroup_stats_huge_v2 },
};

static bool is_counted(const struct cgroup *cgroup, const char *v1_name, const char *v2_name)
{
	const struct cgroup_tree *v2 = cgroup_v2_tree(cgroup);
	return cgroup_v1_tree(cgroup, v1_name) || (v2 && cgroup_offers(v2->fd, "cgroup.controllers", v2_name));
}

int cgroup_read_stats(const struct cgroup *cgroup, struct cgroup_stats *ret, struct error *err)
{
	const struct cgroup_tree *v2 = cgroup_v2_tree(cgroup);
	struct cgroup_stats stats = { 0 };
	if (cgroup->n_trees == 0)
		return err_set(err, ERR_UNSUPPORTED, "cgroup '%s' is in no hierarchy: nothing counts for it",
			       cgroup->path);
	for (size_t i = 0; i < ARRAY_SIZE(READERS); i++) {
		const struct cgroup_tree *v1 = cgroup_v1_tree(cgroup, READERS[i].v1_name);
		if (v1)
			READERS[i].read_v1(v1, &stats);
		else if (v2 && READERS[i].v2_name)
			READERS[i].read_v2(v2, &stats);
	}
	if (v2)
		cgroup_stats_pressure(v2, &stats);
	stats.counted.memory = is_counted(cgroup, "memory", "memory");
	stats.counted.pids = is_counted(cgroup, "pids", "pids");
	stats.counted.block = is_counted(cgroup, "blkio", "io");
	*ret = stats;
	return 0;
}

void cgroup_stats_done(struct cgroup_stats *stats)
{
	free(stats->cpu.per_cpu.values);
	free(stats->cpu.per_cpu_user.values);
	free(stats->cpu.per_cpu_kernel.values);
	free(stats->cpuset.cpus.values);
	free(stats->cpuset.mems.values);
	for (size_t i = 0; i < stats->memory.n_raw; i++)
		free(stats->memory.raw[i].name);
	free(stats->memory.raw);
	for (size_t i = 0; i < CGROUP_BLOCK_KINDS; i++)
		free(stats->block[i].list);
	free(stats->huge);
	*stats = (struct cgroup_stats){ 0 };
}
