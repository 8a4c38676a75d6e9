/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/quota.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/quota.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/random.h"
#include "base/util.h"
#include "storage/space.h"

enum {
	FIRST_PROJECT = 1 << 20, /* below are those that people number themselves, in /etc/projid */
	MAX_ATTEMPTS = 16,
	XFS_MAGIC = 0x58465342,
};

/* --- the system calls --- */

/* On kernels before 5.14 the device has to be named; udev does that. Returns 0 or -errno. */
static int quota_call(int dir, int command, uint32_t project, struct if_dqblk *quota)
{
	unsigned word = QCMD((unsigned)command, PRJQUOTA);
	if (syscall(SYS_quotactl_fd, dir, word, project, quota) == 0)
		return 0;
	struct stat st;
	if (errno != ENOSYS || fstat(dir, &st) < 0)
		return -errno;
	char device[64];
	snprintf(device, sizeof device, "/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	return syscall(SYS_quotactl, word, device, project, quota) < 0 ? -errno : 0;
}

static int set_limit(int dir, uint32_t project, uint64_t bytes)
{
	struct if_dqblk quota = {
		.dqb_bhardlimit = bytes / QIF_DQBLKSIZE + (bytes % QIF_DQBLKSIZE > 0),
		.dqb_valid = QIF_BLIMITS,
	};
	quota.dqb_bsoftlimit = quota.dqb_bhardlimit;
	return quota_call(dir, Q_SETQUOTA, project, &quota);
}

static int get_attributes(int dir, struct fsxattr *ret)
{
	return ioctl(dir, FS_IOC_FSGETXATTR, ret) < 0 ? -errno : 0;
}

static int join_project(int dir, uint32_t project)
{
	struct fsxattr attributes;
	int r = get_attributes(dir, &attributes);
	if (r < 0)
		return r;
	attributes.fsx_projid = project;
	attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return ioctl(dir, FS_IOC_FSSETXATTR, &attributes) < 0 ? -errno : 0;
}

/* --- a project --- */

static bool is_free(const struct if_dqblk *quota)
{
	return quota->dqb_curspace == 0 && quota->dqb_curinodes == 0 && quota->dqb_bhardlimit == 0 &&
	       quota->dqb_ihardlimit == 0;
}

/* By chance, for there are two thousand million; the file system knows which are in use. Returns 0 or -errno. */
static int find_free(int dir, uint32_t *ret)
{
	for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		struct if_dqblk quota = { 0 };
		uint32_t project = FIRST_PROJECT + (uint32_t)(random_u64() % (INT32_MAX - FIRST_PROJECT));
		int r = quota_call(dir, Q_GETQUOTA, project, &quota);
		/* Of one that it has never heard of, xfs says ENOENT. */
		if (r < 0 && r != -ENOENT)
			return r;
		if (r == -ENOENT || is_free(&quota)) {
			*ret = project;
			return 0;
		}
	}
	return -EBUSY;
}

static int limit(int dir, uint64_t bytes)
{
	uint32_t project = 0;
	int r = find_free(dir, &project);
	if (r == 0)
		r = join_project(dir, project);
	return r < 0 ? r : set_limit(dir, project, bytes);
}

/* --- errors --- */

/* What to do so that the file system keeps them. */
static void add_hint(int dir, struct error *err)
{
	struct statfs fs;
	if (fstatfs(dir, &fs) < 0)
		return;
	if (fs.f_type == EXT4_SUPER_MAGIC)
		err_hint(err,
			 "tune2fs -O project,quota -Q prjquota DEVICE, while it is not mounted; then mount it with "
			 "-o prjquota");
	else if (fs.f_type == XFS_MAGIC)
		err_hint(
			err,
			"mount it with -o prjquota; the root file system, by rootflags=prjquota of the kernel's command "
			"line");
	else
		err_hint(err, "--root DIRECTORY, on an ext4 or xfs with project quotas");
}

static int refuse(int dir, int sys_errno, struct error *err)
{
	char place[512];
	bool lacks = sys_errno == ESRCH || sys_errno == EOPNOTSUPP || sys_errno == ENOTTY || sys_errno == ENOSYS ||
		     sys_errno == ENOTBLK || sys_errno == EINVAL || sys_errno == ENOENT;
	if (!lacks)
		return err_sys(err, sys_errno, "limit the size of the container's layer");
	(void)err_set(err, ERR_UNSUPPORTED, "the size of the container's layer cannot be limited here");
	space_place(dir, place, sizeof place);
	err_cause(err, "%s: the file system has no project quotas, or they are not turned on", place);
	add_hint(dir, err);
	return -ERR_UNSUPPORTED;
}

int quota_limit(int dir, uint64_t bytes, struct error *err)
{
	int r = limit(dir, bytes);
	return r < 0 ? refuse(dir, -r, err) : 0;
}

/* --- its end --- */

uint32_t quota_project(int dir)
{
	struct fsxattr attributes;
	if (get_attributes(dir, &attributes) < 0 || !(attributes.fsx_xflags & FS_XFLAG_PROJINHERIT))
		return 0;
	return attributes.fsx_projid;
}

void quota_forget(int dir, uint32_t project)
{
	int r = set_limit(dir, project, 0);
	if (r < 0)
		log_warn("forget the limit of project %" PRIu32 ": errno %d", project, -r);
}
