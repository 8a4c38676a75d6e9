/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/usage.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"

enum { FILE_MAX = 64 * 1024 };

/* --- Files --- */

static void append(struct counters *counters, const char *name, size_t len, uint64_t value)
{
	struct cgroup_named_count *counter = ARRAY_APPEND(counters->list, counters->count);
	counter->name = mem_strndup(name, len);
	counter->value = value;
}

static bool find(const struct cgroup_named_count *list, size_t count, const char *name, uint64_t *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (!streq(list[i].name, name))
			continue;
		*ret = list[i].value;
		return true;
	}
	return false;
}

/* In memory.stat. */
static bool find_memory(const struct usage *usage, const char *name, uint64_t *ret)
{
	return name && find(usage->kernel.memory.raw, usage->kernel.memory.n_raw, name, ret);
}

static void read_counters(const struct cgroup_tree *tree, const char *file, struct counters *ret)
{
	_cleanup_free_ char *text = NULL;
	if (!tree || file_read(tree->fd, file, FILE_MAX, &text, NULL, NULL) < 0)
		return;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; *line; line++) {
		size_t len = strcspn(*line, " ");
		uint64_t value;
		if ((*line)[len] && parse_u64(*line + len + 1, UINT64_MAX, &value, NULL) >= 0)
			append(ret, *line, len, value);
	}
}

/* Pages that were taken away for lack of room and then missed: many of them, and the limit is what makes it slow. */
static void add_refaults(struct usage *usage)
{
	static const char *const names[] = { "total_workingset_refault_file", "total_workingset_refault_anon" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *plain = str_after(names[i], "total_"); /* v2 has no sum besides */
		uint64_t count;
		if (find_memory(usage, names[i], &count) || find_memory(usage, plain, &count))
			append(&usage->memory, plain, strlen(plain), count);
	}
}

/* v1 counts what was killed among switches, and how often the limits were met in files of their own. */
static void read_memory(const struct cgroup_tree *tree, struct usage *usage)
{
	uint64_t kills;
	struct counters control = { 0 };
	if (!tree || tree->v2) {
		read_counters(tree, "memory.events", &usage->memory);
		return;
	}
	read_counters(tree, "memory.oom_control", &control);
	uint64_t met = usage->kernel.memory.usage.failures + usage->kernel.memory.swap.failures;
	append(&usage->memory, "max", strlen("max"), met);
	if (counters_find(&control, "oom_kill", &kills))
		append(&usage->memory, "oom_kill", strlen("oom_kill"), kills);
	for (size_t i = 0; i < control.count; i++)
		free(control.list[i].name);
	free(control.list);
}

int usage_read(const struct cgroup *cgroup, struct usage *ret, struct error *err)
{
	struct usage usage = { .time_ns = time_monotonic_ns() };
	int r = cgroup_read_stats(cgroup, &usage.kernel, err);
	if (r < 0)
		return r;
	read_counters(cgroup_find_tree(cgroup, "cpu"), "cpu.stat", &usage.cpu);
	read_memory(cgroup_find_tree(cgroup, "memory"), &usage);
	add_refaults(&usage);
	read_counters(cgroup_find_tree(cgroup, "pids"), "pids.events", &usage.pids);
	*ret = usage;
	return 0;
}

void usage_done(struct usage *usage)
{
	const struct counters *const all[] = { &usage->cpu, &usage->memory, &usage->pids };
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		for (size_t k = 0; k < all[i]->count; k++)
			free(all[i]->list[k].name);
		free(all[i]->list);
	}
	cgroup_stats_done(&usage->kernel);
	*usage = (struct usage){ 0 };
}

/* --- Values --- */

bool counters_find(const struct counters *counters, const char *name, uint64_t *ret)
{
	return find(counters->list, counters->count, name, ret);
}

bool usage_throttled_ns(const struct usage *usage, uint64_t *ret)
{
	uint64_t us;
	if (counters_find(&usage->cpu, "throttled_time", ret)) /* v1 */
		return true;
	if (!counters_find(&usage->cpu, "throttled_usec", &us))
		return false;
	*ret = us * 1000;
	return true;
}

/* In memory.stat; v1 has those of the whole sub-tree with a prefix. */
static const struct {
	const char *v2, *v1;
} NAMES[USAGE_MEMORY_COUNT] = {
	[USAGE_ANON] = { "anon", "total_rss" },
	[USAGE_FILE] = { "file", "total_cache" },
	[USAGE_SHMEM] = { "shmem", "total_shmem" },
	[USAGE_KERNEL] = { "kernel", NULL },
	[USAGE_SLAB] = { "slab", NULL },
	[USAGE_STACKS] = { "kernel_stack", NULL },
	[USAGE_PAGE_TABLES] = { "pagetables", NULL },
	[USAGE_SOCKETS] = { "sock", NULL },
	[USAGE_RECLAIMABLE] = { "inactive_file", "total_inactive_file" },
	[USAGE_SWAP] = { NULL, "total_swap" },
};

/* Before Linux 5.18 there is no sum. */
static bool sum_kernel(const struct usage *usage, uint64_t *ret)
{
	static const char *const parts[] = { "slab", "kernel_stack", "pagetables", "percpu" };
	uint64_t sum = 0, part;
	bool any = false;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!find_memory(usage, parts[i], &part))
			continue;
		any = true;
		sum += part;
	}
	if (any)
		*ret = sum;
	return any;
}

static bool is_v1(const struct usage *usage)
{
	uint64_t any;
	return find_memory(usage, "total_rss", &any);
}

/* What is no line of memory.stat. */
static bool other_memory(const struct usage *usage, enum usage_memory part, uint64_t *ret)
{
	uint64_t value = 0;
	if (part == USAGE_KERNEL && !is_v1(usage))
		return sum_kernel(usage, ret);
	if (part == USAGE_KERNEL)
		value = usage->kernel.memory.kernel.usage;
	else if (part == USAGE_PEAK)
		value = usage->kernel.memory.usage.max;
	else if (part == USAGE_SWAP && usage->kernel.memory.swap.usage >= usage->kernel.memory.usage.usage) {
		*ret = usage->kernel.memory.swap.usage - usage->kernel.memory.usage.usage;
		return usage->kernel.memory.n_raw > 0;
	}
	if (value == 0) /* it has used something: the kernel does not count it */
		return false;
	*ret = value;
	return true;
}

bool usage_memory(const struct usage *usage, enum usage_memory part, uint64_t *ret)
{
	uint64_t value, slab;
	if (!find_memory(usage, NAMES[part].v2, &value) && !find_memory(usage, NAMES[part].v1, &value))
		return other_memory(usage, part, ret);
	if (part == USAGE_RECLAIMABLE && find_memory(usage, "slab_reclaimable", &slab))
		value += slab;
	/* v1 has both names for these, the shorter of the cgroup alone */
	if (is_v1(usage) && NAMES[part].v1)
		(void)find_memory(usage, NAMES[part].v1, &value);
	*ret = value;
	return true;
}
