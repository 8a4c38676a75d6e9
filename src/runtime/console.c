/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's terminal. Master and slave are made from the container's own devpts and held as fds: nothing is looked up
 * by a name that the image could have prepared (CVE-2025-52565). Source: ioctl_tty(2), TIOCGPTPEER.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/util.h"
#include "runtime/container.h"
#include "runtime/rootfs.h"

enum { TTYAUX_MAJOR = 5, PTMX_MINOR = 2 };

static int open_master(int root, struct error *err)
{
	_cleanup_close_ int place = path_open_in_root(root, "/dev/pts/ptmx", O_PATH, 0);
	struct stat st;
	if (place < 0 || fstat(place, &st) < 0)
		return err_sys_code(err, ERR_TTY, place < 0 ? -place : errno,
				    "open /dev/pts/ptmx for the container's terminal");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(TTYAUX_MAJOR, PTMX_MINOR))
		return err_set(err, ERR_TTY, "the container's /dev/pts/ptmx is not a terminal multiplexer");
	int master = fd_reopen(place, O_RDWR | O_NOCTTY);
	return master < 0 ? err_sys_code(err, ERR_TTY, -master, "open a terminal in the container") : master;
}

static int put_on_console(struct rootfs *rootfs, int slave, struct error *err)
{
	const char *name;
	_cleanup_close_ int dev = path_open_parent_in_root(rootfs->mount, "/dev/console", true, 0755, &name);
	if (dev < 0)
		return err_sys_code(err, ERR_TTY, -dev, "open /dev of the root filesystem");
	_cleanup_close_ int file = openat(dev, name, O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0620);
	if (file < 0)
		return err_sys_code(err, ERR_TTY, errno, "make '/dev/console'");
	_cleanup_close_ int target = openat(dev, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return err_sys_code(err, ERR_TTY, errno, "open '/dev/console'");
	const struct mount_place place = { .root = dev, .path = name, .target = target };
	static const struct mount_change none = { 0 };
	_cleanup_close_ int mount = mount_place_bind(slave, false, &place, &none, err);
	return MIN(mount, 0);
}

int console_open(int root, const struct spec_process *process, int *ret_slave, struct error *err)
{
	_cleanup_close_ int master = open_master(root, err);
	int unlock = 0;
	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_sys_code(err, ERR_TTY, errno, "unlock the container's terminal");
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys_code(err, ERR_TTY, errno, "open the container's terminal");
	if (process->console_width || process->console_height) {
		struct winsize size = { .ws_row = process->console_height, .ws_col = process->console_width };
		(void)ioctl(master, TIOCSWINSZ, &size);
	}
	*ret_slave = slave;
	return TAKE_FD(master);
}

int console_make(struct rootfs *rootfs, int *ret_slave, struct error *err)
{
	int slave = -1;
	_cleanup_close_ int master = console_open(rootfs->mount, rootfs->spec->process, &slave, err);
	_cleanup_close_ int held = slave;
	if (master < 0)
		return master;
	int r = put_on_console(rootfs, held, err);
	if (r < 0)
		return r;
	*ret_slave = TAKE_FD(held);
	return TAKE_FD(master);
}

static int send_to(const char *path, const char *what, const char *text, int fd, struct error *err)
{
	_cleanup_close_ int sock = fd_connect_unix(path);
	if (sock < 0)
		return err_sys(err, -sock, "connect to %s socket '%s'", what, path);
	int r = fd_send(sock, text, strlen(text), &fd, 1);
	return r < 0 ? err_sys(err, -r, "send the %s to '%s'", what, path) : 0;
}

int console_send(const char *path, int master, struct error *err)
{
	return send_to(path, "console", "/dev/ptmx", master, err);
}

int pidfd_send(const char *path, int pidfd, bool of_exec, struct error *err)
{
	return send_to(path, "pidfd", of_exec ? "setns" : "standard", pidfd, err);
}
