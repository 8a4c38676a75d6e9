/* SPDX-License-Identifier: Apache-2.0 */
/* The directories and processes of a cgroup and all below it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"

enum { PROCS_FILE_MAX = 64 << 20, NAMED_PIDS_MAX = 5 };

void pid_list_done(struct pid_list *list)
{
	free(list->pids);
	*list = (struct pid_list){ 0 };
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

void pid_list_sort(struct pid_list *list)
{
	if (list->count > 0)
		qsort(list->pids, list->count, sizeof *list->pids, compare_pids);
}

bool pid_list_contains(const struct pid_list *sorted, pid_t pid)
{
	return sorted->count > 0 && bsearch(&pid, sorted->pids, sorted->count, sizeof pid, compare_pids);
}

static int read_text(int dir, const char *name, char **ret)
{
	struct error err = { 0 };
	if (file_read(dir, name, PROCS_FILE_MAX, ret, NULL, &err) < 0)
		return err.sys_errno ? -err.sys_errno : -EFBIG;
	return 0;
}

int cgroup_read_pids(int dir, struct pid_list *list)
{
	_cleanup_free_ char *text = NULL;
	int r = read_text(dir, "cgroup.procs", &text);
	if (r < 0) /* a cgroup that was removed has none */
		return r == -ENOENT || r == -ENODEV ? 0 : r;
	for (const char *at = text; *at; at += *at == '\n') {
		char *end;
		long pid = strtol(at, &end, 10);
		if (end == at || (*end != '\n' && *end != '\0'))
			return -EBADMSG;
		if (pid > 0)
			*ARRAY_APPEND(list->pids, list->count) = (pid_t)pid;
		at = end;
	}
	return 0;
}

int cgroup_list_children(int dir, char ***ret)
{
	/* A directory has a link from each directory in it: without any, there is nothing to read. */
	struct stat st;
	*ret = NULL;
	if (fstat(dir, &st) < 0)
		return -errno;
	if (st.st_nlink == 2)
		return 0;
	_cleanup_close_ int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	_cleanup_closedir_ DIR *stream = fdopendir(fd);
	if (!stream)
		return -errno;
	(void)TAKE_FD(fd);
	for (struct dirent *entry; (entry = readdir(stream));)
		if (entry->d_type == DT_DIR && !streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			strv_append(ret, entry->d_name);
	return 0;
}

static int open_child(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fd;
}

static int read_below(int dir, unsigned depth, struct pid_list *list)
{
	/* A threaded cgroup cannot say; its processes are listed in the cgroup above that is its domain. */
	int r = cgroup_read_pids(dir, list);
	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	_cleanup_strv_ char **children = NULL;
	r = cgroup_list_children(dir, &children);
	if (r < 0)
		return r;
	if (children && depth == 0)
		return -ELOOP;
	for (char **name = children; name && *name; name++) {
		_cleanup_close_ int child = open_child(dir, *name);
		r = child < 0 ? child : read_below(child, depth - 1, list);
		if (r < 0 && r != -ENOENT && r != -ENODEV) /* removed meanwhile */
			return r;
	}
	return 0;
}

int cgroup_read_pids_below(int dir, struct pid_list *list)
{
	return read_below(dir, CGROUP_DEPTH_MAX, list);
}

static int remove_below(int dir, const char *name, unsigned depth)
{
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY)
		return -errno;
	_cleanup_close_ int child = open_child(dir, name);
	_cleanup_strv_ char **children = NULL;
	int r = child < 0 ? child : cgroup_list_children(child, &children);
	if (r < 0)
		return r == -ENOENT || r == -ENODEV ? 0 : r;
	if (!children)
		return -EBUSY;
	if (depth == 0)
		return -ELOOP;
	for (char **sub = children; *sub; sub++) {
		r = remove_below(child, *sub, depth - 1);
		if (r < 0)
			return r;
	}
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

int cgroup_remove_below(int dir, const char *name)
{
	return remove_below(dir, name, CGROUP_DEPTH_MAX);
}

char *cgroup_describe_pids(const struct pid_list *list)
{
	_cleanup_str_ struct str text = { 0 };
	size_t shown = MIN(list->count, (size_t)NAMED_PIDS_MAX);
	for (size_t i = 0; i < shown; i++) {
		char path[32], name[32];
		snprintf(path, sizeof path, "/proc/%d/comm", list->pids[i]);
		if (file_read_line(AT_FDCWD, path, name, sizeof name) < 0)
			str_copy(name, sizeof name, "gone");
		str_appendf(&text, "%s%d (%s)", i ? ", " : "", list->pids[i], name);
	}
	if (list->count > shown)
		str_appendf(&text, " and %zu more", list->count - shown);
	return str_take(&text);
}
