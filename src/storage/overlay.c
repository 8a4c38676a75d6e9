/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which way a mount goes:
 *
 *	kernel          lower directories are given
 *	6.8 and later   one by one ("lowerdir+"), by their own names
 *	older           in one string of at most 255 bytes, as /proc/self/fd/N: up to 14 of them
 *	older, more     in one string of at most a page, by mount(2): up to some 200 (overlay-legacy.c)
 *
 * It is found out by trying, in a way that leaves nothing in the kernel's log: a kernel whose overlayfs does not know
 * the new API itself (before 6.5) accepts every option until the mount is made, also one that cannot exist.
 */
#include "storage/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "storage/overlay-internal.h"

/*
 * What the upper directory holds has to be exactly what changed, as files, for somebody will make a layer of it; so
 * nothing that lives in extended attributes only. A directory of a lower layer that is renamed says EXDEV then, and
 * programs copy it. "nofollow" rather than "off", which the kernel's configuration may turn into "follow".
 */
const struct overlay_setting overlay_settings[] = {
	{ "redirect_dir", "nofollow" },
	{ "metacopy", "off" },
	{ "index", "off" },
};
const size_t overlay_n_settings = ARRAY_SIZE(overlay_settings);

const char *overlay_opaque_xattr(const struct overlay_options *options)
{
	return options->userxattr ? "user.overlay.opaque" : "trusted.overlay.opaque";
}

/*
 * How many of the lower directories can be seen. Overlayfs merges the layers' roots whatever their attributes say, so a
 * layer whose root is opaque would not hide what is below it; we leave those below away instead.
 */
static size_t count_visible(const struct overlay_options *options)
{
	const char *xattr = overlay_opaque_xattr(options);
	size_t n = 0;
	for (char *const *lower = options->lower; lower && *lower; lower++) {
		char value;
		n++;
		if (getxattr(*lower, xattr, &value, 1) == 1 && value == 'y')
			break;
	}
	return n;
}

/* --- Errors --- */

/* File systems that overlayfs accepts below, but not above: they cannot whiteout, or rename in place, or have xattrs. */
static const char *name_of_unfit(const char *path)
{
	static const struct {
		uint32_t magic;
		const char *name;
	} unfit[] = {
		{ 0x794c7630, "overlayfs" }, { 0x6969, "NFS" },	      { 0x65735546, "FUSE" }, { 0xf15f, "eCryptfs" },
		{ 0x4d44, "FAT" },	     { 0xff534d42, "CIFS" },  { 0xfe534d42, "SMB" },  { 0x01021997, "9p" },
		{ 0x73717368, "squashfs" },  { 0xe0f5e1e2, "EROFS" },
	};
	struct statfs fs;
	if (statfs(path, &fs) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(unfit); i++)
		if ((uint32_t)fs.f_type == unfit[i].magic)
			return unfit[i].name;
	return NULL;
}

static const char *first_missing(const struct overlay_options *options)
{
	for (char *const *lower = options->lower; *lower; lower++)
		if (access(*lower, F_OK) < 0)
			return *lower;
	if (options->upper && access(options->upper, F_OK) < 0)
		return options->upper;
	return options->work && access(options->work, F_OK) < 0 ? options->work : NULL;
}

int overlay_refused(const struct overlay_options *options, int sys_errno, struct error *err)
{
	const char *missing = first_missing(options);
	if (missing)
		return err_set(err, ERR_NOT_FOUND, "mount an overlay: '%s' does not exist", missing);
	const char *unfit = options->upper ? name_of_unfit(options->upper) : NULL;
	if (unfit) {
		err_sys_code(err, ERR_UNSUPPORTED, sys_errno, "mount an overlay");
		return err_cause(err, "'%s' is on %s, which cannot be an overlay's upper directory", options->upper,
				 unfit);
	}
	return err_sys_code(err, sys_errno == EPERM ? ERR_PERMISSION : ERR_MOUNT, sys_errno,
			    "mount an overlay of %zu layers", strv_count(options->lower));
}

/* The kernel's own words: read() gives the messages of a file system context one by one, as "e overlay: text". */
static void add_kernel_words(int fs, struct error *err)
{
	_cleanup_str_ struct str words = { 0 };
	char message[256];
	ssize_t len;
	while (fs >= 0 && (len = read(fs, message, sizeof message - 1)) > 0) {
		message[len] = '\0';
		message[strcspn(message, "\n")] = '\0';
		bool has_level = len > 2 && message[1] == ' ';
		str_appendf(&words, "%s%s", words.len > 0 ? "; " : "", message + (has_level ? 2 : 0));
	}
	if (words.len > 0)
		err_cause(err, "the kernel says: %.500s", str_text(&words));
	else
		err_hint(err, "dmesg | tail");
}

/* --- The new API --- */

static int open_context(struct error *err)
{
	int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	if (fs >= 0)
		return fs;
	if (errno != ENODEV)
		return err_sys(err, errno, "mount an overlay");
	err_set(err, ERR_UNSUPPORTED, "this kernel has no overlayfs");
	return err_hint(err, "modprobe overlay");
}

/* The old options parser (before Linux 6.5) keeps every word for later. */
static bool knows_no_options(int fs)
{
	return fsconfig(fs, FSCONFIG_SET_FLAG, "coffer_asks_what_parses_this", NULL, 0) == 0;
}

static int set(int fs, const char *key, const char *value)
{
	int r = value ? fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0)
		      : fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0);
	return r < 0 ? -errno : 0;
}

/* A path that does not fit into a value, or would have to be escaped there, is given by its fd. */
static int set_path(int fs, const char *key, const char *path, int fd)
{
	bool plain = strlen(path) <= OVERLAY_VALUE_MAX && !strpbrk(path, ",:\\");
	return set(fs, key, plain ? path : fd_path(fd).text);
}

static int set_lowers_one_by_one(int fs, const struct overlay_options *options, size_t n_lower)
{
	for (size_t i = 0; i < n_lower; i++) {
		const char *path = options->lower[i];
		_cleanup_close_ int fd = -1;
		if (strlen(path) > OVERLAY_VALUE_MAX) {
			fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
			if (fd < 0)
				return -errno;
			path = fd_path(fd).text;
		}
		int r = set(fs, "lowerdir+", path);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Settings that this kernel has never heard of are not needed to turn off what it does not have. */
static int set_settings(int fs, const struct overlay_options *options)
{
	for (size_t i = 0; i < overlay_n_settings; i++) {
		int r = set(fs, overlay_settings[i].key, overlay_settings[i].value);
		if (r < 0)
			log_debug("overlay: no option %s: errno %d", overlay_settings[i].key, -r);
	}
	if (options->ephemeral && set(fs, "volatile", NULL) < 0)
		log_debug("overlay: no option volatile");
	return options->userxattr ? set(fs, "userxattr", NULL) : 0;
}

static int set_upper(int fs, const struct overlay_options *options, const struct overlay_fds *fds)
{
	if (!options->upper)
		return 0;
	int r = set_path(fs, "upperdir", options->upper, fds->upper);
	return r < 0 ? r : set_path(fs, "workdir", options->work, fds->work);
}

/*
 * Everything but the lower directories. Kernels before 6.5 resolve the paths only now, so @fds have to be open still.
 * Returns an fd of the mount or -errno.
 */
static int create(int fs, const struct overlay_options *options, const struct overlay_fds *fds)
{
	int r = set(fs, "source", "overlay");
	if (r == 0)
		r = set_upper(fs, options, fds);
	if (r == 0)
		r = set_settings(fs, options);
	if (r == 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r < 0)
		return r;
	int mount = fsmount(fs, FSMOUNT_CLOEXEC, options->upper ? 0 : MOUNT_ATTR_RDONLY);
	return mount < 0 ? -errno : mount;
}

/* All lower directories in one option, if they fit: else -E2BIG. */
static int create_joined(int fs, const struct overlay_options *options, const struct overlay_fds *fds)
{
	_cleanup_str_ struct str lowers = { 0 };
	overlay_join_lowers(fds, &lowers);
	if (lowers.len > OVERLAY_VALUE_MAX)
		return -E2BIG;
	int r = set(fs, "lowerdir", lowers.data);
	return r < 0 ? r : create(fs, options, fds);
}

int overlay_mount_joined(const struct overlay_options *options, size_t n_lower, struct error *err)
{
	_cleanup_overlay_fds_ struct overlay_fds fds = OVERLAY_FDS_NONE;
	int r = overlay_open_directories(options, n_lower, &fds, err);
	if (r < 0)
		return r;
	_cleanup_close_ int fs = open_context(err);
	if (fs < 0)
		return fs;
	int mount = create_joined(fs, options, &fds);
	if (mount >= 0)
		return mount;
	if (mount == -E2BIG)
		return overlay_mount_legacy(options, n_lower, err);
	r = overlay_refused(options, -mount, err);
	add_kernel_words(fs, err);
	return r;
}

static int mount_overlay(const struct overlay_options *options, size_t n_lower, struct error *err)
{
	_cleanup_close_ int fs = open_context(err);
	if (fs < 0)
		return fs;
	if (knows_no_options(fs))
		return overlay_mount_joined(options, n_lower, err);
	_cleanup_overlay_fds_ struct overlay_fds upper = OVERLAY_FDS_NONE;
	int r = overlay_open_directories(options, 0, &upper, err);
	if (r < 0)
		return r;
	r = set_lowers_one_by_one(fs, options, n_lower);
	if (r == -EINVAL) /* 6.5 to 6.7 know their options, but not this one */
		return overlay_mount_joined(options, n_lower, err);
	int mount = r < 0 ? r : create(fs, options, &upper);
	if (mount >= 0)
		return mount;
	r = overlay_refused(options, -mount, err);
	add_kernel_words(fs, err);
	return r;
}

/* Overlayfs wants two directories at least, and one alone needs no overlay. */
static int mount_single(const char *path, struct error *err)
{
	_cleanup_close_ int mount = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mount < 0)
		return err_sys(err, errno, "mount layer '%s'", path);
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };
	if (mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0)
		return TAKE_FD(mount);
	if (errno == ENOSYS) /* before Linux 5.12 */
		return overlay_bind_legacy(path, err);
	return err_sys(err, errno, "make the mount of layer '%s' read-only", path);
}

int overlay_mount(const struct overlay_options *options, struct error *err)
{
	size_t n_lower = count_visible(options);
	if (n_lower == 0 || !options->upper != !options->work)
		return err_set(err, ERR_INTERNAL,
			       "an overlay needs a lower directory, and work where there is an upper");
	if (n_lower > OVERLAY_LOWER_MAX) {
		err_set(err, ERR_UNSUPPORTED, "the image has %zu layers", n_lower);
		return err_cause(err, "overlayfs stacks %d at most", OVERLAY_LOWER_MAX);
	}
	if (options->user_namespace)
		return overlay_mount_mapped(options, err);
	if (n_lower == 1 && !options->upper)
		return mount_single(options->lower[0], err);
	if (options->fuse)
		return overlay_mount_fuse(options, n_lower, err);
	return mount_overlay(options, n_lower, err);
}
