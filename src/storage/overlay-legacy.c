/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts by mount(2), which attaches what it mounts, on kernels where nothing else takes as many lower directories. So
 * that nobody sees it attached, and nothing stays if we die, a child of ours does it in a mount namespace of its own
 * and sends back a detached copy (open_tree(2)); the namespace ends with the child.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/process.h"
#include "storage/overlay-internal.h"

static int open_directory(const struct overlay_options *options, const char *path, int *ret, struct error *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? overlay_refused(options, errno, err) : err_sys(err, errno, "open '%s'", path);
	*ret = fd;
	return 0;
}

int overlay_open_directories(const struct overlay_options *options, size_t n_lower, struct overlay_fds *ret,
			     struct error *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < n_lower; i++) {
		int fd = -1;
		r = open_directory(options, options->lower[i], &fd, err);
		if (r == 0)
			*ARRAY_APPEND(ret->lower, ret->n_lower) = fd;
	}
	if (r == 0 && options->upper)
		r = open_directory(options, options->upper, &ret->upper, err);
	if (r == 0 && options->upper)
		r = open_directory(options, options->work, &ret->work, err);
	return r;
}

void overlay_fds_done(struct overlay_fds *fds)
{
	for (size_t i = 0; i < fds->n_lower; i++)
		fd_close(fds->lower[i]);
	free(fds->lower);
	fd_close(fds->upper);
	fd_close(fds->work);
}

void overlay_join_lowers(const struct overlay_fds *fds, struct str *ret)
{
	for (size_t i = 0; i < fds->n_lower; i++)
		str_appendf(ret, "%s%s", i > 0 ? ":" : "", fd_path(fds->lower[i]).text);
}

/* All options of mount(2), in one page with a zero at its end. */
static void join_options(const struct overlay_options *options, const struct overlay_fds *fds, struct str *ret)
{
	str_append(ret, "lowerdir=");
	overlay_join_lowers(fds, ret);
	if (fds->upper >= 0)
		str_appendf(ret, ",upperdir=%s,workdir=%s", fd_path(fds->upper).text, fd_path(fds->work).text);
	for (size_t i = 0; i < overlay_n_settings; i++)
		str_appendf(ret, ",%s=%s", overlay_settings[i].key, overlay_settings[i].value);
	if (options->ephemeral)
		str_append(ret, ",volatile");
	if (options->userxattr)
		str_append(ret, ",userxattr");
}

static int detach(const char *path, struct error *err)
{
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "detach the mount on '%s'", path) : fd;
}

static _Noreturn void child_main(int sock, overlay_private_fn *act, const void *what)
{
	struct error err = { 0 };
	int fd;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fd = err_sys(&err, errno, "make a private mount namespace");
	else
		fd = act(what, &err);
	int r = fd_send(sock, &err, sizeof err, &fd, fd < 0 ? 0 : 1);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int receive_mount(int sock, struct error *err)
{
	struct error answer;
	int fd;
	size_t n_fds = 0;
	ssize_t len = fd_receive(sock, &answer, sizeof answer, &fd, 1, &n_fds);
	if (n_fds == 1)
		return fd;
	if (len != sizeof answer)
		return err_set(err, ERR_INTERNAL, "the process that was to mount died");
	int r = err_check_received(&answer);
	if (err)
		*err = answer;
	return r;
}

int overlay_run_privately(overlay_private_fn *act, const void *what, struct error *err)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "connect to a child process");
	_cleanup_close_ int ours = pair[0], theirs = pair[1];
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "start a child process");
	if (pid == 0)
		child_main(theirs, act, what);
	fd_close(TAKE_FD(theirs));
	int fd = receive_mount(ours, err);
	(void)process_wait(pid, &(int){ 0 }, NULL);
	return fd;
}

struct stack {
	const struct overlay_options *options;
	size_t n_lower;
};

static int too_many(size_t n_lower, size_t page, struct error *err)
{
	err_set(err, ERR_UNSUPPORTED, "the image has %zu layers, which is more than this kernel can stack", n_lower);
	return err_cause(err, "before Linux 6.8, the options of an overlay have to fit into %zu bytes", page);
}

/* The directories are opened here: the kernel takes none that were opened in another mount namespace. */
static int mount_stack(const void *what, struct error *err)
{
	const struct stack *stack = what;
	const struct overlay_options *options = stack->options;
	_cleanup_overlay_fds_ struct overlay_fds fds = OVERLAY_FDS_NONE;
	int r = overlay_open_directories(options, stack->n_lower, &fds, err);
	if (r < 0)
		return r;
	_cleanup_str_ struct str text = { 0 };
	join_options(options, &fds, &text);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	if (text.len >= page)
		return too_many(stack->n_lower, page, err);
	if (mount("overlay", options->lower[0], "overlay", options->upper ? 0 : MS_RDONLY, text.data) < 0) {
		r = overlay_refused(options, errno, err);
		err_hint(err, "dmesg | tail");
		return r;
	}
	return detach(options->lower[0], err);
}

int overlay_mount_legacy(const struct overlay_options *options, size_t n_lower, struct error *err)
{
	const struct stack stack = { .options = options, .n_lower = n_lower };
	return overlay_run_privately(mount_stack, &stack, err);
}

static int bind_read_only(const void *what, struct error *err)
{
	const char *path = what;
	if (mount(path, path, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		return err_sys(err, errno, "mount layer '%s'", path);
	return detach(path, err);
}

int overlay_bind_legacy(const char *path, struct error *err)
{
	return overlay_run_privately(bind_read_only, path, err);
}
