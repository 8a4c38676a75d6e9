/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/space.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

enum { SIZE_TEXT_MAX = 32, MOUNTINFO_MAX = 4 << 20 };

/* With one decimal below ten: "3.2 GiB", "210 MiB", "0 bytes". */
static const char *format_size(uint64_t bytes, char buf[static SIZE_TEXT_MAX])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t unit = 0;
	double value = (double)bytes;
	for (; value >= 1024 && unit + 1 < ARRAY_SIZE(units); unit++)
		value /= 1024;
	snprintf(buf, SIZE_TEXT_MAX, "%.*f %s", unit > 0 && value < 10 ? 1 : 0, value, units[unit]);
	return buf;
}

/*
 * File system type and source out of one line of mountinfo, whose third field is the device number. Bind mounts have
 * lines of their own with the same number, and say the same.
 * Source: proc_pid_mountinfo(5).
 */
static bool parse_mount(const char *line, dev_t device, char *buf, size_t size)
{
	unsigned dev_major, dev_minor;
	if (sscanf(line, "%*u %*u %u:%u ", &dev_major, &dev_minor) != 2 || makedev(dev_major, dev_minor) != device)
		return false;
	char type[64], source[128];
	const char *tail = strstr(line, " - ");
	if (!tail || sscanf(tail, " - %63s %127s", type, source) != 2)
		return false;
	snprintf(buf, size, " (%s %s)", type, source);
	return true;
}

static void describe_mount(int fd, char *buf, size_t size)
{
	buf[0] = '\0';
	struct stat st;
	_cleanup_free_ char *mounts = NULL;
	if (fstat(fd, &st) < 0 || file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &mounts, NULL, NULL) < 0)
		return;
	for (char *line = mounts, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (parse_mount(line, st.st_dev, buf, size))
			return;
	}
}

const char *space_place(int fd, char *buf, size_t size)
{
	char path[PATH_MAX], mount[256];
	ssize_t len = readlink(fd_path(fd).text, path, sizeof path - 1);
	if (len < 0) {
		buf[0] = '\0';
		return buf;
	}
	path[len] = '\0';
	describe_mount(fd, mount, sizeof mount);
	snprintf(buf, size, "%s%s", path, mount);
	return buf;
}

/* Some file systems (btrfs) have no fixed number of inodes and say 0. */
static bool is_out_of_inodes(const struct statvfs *space)
{
	return space->f_files > 0 && space->f_favail == 0;
}

static void set_cause(const struct statvfs *space, const char *place, uint64_t needed, struct error *err)
{
	char bytes[SIZE_TEXT_MAX], wanted[SIZE_TEXT_MAX];
	const char *colon = *place ? ": " : "";
	format_size((uint64_t)space->f_bavail * space->f_frsize, bytes);
	if (err->sys_errno == EDQUOT)
		err_cause(err, "%s%sa disk quota is used up (the file system has %s free)", place, colon, bytes);
	else if (is_out_of_inodes(space))
		err_cause(err, "%s%s0 of %" PRIu64 " inodes free (space is fine: %s)", place, colon,
			  (uint64_t)space->f_files, bytes);
	else if (needed > 0)
		err_cause(err, "%s%s%s free, needs %s", place, colon, bytes, format_size(needed, wanted));
	else
		err_cause(err, "%s%s%s free", place, colon, bytes);
}

int space_explain(int r, int fd, uint64_t needed_bytes, struct error *err)
{
	struct statvfs space;
	if (!err || (err->sys_errno != ENOSPC && err->sys_errno != EDQUOT) || fstatvfs(fd, &space) < 0)
		return r;
	char place[512];
	err->code = err->sys_errno == ENOSPC && is_out_of_inodes(&space) ? ERR_NOINODE : ERR_NOSPC;
	set_cause(&space, space_place(fd, place, sizeof place), needed_bytes, err);
	return -err->code;
}
