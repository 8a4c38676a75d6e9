/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/groups.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"
#include "runtime/cgroup-stats.h"

/* A container that divides its group can do so without end: nobody reads more of it than that. */
enum { DEPTH_MAX = 16, GROUPS_MAX = 4096 };

static void add_block(const struct cgroup_stats *stats, struct group_use *use)
{
	const struct cgroup_block_counts *bytes = &stats->block[CGROUP_BLOCK_BYTES];
	for (size_t i = 0; i < bytes->count; i++) {
		if (streq_null(bytes->list[i].operation, "Read"))
			use->read_bytes += bytes->list[i].value;
		else if (streq_null(bytes->list[i].operation, "Write"))
			use->written_bytes += bytes->list[i].value;
	}
}

static void add_use(const struct cgroup *cgroup, const char *path, struct group_uses *uses)
{
	_cleanup_cgroup_stats_ struct cgroup_stats stats = { 0 };
	if (cgroup_read_stats(cgroup, &stats, NULL) < 0)
		return;
	struct group_use *use = ARRAY_APPEND(uses->list, uses->count);
	*use = (struct group_use){
		.path = mem_strdup(path),
		.time_ns = time_monotonic_ns(),
		.cpu_ns = stats.cpu.total,
		.has_memory = stats.counted.memory,
		.has_pids = stats.counted.pids,
		.has_block = stats.counted.block,
		.memory = stats.memory.usage.usage,
		.pids = stats.pids.current,
	};
	add_block(&stats, use);
}

/* Those of any one tree that counts something. */
static char **children(const struct cgroup *cgroup)
{
	const struct cgroup_tree *tree = cgroup_find_tree(cgroup, "memory");
	int fd = tree ? fd_reopen(tree->fd, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char **names = NULL;
	if (!dir)
		fd_close(fd);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			strv_append(&names, entry->d_name);
	return names;
}

static void read_deep(const char *path, int depth, struct group_uses *uses)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	if (uses->count >= GROUPS_MAX || groups_find(uses, path) || cgroup_open(path, &cgroup, NULL) < 0)
		return;
	add_use(cgroup, path, uses);
	_cleanup_strv_ char **names = depth > 0 ? children(cgroup) : NULL;
	cgroup_free(TAKE_PTR(cgroup)); /* a stack frame for each level is enough */
	for (char **name = names; name && *name; name++) {
		_cleanup_free_ char *child = path_join(path, *name);
		read_deep(child, depth - 1, uses);
	}
}

void groups_read(const char *path, bool deep, struct group_uses *uses)
{
	read_deep(path, deep ? DEPTH_MAX : 0, uses);
}

const struct group_use *groups_find(const struct group_uses *uses, const char *path)
{
	for (size_t i = 0; i < uses->count; i++)
		if (streq(uses->list[i].path, path))
			return &uses->list[i];
	return NULL;
}

void groups_done(struct group_uses *uses)
{
	for (size_t i = 0; i < uses->count; i++)
		free(uses->list[i].path);
	free(uses->list);
	*uses = (struct group_uses){ 0 };
}
