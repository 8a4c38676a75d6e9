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
#include "runtime/mount-old.h"

/* <sys/mount.h> and <linux/mount.h> cannot be included together before glibc 2.37: what we need of the first. */
enum {
	MS_RDONLY_ = 1,
	MS_SYNCHRONOUS_ = 16,
	MS_MANDLOCK_ = 64,
	MS_DIRSYNC_ = 128,
	MS_LAZYTIME_ = 1 << 25,
};

/* Of newer kernels' headers. */
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif

/*
 * No call does anything with these arguments. What a kernel has answers EINVAL or EBADF; what is missing or forbidden is
 * ENOSYS or EPERM, and so is everything for those who may not mount at all.
 */
static bool answers(long result)
{
	return result >= 0 || (errno != ENOSYS && errno != EPERM);
}

static bool ask(enum mount_ability ability)
{
	bool can_move = ability == MOUNT_CAN_CHANGE || answers(syscall(SYS_move_mount, -1, "", -1, "", ~0u));
	switch (ability) {
	case MOUNT_CAN_CLONE:
		return can_move && answers(syscall(SYS_open_tree, -1, "", ~0u));
	case MOUNT_CAN_MAKE:
		return can_move && answers(syscall(SYS_fsopen, NULL, ~0u)) &&
		       answers(syscall(SYS_fsconfig, -1, ~0u, NULL, NULL, 0)) && answers(syscall(SYS_fsmount, -1, ~0u, 0));
	default:
		return answers(syscall(SYS_mount_setattr, -1, "", 0, NULL, 0));
	}
}

bool mount_can(enum mount_ability ability)
{
	static enum { UNKNOWN, NO, YES } known[MOUNT_ABILITY_COUNT];
	if (known[ability] == UNKNOWN)
		known[ability] = ask(ability) ? YES : NO;
	return known[ability] == YES;
}

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

static int configure_data(int context, const char *const *data, const char *type, struct error *err)
{
	for (; data && *data; data++) {
		if (configure_one(context, *data) == 0)
			continue;
		int r = err_sys_code(err, ERR_MOUNT, errno, "set option \"%s\" of a %s", *data, type);
		explain(context, err);
		return r;
	}
	return 0;
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
	int r = configure_data(context, data, type, err);
	if (r < 0)
		return r;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		r = err_sys_code(err, ERR_MOUNT, errno, "make a %s file system", type);
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

int mount_reconfigure(int mount, const char *const *data, struct error *err)
{
	_cleanup_close_ int context = (int)syscall(SYS_fspick, mount, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
	if (context < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "change a file system");
	int r = configure_data(context, data, "file system", err);
	if (r == 0 && syscall(SYS_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0) {
		r = err_sys_code(err, ERR_MOUNT, errno, "change a file system");
		explain(context, err);
	}
	return r;
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
	if (!mount_can(MOUNT_CAN_CHANGE))
		return mount_old_change(mount, set, clear, recursive, err);
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear };
	if (set_attributes(mount, &attr, recursive) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "change a mount's attributes");
	return 0;
}

int mount_set_propagation(int mount, unsigned long propagation, bool recursive, struct error *err)
{
	if (!mount_can(MOUNT_CAN_CHANGE))
		return mount_old_set_propagation(mount, propagation, recursive, err);
	struct mount_attr attr = { .propagation = propagation };
	if (set_attributes(mount, &attr, recursive) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "change a mount's propagation");
	return 0;
}

int mount_apply(int mount, const struct mount_change *change, struct error *err)
{
	int r = mount_change(mount, change->set, change->clear, false, err);
	if (r == 0)
		r = mount_change(mount, change->tree_set, change->tree_clear, true, err);
	if (r == 0 && change->propagation)
		r = mount_set_propagation(mount, change->propagation, change->propagation_recursive, err);
	return r;
}

int mount_map_ids(int mount, int user_namespace, bool recursive, struct error *err)
{
	if (!mount_can(MOUNT_CAN_CHANGE))
		return err_set(err, ERR_UNSUPPORTED, "ids of a mount cannot be mapped here: mount_setattr() is missing");
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user_namespace };
	if (set_attributes(mount, &attr, recursive) == 0)
		return 0;
	int r = err_sys_code(err, ERR_IDMAP, errno, "map the ids of the mount");
	if (err && err->sys_errno == EINVAL)
		err_cause(err, "its file system, or this kernel, does not support mapped ids");
	else if (err && err->sys_errno == EPERM)
		err_cause(
			err,
			"only root of the user namespace that its file system was mounted in may map ids, and only once");
	return r;
}

int mount_type_mismatch(mode_t from, mode_t to, const char *name, struct error *err)
{
	return err_set(err, ERR_MNT_TYPE, "cannot mount on %s: the source is a %s, the target is a %s", name,
		       S_ISDIR(from) ? "directory" : "file", S_ISDIR(to) ? "directory" : "file");
}

int mount_attach(int mount, int target, const char *name, struct error *err)
{
	if (syscall(SYS_move_mount, mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
		return 0;
	int error = errno;
	struct stat from, to;
	bool known = fstat(mount, &from) == 0 && fstat(target, &to) == 0;
	if ((error == ENOTDIR || error == EINVAL) && known && S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode))
		return mount_type_mismatch(from.st_mode, to.st_mode, name, err);
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
