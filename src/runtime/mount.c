/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

/* <sys/mount.h> and <linux/mount.h> cannot be included together before glibc 2.37: what we need of the first. */
enum {
	MS_RDONLY_ = 1,
	MS_SYNCHRONOUS_ = 16,
	MS_MANDLOCK_ = 64,
	MS_DIRSYNC_ = 128,
	MS_LAZYTIME_ = 1 << 25,
};

/* Words of the superblock's flags as fsconfig() takes them. */
static const struct {
	unsigned long flag;
	const char *word;
} SUPERBLOCK_WORDS[] = {
	{ MS_RDONLY_, "ro" },	      { MS_SYNCHRONOUS_, "sync" }, { MS_DIRSYNC_, "dirsync" },
	{ MS_MANDLOCK_, "mand" },     { MS_LAZYTIME_, "lazytime" },
};

/*
 * The kernel explains itself in the fs context's log: lines such as "e overlay: ...". The last one of an error or a
 * warning is the cause. Source: fsopen(2), "Message retrieval interface".
 */
static void explain(int context, struct error *err)
{
	char line[512], last[512] = "";
	ssize_t n;
	while ((n = read(context, line, sizeof line - 1)) > 0) {
		line[n] = '\0';
		if (n > 2 && (line[0] == 'e' || line[0] == 'w'))
			str_copy(last, sizeof last, line + 2);
	}
	last[strcspn(last, "\n")] = '\0';
	if (last[0])
		err_cause(err, "the kernel says: %s", last);
}

static int configure_one(int context, const char *option)
{
	const char *equals = strchr(option, '=');
	char key[64];
	if (!equals)
		return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, option, NULL, 0);
	if ((size_t)(equals - option) >= sizeof key) {
		errno = EINVAL;
		return -1;
	}
	str_copy(key, (size_t)(equals - option) + 1, option);
	return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, equals + 1, 0);
}

static int configure(int context, const char *type, const char *source, const char *const *data, unsigned long superblock,
		     struct error *err)
{
	if (source && syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "set the source of a %s", type);
	for (size_t i = 0; i < ARRAY_SIZE(SUPERBLOCK_WORDS); i++)
		if ((superblock & SUPERBLOCK_WORDS[i].flag) && configure_one(context, SUPERBLOCK_WORDS[i].word) < 0)
			return err_sys_code(err, ERR_MOUNT, errno, "set option \"%s\" of a %s",
					    SUPERBLOCK_WORDS[i].word, type);
	for (; data && *data; data++) {
		if (configure_one(context, *data) == 0)
			continue;
		int r = err_sys_code(err, ERR_MOUNT, errno, "set option \"%s\" of a %s", *data, type);
		explain(context, err);
		return r;
	}
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		int r = err_sys_code(err, ERR_MOUNT, errno, "make a %s file system", type);
		explain(context, err);
		return r;
	}
	return 0;
}

int mount_new(const char *type, const char *source, const char *const *data, uint64_t attributes, unsigned long superblock,
	      struct error *err)
{
	_cleanup_close_ int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	if (context < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "make a file system of type \"%s\"", type);
	int r = configure(context, type, source, data, superblock, err);
	if (r < 0)
		return r;
	int mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, (unsigned)attributes);
	if (mount < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "mount a %s", type);
	return mount;
}

int mount_clone(int fd, bool recursive, struct error *err)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
	int mount = (int)syscall(SYS_open_tree, fd, "", flags);
	if (mount < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "clone a mount");
	return mount;
}

static int set_attributes(int mount, const struct mount_attr *attr, bool recursive)
{
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
	return (int)syscall(SYS_mount_setattr, mount, "", flags, attr, sizeof *attr);
}

int mount_change(int mount, uint64_t set, uint64_t clear, bool recursive, struct error *err)
{
	if (set == 0 && clear == 0)
		return 0;
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear };
	if (set_attributes(mount, &attr, recursive) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "change a mount's attributes");
	return 0;
}

int mount_set_propagation(int mount, unsigned long propagation, bool recursive, struct error *err)
{
	struct mount_attr attr = { .propagation = propagation };
	if (set_attributes(mount, &attr, recursive) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "change a mount's propagation");
	return 0;
}

int mount_attach(int mount, int target, const char *name, struct error *err)
{
	if (syscall(SYS_move_mount, mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
		return 0;
	int error = errno;
	struct stat from, to;
	bool known = fstat(mount, &from) == 0 && fstat(target, &to) == 0;
	if ((error == ENOTDIR || error == EINVAL) && known && S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode))
		return err_set(err, ERR_MNT_TYPE, "cannot mount on %s: the source is a %s, the target is a %s", name,
			       S_ISDIR(from.st_mode) ? "directory" : "file",
			       S_ISDIR(to.st_mode) ? "directory" : "file");
	return err_sys_code(err, ERR_MOUNT, error, "mount on %s", name);
}

int mount_open_null_device(struct error *err)
{
	_cleanup_close_ int fd = open("/dev/null", O_PATH | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open '/dev/null'");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(err, ERR_DEV, "the host's /dev/null is not the null device");
	return TAKE_FD(fd);
}
