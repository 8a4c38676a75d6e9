/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/copy-place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

enum { LINKS_MAX = 40 }; /* the kernel's own limit; source: path_resolution(7) */

void copy_origin_done(struct copy_origin *origin)
{
	fd_close(TAKE_FD(origin->fd));
	free(TAKE_PTR(origin->as));
}

void copy_target_done(struct copy_target *target)
{
	free(TAKE_PTR(target->dir));
	free(TAKE_PTR(target->name));
}

/* The path without what its end says about it. Names are taken as they are: "a/.." may be anywhere. free() it. */
static char *split_end(const char *path, bool *ret_directory, bool *ret_content)
{
	char *text = mem_strdup(path);
	size_t len = strlen(text);
	*ret_directory = *ret_content = false;
	for (;;) {
		bool dot = len > 0 && text[len - 1] == '.' && (len == 1 || text[len - 2] == '/');
		if (!dot && !(len > 0 && text[len - 1] == '/'))
			break;
		*ret_directory = true;
		*ret_content |= dot;
		text[--len] = '\0';
	}
	*ret_content |= len == 0 || streq(path_base(text), "..");
	return text;
}

/* --- from where --- */

int copy_origin_open(int root, const char *path, bool follow, struct copy_origin *ret)
{
	bool directory, content;
	struct stat st;
	_cleanup_free_ char *plain = split_end(path, &directory, &content);
	int flags = O_PATH | (directory ? O_DIRECTORY : follow ? 0 : O_NOFOLLOW);
	_cleanup_close_ int fd = path_open_in_root(root, *plain ? plain : "/", flags, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = (struct copy_origin){
		.fd = TAKE_FD(fd),
		.as = mem_strdup(content ? "" : path_base(plain)),
		.mode = st.st_mode,
	};
	return 0;
}

/* --- to where --- */

/* Returns the length of what link @name of @dir says, -EINVAL if it is none, or -errno. */
static ssize_t read_link(int dir, const char *name, char *buf, size_t size)
{
	ssize_t len = readlinkat(dir, name, buf, size - 1);
	if (len < 0)
		return -errno;
	buf[len] = '\0';
	return len;
}

/* Go where a link at the end of *path leads, once: 1; 0 if there is none, and *ret says what is there. */
static int follow_link(int root, char **path, struct copy_target *ret)
{
	char target[PATH_MAX];
	const char *name;
	struct stat st;
	_cleanup_close_ int parent = path_open_parent_in_root(root, *path, false, 0, &name);
	if (parent < 0)
		return parent;
	_cleanup_free_ char *dir = mem_strndup(*path, (size_t)(name - *path));
	ssize_t len = read_link(parent, name, target, sizeof target);
	if (len >= 0) {
		free(*path);
		*path = *target == '/' ? mem_strdup(target) : path_join(dir, target);
		return 1;
	}
	if (len != -EINVAL && len != -ENOENT)
		return (int)len;
	ret->mode = fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode : 0;
	ret->dir = TAKE_PTR(dir);
	ret->name = mem_strdup(name);
	return 0;
}

static bool is_directory(int root, const char *path)
{
	_cleanup_close_ int fd = path_open_in_root(root, path, O_PATH | O_DIRECTORY, 0);
	return fd >= 0;
}

int copy_target_find(int root, const char *path, struct copy_target *ret)
{
	_cleanup_copy_target_ struct copy_target target = { 0 };
	bool directory, content;
	if (is_directory(root, path)) {
		*ret = (struct copy_target){ .dir = mem_strdup(path), .mode = S_IFDIR };
		return 0;
	}
	_cleanup_free_ char *plain = split_end(path, &directory, &content);
	int r = 1;
	for (int links = 0; r > 0; links++)
		r = links < LINKS_MAX ? follow_link(root, &plain, &target) : -ELOOP;
	if (r < 0)
		return r;
	target.is_directory_name = directory;
	*ret = target;
	target = (struct copy_target){ 0 };
	return 0;
}

/* --- both --- */

int copy_name(const struct copy_origin *origin, const struct copy_target *target, const char **ret_as,
	      struct error *err)
{
	bool is_dir = S_ISDIR(origin->mode);
	if (!target->name) {
		*ret_as = origin->as;
		return 0;
	}
	if (target->mode && target->is_directory_name)
		return err_set(err, ERR_INVALID, "not a directory");
	if (target->mode && is_dir)
		return err_set(err, ERR_INVALID, "cannot copy directory");
	if (S_ISCHR(target->mode) || S_ISBLK(target->mode))
		return err_set(err, ERR_INVALID, "'%s' is a device", target->name);
	if (!target->mode && !is_dir && target->is_directory_name)
		return err_set(err, ERR_INVALID, "no such directory");
	*ret_as = target->name;
	return 0;
}
