/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack-sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "image/unpack-seccomp.h"

enum { MEMORY_MAX = 1 << 30, FILES_MAX = 256 };

static void log_skipped(const char *what, int sys_errno)
{
	log_debug("unpack: the worker does without %s: errno %d", what, sys_errno);
}

int sandbox_confine(int dir)
{
	_cleanup_close_ int mount = open_tree(dir, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mount < 0) {
		log_skipped("a mount of its own", errno);
		int copy = fcntl(dir, F_DUPFD_CLOEXEC, 0);
		return copy < 0 ? -errno : copy;
	}
	struct mount_attr attributes = {
		.attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		.propagation = MS_PRIVATE,
	};
	if (mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0) /* before Linux 5.12 */
		log_skipped("mount attributes", errno);
	return TAKE_FD(mount);
}

/* Returns an fd of the root of an empty, read-only file system that is mounted nowhere, or -errno. */
static int make_empty_directory(void)
{
	_cleanup_close_ int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int fd = fsmount(fs, FSMOUNT_CLOEXEC,
			 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}

static void leave_files(void)
{
	_cleanup_close_ int root = make_empty_directory();
	if (root < 0)
		log_skipped("an empty root directory", -root);
	else if (fchdir(root) < 0 || chroot(".") < 0)
		log_skipped("an empty root directory", errno);
}

static void leave_network(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		log_skipped("a network namespace of its own", errno);
}

static void limit(int resource, rlim_t value)
{
	const struct rlimit limits = { .rlim_cur = value, .rlim_max = value };
	if (setrlimit((__rlimit_resource_t)resource, &limits) < 0)
		log_skipped("a limit of its resources", errno);
}

/* ASan's shadow memory counts as data, and is larger than any limit. */
static bool can_limit_memory(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return false;
#elif defined(__has_feature)
	return !__has_feature(address_sanitizer);
#else
	return true;
#endif
}

static void limit_resources(void)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, FILES_MAX);
	if (can_limit_memory())
		limit(RLIMIT_DATA, MEMORY_MAX);
}

static int drop_capabilities(enum sandbox_duty duty)
{
	static const int kept[] = {
		CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP, CAP_SYS_ADMIN,
	};
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3], mask[_LINUX_CAPABILITY_U32S_3] = { 0 };
	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (size_t i = 0; duty == SANDBOX_UNPACK && i < ARRAY_SIZE(kept); i++)
		mask[CAP_TO_INDEX(kept[i])].permitted |= CAP_TO_MASK(kept[i]);
	for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
		data[i].permitted &= mask[i].permitted;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int sandbox_enter(enum sandbox_duty duty, struct error *err)
{
	leave_network();
	leave_files();
	limit_resources();
	int r = drop_capabilities(duty);
	if (r < 0)
		return err_sys(err, -r, "drop capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "give up the right to gain privileges");
	r = unpack_seccomp_load(duty);
	if (r < 0)
		log_skipped("a system call filter", -r);
	return 0;
}
