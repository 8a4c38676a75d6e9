/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount-old.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#define ST_NOSYMFOLLOW_ 8192 /* statfs(2) */

/* --- the list of mounts --- */

struct listed {
	unsigned id, parent;
	char *point; /* as escaped in the list */
};

static int mount_id(int fd, unsigned *ret, struct error *err)
{
	struct statx st;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 || !(st.stx_mask & STATX_MNT_ID))
		return err_sys_code(err, ERR_MOUNT, errno, "look at a mount");
	*ret = (unsigned)st.stx_mnt_id;
	return 0;
}

static FILE *open_list(struct error *err)
{
	FILE *list = fopen("/proc/self/mountinfo", "re");
	if (!list)
		(void)err_sys_code(err, ERR_MOUNT, errno, "open '/proc/self/mountinfo'");
	return list;
}

/* The next mount whose parent is @parent. Its text is in *line. */
static bool next_child(FILE *list, unsigned parent, char **line, size_t *size, struct listed *ret)
{
	while (getline(line, size, list) > 0) {
		int at = 0, end = 0;
		/* id, parent, device, root in the file system, mount point */
		if (sscanf(*line, "%u %u %*s %*s %n%*s%n", &ret->id, &ret->parent, &at, &end) != 2 ||
		    ret->parent != parent || end == 0)
			continue;
		(*line)[end] = '\0';
		ret->point = *line + at;
		return true;
	}
	return false;
}

/* The mount that was put on @parent last; 0: there is none. The list is in the order of mounting. */
static int newest_child(unsigned parent, unsigned *ret, struct error *err)
{
	_cleanup_fclose_ FILE *list = open_list(err);
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	struct listed child;
	if (!list)
		return -ERR_MOUNT;
	*ret = 0;
	while (next_child(list, parent, &line, &size, &child))
		*ret = child.id;
	return 0;
}

/* --- mounting --- */

static unsigned long flags_of(uint64_t attributes)
{
	static const struct {
		uint64_t attribute;
		unsigned long flag;
	} table[] = {
		{ MOUNT_ATTR_RDONLY, MS_RDONLY },	    { MOUNT_ATTR_NOSUID, MS_NOSUID },
		{ MOUNT_ATTR_NODEV, MS_NODEV },		    { MOUNT_ATTR_NOEXEC, MS_NOEXEC },
		{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },   { MOUNT_ATTR_NOATIME, MS_NOATIME },
		{ MOUNT_ATTR_STRICTATIME, MS_STRICTATIME }, { MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW },
	};
	unsigned long flags = 0;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (attributes & table[i].attribute)
			flags |= table[i].flag;
	return attributes & (MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME) ? flags : flags | MS_RELATIME;
}

/*
 * What was just mounted on @place: by its name again, for there is no other way, but only if what is found there is the
 * newest mount on the target that we hold.
 */
static int open_mounted(const struct mount_place *place, struct error *err)
{
	unsigned parent, newest, found;
	int r = mount_id(place->target, &parent, err);
	if (r < 0 || (r = newest_child(parent, &newest, err)) < 0)
		return r;
	_cleanup_close_ int fd = path_open_in_root(place->root, place->path, O_PATH | (place->nofollow ? O_NOFOLLOW : 0), 0);
	if (fd < 0)
		return err_sys_code(err, ERR_MOUNT, -fd, "open the mount on %s", place->path);
	if ((r = mount_id(fd, &found, err)) < 0)
		return r;
	if (newest == 0 || found != newest)
		return err_set(err, ERR_MOUNT, "%s was exchanged while it was mounted on", place->path);
	return TAKE_FD(fd);
}

int mount_old_bind(int source, bool recursive, const struct mount_place *place, struct error *err)
{
	struct mount_place seen = *place;
	struct stat from, to;
	if (fstat(source, &from) < 0 || fstat(place->target, &to) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "mount on %s", place->path);
	if (S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode))
		return mount_type_mismatch(from.st_mode, to.st_mode, place->path, err);
	if (mount(fd_path(source).text, fd_path(place->target).text, NULL, MS_BIND | (recursive ? MS_REC : 0), NULL) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "mount on %s", place->path);
	seen.nofollow |= S_ISLNK(from.st_mode);
	return open_mounted(&seen, err);
}

int mount_old_new(const struct mount_file_system *fs, uint64_t attributes, const struct mount_place *place,
		  struct error *err)
{
	_cleanup_free_ char *data = strv_join((char *const *)fs->data, ",");
	if (mount(fs->source ? fs->source : fs->type, fd_path(place->target).text, fs->type,
		  flags_of(attributes) | fs->superblock, *data ? data : NULL) < 0)
		return errno == ENODEV ? err_sys_code(err, ERR_MOUNT, errno, "make a file system of type \"%s\"", fs->type) :
					 err_sys_code(err, ERR_MOUNT, errno, "mount a %s with options \"%s\"", fs->type, data);
	return open_mounted(place, err);
}

/* --- changing --- */

static int attributes_of(int fd, uint64_t *ret, struct error *err)
{
	struct statvfs fs;
	if (fstatvfs(fd, &fs) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "look at a mount");
	*ret = (fs.f_flag & ST_RDONLY ? MOUNT_ATTR_RDONLY : 0) | (fs.f_flag & ST_NOSUID ? MOUNT_ATTR_NOSUID : 0) |
	       (fs.f_flag & ST_NODEV ? MOUNT_ATTR_NODEV : 0) | (fs.f_flag & ST_NOEXEC ? MOUNT_ATTR_NOEXEC : 0) |
	       (fs.f_flag & ST_NODIRATIME ? MOUNT_ATTR_NODIRATIME : 0) |
	       (fs.f_flag & ST_NOSYMFOLLOW_ ? MOUNT_ATTR_NOSYMFOLLOW : 0) |
	       (fs.f_flag & ST_NOATIME	 ? MOUNT_ATTR_NOATIME :
		fs.f_flag & ST_RELATIME ? MOUNT_ATTR_RELATIME :
					  MOUNT_ATTR_STRICTATIME);
	return 0;
}

static int change_one(int mount_fd, uint64_t set, uint64_t clear, struct error *err)
{
	uint64_t attributes = 0;
	int r = attributes_of(mount_fd, &attributes, err);
	if (r < 0)
		return r;
	attributes = (attributes & ~clear) | set;
	if (mount(NULL, fd_path(mount_fd).text, NULL, MS_REMOUNT | MS_BIND | flags_of(attributes), NULL) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "change a mount's attributes");
	return 0;
}

/* mountinfo writes a blank, a tab, a newline and a backslash as three octal digits. */
static void unescape(char *text)
{
	char *to = text;
	for (; *text; text++) {
		if (*text == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static int change_tree(int mount_fd, uint64_t set, uint64_t clear, int depth, struct error *err);

/* @top is where @mount_fd is mounted. */
static int change_child(int mount_fd, const char *top, struct listed *child, uint64_t set, uint64_t clear, int depth,
			struct error *err)
{
	unsigned found;
	unescape(child->point);
	const char *path = str_after(child->point, streq(top, "/") ? "" : top);
	if (!path || *path != '/')
		return 0; /* out of sight */
	_cleanup_close_ int fd = path_open_beneath(mount_fd, path + 1, O_PATH, 0);
	if (fd < 0)
		return err_sys_code(err, ERR_MOUNT, -fd, "open the mount on %s", child->point);
	int r = mount_id(fd, &found, err);
	if (r < 0)
		return r;
	if (found != child->id)
		return err_set(err, ERR_MOUNT, "the mount on %s cannot be reached to change it", child->point);
	return change_tree(fd, set, clear, depth + 1, err);
}

static int change_tree(int mount_fd, uint64_t set, uint64_t clear, int depth, struct error *err)
{
	enum { DEPTH_MAX = 32 };
	_cleanup_free_ char *top = path_of_fd(mount_fd), *line = NULL;
	_cleanup_fclose_ FILE *list = open_list(err);
	size_t size = 0;
	struct listed child;
	unsigned id;
	if (!list)
		return -ERR_MOUNT;
	if (depth == DEPTH_MAX)
		return err_set(err, ERR_MOUNT, "too many mounts on each other at %s", top);
	int r = change_one(mount_fd, set, clear, err);
	if (r == 0)
		r = mount_id(mount_fd, &id, err);
	while (r == 0 && next_child(list, id, &line, &size, &child))
		r = change_child(mount_fd, top, &child, set, clear, depth, err);
	return r;
}

int mount_old_change(int mount_fd, uint64_t set, uint64_t clear, bool recursive, struct error *err)
{
	return recursive ? change_tree(mount_fd, set, clear, 0, err) : change_one(mount_fd, set, clear, err);
}

int mount_old_set_propagation(int mount_fd, unsigned long propagation, bool recursive, struct error *err)
{
	if (mount(NULL, fd_path(mount_fd).text, NULL, propagation | (recursive ? MS_REC : 0), NULL) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "change a mount's propagation");
	return 0;
}
