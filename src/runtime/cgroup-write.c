/* SPDX-License-Identifier: Apache-2.0 */
/* One value into one file of a cgroup, with errors that say which, and what the kernel has against it. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"

/* For files with a usual suspect: when @file refuses with @sys_errno, @other (relative to the cgroup) is shown. */
static const struct suspect {
	const char *file;
	int sys_errno;
	const char *other, *words;
} SUSPECTS[] = {
	{ "memory.limit_in_bytes", EBUSY, "memory.usage_in_bytes", "that much is in use and cannot be freed" },
	{ "memory.memsw.limit_in_bytes", EBUSY, "memory.memsw.usage_in_bytes",
	  "that much is in use and cannot be freed" },
	{ "memory.limit_in_bytes", EINVAL, "memory.memsw.limit_in_bytes", "memory alone cannot have more" },
	{ "memory.memsw.limit_in_bytes", EINVAL, "memory.limit_in_bytes", "memory and swap cannot have less" },
	{ "cpu.cfs_quota_us", EINVAL, "../cpu.cfs_quota_us", "the parent's share of the period is no larger" },
	{ "cpu.rt_runtime_us", EINVAL, "../cpu.rt_runtime_us", "the parent has no more to give" },
	{ "cpu.shares", EINVAL, "cpu.idle", "an idle group has no weight" },
	{ "cpu.weight", EINVAL, "cpu.idle", "an idle group has no weight" },
	{ "cpu.cfs_burst_us", EINVAL, "cpu.cfs_quota_us", "the burst cannot be larger" },
	{ "cpu.max.burst", EINVAL, "cpu.max", "the burst cannot be larger" },
	{ "cpuset.cpus", EACCES, "../cpuset.cpus", "the parent has no others" },
	{ "cpuset.mems", EACCES, "../cpuset.mems", "the parent has no others" },
	{ "cpuset.cpus", ENOSPC, "cgroup.procs", "processes would have no CPU left" },
};

static void explain_suspect(const struct cgroup_tree *tree, const char *file, int sys_errno, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(SUSPECTS); i++) {
		const struct suspect *suspect = &SUSPECTS[i];
		char value[64];
		if (streq(suspect->file, file) && suspect->sys_errno == sys_errno &&
		    file_read_line(tree->fd, suspect->other, value, sizeof value) > 0)
			err_cause(err, "%s is %s: %s", suspect->other, value, suspect->words);
	}
}

int cgroup_write_error(const struct cgroup_tree *tree, const char *file, const char *value, int r, struct error *err)
{
	_cleanup_free_ char *dir = path_of_fd(tree->fd);
	err_sys_code(err, ERR_CGROUP, -r, "write '%s' to '%s/%s'", value, dir ? dir : "?", file);
	if (r == -ENOENT && dir && str_ends_with(dir, " (deleted)"))
		err_cause(err, "the cgroup was removed");
	else if (r == -ENOENT)
		err_cause(err, "this kernel does not have that file");
	explain_suspect(tree, file, -r, err);
	return -ERR_CGROUP;
}

int cgroup_write(const struct cgroup_tree *tree, const char *file, const char *value, struct error *err)
{
	int r = file_write_line(tree->fd, file, value);
	return r < 0 ? cgroup_write_error(tree, file, value, r, err) : 0;
}

int cgroup_writef(const struct cgroup_tree *tree, const char *file, struct error *err, const char *fmt, ...)
{
	char value[128];
	va_list args;
	va_start(args, fmt);
	vsnprintf(value, sizeof value, fmt, args);
	va_end(args);
	return cgroup_write(tree, file, value, err);
}

int cgroup_write_pair(const struct cgroup_tree *tree, const struct cgroup_setting *first,
		      const struct cgroup_setting *second, struct error *err)
{
	const struct cgroup_setting *last = second;
	int r = file_write_line(tree->fd, first->file, first->value);
	if (r == -EINVAL) {
		r = cgroup_write(tree, second->file, second->value, err);
		if (r < 0)
			return r;
		last = first;
	} else if (r < 0) {
		return cgroup_write_error(tree, first->file, first->value, r, err);
	}
	return cgroup_write(tree, last->file, last->value, err);
}

bool cgroup_has_file(const struct cgroup_tree *tree, const char *file)
{
	return faccessat(tree->fd, file, F_OK, 0) == 0;
}

bool cgroup_read_u64(const struct cgroup_tree *tree, const char *file, uint64_t *ret)
{
	char line[64];
	return file_read_line(tree->fd, file, line, sizeof line) > 0 && parse_u64(line, UINT64_MAX, ret, NULL) == 0;
}

bool cgroup_read_key(const struct cgroup_tree *tree, const char *file, const char *key, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(tree->fd, file, CGROUP_FILE_MAX, &text, NULL, NULL) < 0)
		return false;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; *line; line++) {
		const char *rest = str_after(*line, key);
		if (rest && *rest == ' ')
			return parse_u64(rest + 1, UINT64_MAX, ret, NULL) == 0;
	}
	return false;
}
