/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a weight of block I/O does anything: the kernel takes it also when no disk shares its time out by weights. Disks
 * do that under the scheduler BFQ, and on v2 with iocost, which is enabled disk by disk in io.cost.qos of the root.
 * Sources: block/bfq-iosched.rst; cgroup-v2.rst, "io.cost.qos", "io.weight".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"

#define DISKS "/sys/block"

enum { NAMED_DISKS_MAX = 3 };

/* These are no disks: they keep what they have in memory, in files, or on others. */
static bool is_virtual(const char *name)
{
	static const char *const prefixes[] = { "loop", "ram", "zram", "dm-", "md", "nbd", "." };
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts_with(name, prefixes[i]))
			return true;
	return false;
}

/* "none [mq-deadline] bfq": the one in brackets, or the only one. */
static void read_scheduler(const char *name, char *buf, size_t size)
{
	_cleanup_free_ char *path = mem_printf(DISKS "/%s/queue/scheduler", name);
	char line[256];
	str_copy(buf, size, "none");
	if (file_read_line(AT_FDCWD, path, line, sizeof line) <= 0)
		return;
	char *open = strchr(line, '['), *start = open ? open + 1 : line;
	start[strcspn(start, "] ")] = '\0';
	str_copy(buf, size, start);
}

/* "253:0 enable=1 ctrl=auto ..." in the text of io.cost.qos. */
static bool has_iocost(const char *name, const char *qos)
{
	_cleanup_free_ char *path = mem_printf(DISKS "/%s/dev", name);
	char number[32];
	if (file_read_line(AT_FDCWD, path, number, sizeof number) <= 0)
		return false;
	_cleanup_free_ char *enabled = mem_printf("%s enable=1", number);
	const char *at = strstr(qos, enabled);
	return at && (at == qos || at[-1] == '\n');
}

/* Whether disk @name follows weights; or else @ret gets a word more on why not. */
static bool follows(const char *name, const char *qos, struct str *ret)
{
	char scheduler[64];
	read_scheduler(name, scheduler, sizeof scheduler);
	if (streq(scheduler, "bfq") || (qos && has_iocost(name, qos)))
		return true;
	str_appendf(ret, "%s%s has scheduler %s%s", ret->len ? ", " : "", name, scheduler,
		    qos ? " and iocost disabled" : "");
	return false;
}

/* The cause, if not one of all disks does; or NULL. */
static char *why_none(const char *qos)
{
	_cleanup_closedir_ DIR *disks = opendir(DISKS);
	_cleanup_str_ struct str text = { 0 };
	size_t count = 0;
	for (struct dirent *entry; disks && (entry = readdir(disks));) {
		if (is_virtual(entry->d_name))
			continue;
		size_t len = text.len;
		if (follows(entry->d_name, qos, &text))
			return NULL;
		if (++count > NAMED_DISKS_MAX)
			str_truncate(&text, len);
	}
	if (count > NAMED_DISKS_MAX)
		str_appendf(&text, ", and so on for %zu more", count - NAMED_DISKS_MAX);
	return count > 0 ? str_take(&text) : NULL;
}

void cgroup_warn_of_io_weight(const struct cgroup_tree *tree)
{
	_cleanup_free_ char *path = path_join(tree->mount_point, "io.cost.qos");
	_cleanup_free_ char *qos = NULL;
	if (tree->v2)
		(void)file_read(AT_FDCWD, path, CGROUP_FILE_MAX, &qos, NULL, NULL);
	_cleanup_free_ char *why = why_none(qos);
	if (why)
		log_warn(CGROUP_NO_EFFECT ": no disk follows the weight of block I/O: %s", why);
}
