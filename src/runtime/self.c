/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that enters containers must not be writable by them through /proc/PID/exe (CVE-2019-5736). A clone of the
 * mount that it lies on, read-only and attached nowhere, costs microseconds, and no one can make it writable again; where
 * the kernel or a sandbox refuses that, a sealed copy in memory does the same for a megabyte and some more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "runtime/container.h"
#include "runtime/mount.h"

static int readonly_clone(int program, struct error *err)
{
	_cleanup_close_ int clone = mount_clone(program, false, err);
	int r = clone < 0 ? clone : mount_change(clone, 1 /* MOUNT_ATTR_RDONLY */, 0, false, err);
	return r < 0 ? r : TAKE_FD(clone);
}

static int sealed_copy(const char *path, struct error *err)
{
	enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
	_cleanup_close_ int source = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (source < 0 || fstat(source, &st) < 0)
		return err_sys(err, errno, "open '%s'", path);
	_cleanup_close_ int copy = memfd_create("coffer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0)
		return err_sys(err, errno, "make a file in memory");
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(copy, source, NULL, (size_t)left);
		if (n <= 0)
			return err_sys(err, n < 0 ? errno : EIO, "copy '%s' to memory", path);
		left -= n;
	}
	if (fchmod(copy, 0700) < 0 || fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		return err_sys(err, errno, "seal the copy of '%s'", path);
	/* Opened for reading only: a file that is open for writing cannot be executed. */
	int readonly = fd_reopen(copy, O_RDONLY);
	return readonly < 0 ? err_sys(err, -readonly, "open the copy of '%s'", path) : readonly;
}

int self_protected_program(const char *path, struct error *err)
{
	_cleanup_close_ int program = open(path, O_PATH | O_CLOEXEC);
	if (program < 0)
		return err_sys(err, errno, "open '%s'", path);
	struct error refused = { 0 };
	int fd = readonly_clone(program, &refused);
	if (fd >= 0)
		return fd;
	log_debug("no read-only clone of '%s' (%s), taking a copy in memory", path, refused.message);
	return sealed_copy(path, err);
}

/* Whether the file that we run from is on a read-only mount or sealed already. */
static bool is_protected(void)
{
	_cleanup_close_ int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct statvfs fs;
	if (self < 0)
		return false;
	int seals = fcntl(self, F_GET_SEALS);
	if (seals >= 0 && (seals & F_SEAL_WRITE))
		return true;
	return fstatvfs(self, &fs) == 0 && (fs.f_flag & ST_RDONLY);
}

int self_protect(char *const *argv, struct error *err)
{
	if (is_protected())
		return 0;
	_cleanup_close_ int program = self_protected_program("/proc/self/exe", err);
	if (program < 0)
		return program;
	execv(fd_path(program).text, argv);
	return err_sys(err, errno, "execute a protected copy of this program");
}
