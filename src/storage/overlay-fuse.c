/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overlays by fuse-overlayfs(1), where the kernel makes none for us.
 *
 * The file system is mounted by us, as a detached mount, and the program is given the connection that stands behind it. So
 * whoever holds the mount holds the program: the last user of the mount that goes ends the connection, and the program with
 * it, whoever died of what. Nobody has to look for it, and it needs no place where it is mounted.
 *
 * The directories are named as seen from one that they are all in, so that the store's own path needs no escaping.
 *
 * Sources: fuse(4); kernel Documentation/filesystems/fuse.rst; fuse-overlayfs(1); libfuse, "/dev/fd/N" as a mountpoint.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/program.h"
#include "storage/overlay-internal.h"

#define PROGRAM "fuse-overlayfs"
#define DEVICE "/dev/fuse"

enum { COMPLAINT_MAX = 1024 };

/* --- the file system --- */

static int open_device(struct error *err)
{
	int device = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (device >= 0)
		return device;
	if (errno == EACCES || errno == EPERM) {
		err_sys_code(err, ERR_PERMISSION, errno, "mount an overlay by " PROGRAM ": open '" DEVICE "'");
		return err_hint(err, "chmod 666 " DEVICE ", as root");
	}
	err_sys_code(err, ERR_UNSUPPORTED, errno, "mount an overlay by " PROGRAM ": open '" DEVICE "'");
	return err_hint(err, "modprobe fuse, as root");
}

/* Every user of the container may come in, and the kernel compares modes, as with any other file system. */
static int make_mount(int device, bool writable, struct error *err)
{
	_cleanup_free_ char *number = mem_printf("%d", device);
	const struct overlay_setting settings[] = {
		{ "source", PROGRAM }, { "subtype", PROGRAM }, { "fd", number },	{ "rootmode", "40000" },
		{ "user_id", "0" },    { "group_id", "0" },    { "allow_other", NULL }, { "default_permissions", NULL },
	};
	_cleanup_close_ int fs = fsopen("fuse", FSOPEN_CLOEXEC);
	int r = fs < 0 ? -errno : 0;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(settings); i++) {
		const struct overlay_setting *setting = &settings[i];
		if (fsconfig(fs, setting->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, setting->key, setting->value,
			     0) < 0)
			r = -errno;
	}
	if (r >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	int mount = r < 0 ? -1 : fsmount(fs, FSMOUNT_CLOEXEC, writable ? 0 : MOUNT_ATTR_RDONLY);
	if (mount >= 0)
		return mount;
	r = r < 0 ? -r : errno;
	return err_sys_code(err, r == ENODEV ? ERR_UNSUPPORTED : ERR_MOUNT, r, "mount an overlay by " PROGRAM);
}

/* --- the program --- */

static int find_program(char **ret, struct error *err)
{
	if (program_find(PROGRAM, environ, ret, NULL) >= 0)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "mount an overlay: there is no " PROGRAM);
	return err_hint(err, "install the package " PROGRAM);
}

/* How much of the first @len characters of @path @other begins with, too: up to a slash, and with it. */
static size_t common_length(const char *path, size_t len, const char *other)
{
	size_t common = 0;
	for (size_t i = 0; i < len && path[i] == other[i]; i++)
		if (path[i] == '/')
			common = i + 1;
	return common;
}

/* The directory that all of them are in, of which there are two at least. */
static char *find_base(const struct overlay_options *options, size_t n_lower)
{
	const char *first = options->lower[0];
	size_t len = strlen(first);
	for (size_t i = 1; i < n_lower; i++)
		len = common_length(first, len, options->lower[i]);
	if (options->upper)
		len = common_length(first, common_length(first, len, options->upper), options->work);
	return mem_strndup(first, len);
}

/* The value of its option -o. */
static int describe(const struct overlay_options *options, size_t n_lower, size_t base, char **ret, struct error *err)
{
	_cleanup_str_ struct str text = { 0 };
	const char *bad = NULL;
	for (size_t i = 0; i < n_lower; i++) {
		const char *name = options->lower[i] + base;
		str_appendf(&text, "%s%s", i > 0 ? ":" : "lowerdir=", name);
		bad = strpbrk(name, ",:\\") ? name : bad;
	}
	if (options->upper)
		str_appendf(&text, ",upperdir=%s,workdir=%s", options->upper + base, options->work + base);
	if (options->upper && strpbrk(options->upper + base, ",:\\"))
		bad = options->upper + base;
	if (bad)
		return err_set(err, ERR_UNSUPPORTED, "mount an overlay: " PROGRAM " cannot be told of '%s'", bad);
	str_append(&text, options->ephemeral ? ",volatile" : "");
	*ret = str_take(&text);
	return 0;
}

static int failed(int complaints, struct error *err)
{
	char text[COMPLAINT_MAX] = "";
	if (lseek(complaints, 0, SEEK_SET) < 0 || fd_read_full(complaints, text, sizeof text - 1) < 0)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	err_set(err, ERR_MOUNT, "mount an overlay: " PROGRAM " failed");
	return *text ? err_cause(err, "it says: %s", text) : -ERR_MOUNT;
}

/* It goes on by itself when it has opened all directories, or ends. */
static int run(const char *program, const char *base, char *options, int device, struct error *err)
{
	struct fd_path mountpoint;
	snprintf(mountpoint.text, sizeof mountpoint.text, "/dev/fd/%d", PASS_FD_FIRST);
	char *argv[] = { (char *)PROGRAM, (char *)"-o", options, mountpoint.text, NULL };
	_cleanup_close_ int complaints = memfd_create(PROGRAM, MFD_CLOEXEC);
	if (complaints < 0)
		return err_sys(err, errno, "make a file in memory");
	const struct process_spawn spawn = {
		.path = program,
		.argv = argv,
		.stdio = { -1, complaints, complaints },
		.pass_fds = &device,
		.n_pass_fds = 1,
		.directory = base,
	};
	int r = process_run(&spawn, err);
	return r > 0 ? failed(complaints, err) : r;
}

static int check_directories(const struct overlay_options *options, size_t n_lower, struct error *err)
{
	_cleanup_overlay_fds_ struct overlay_fds fds = OVERLAY_FDS_NONE;
	return overlay_open_directories(options, n_lower, &fds, err);
}

int overlay_mount_fuse(const struct overlay_options *options, size_t n_lower, struct error *err)
{
	_cleanup_free_ char *base = find_base(options, n_lower), *program = NULL, *text = NULL;
	int r = find_program(&program, err);
	if (r >= 0)
		r = check_directories(options, n_lower, err);
	if (r >= 0)
		r = describe(options, n_lower, strlen(base), &text, err);
	_cleanup_close_ int device = r < 0 ? r : open_device(err);
	_cleanup_close_ int mount = device < 0 ? device : make_mount(device, options->upper, err);
	r = mount < 0 ? mount : run(program, base, text, device, err);
	return r < 0 ? r : TAKE_FD(mount);
}

int overlay_probe_fuse(struct error *err)
{
	_cleanup_free_ char *program = NULL;
	int r = find_program(&program, err);
	_cleanup_close_ int device = r < 0 ? r : open_device(err);
	_cleanup_close_ int mount = device < 0 ? device : make_mount(device, true, err);
	return mount < 0 ? mount : 0;
}
