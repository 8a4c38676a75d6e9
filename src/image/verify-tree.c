/* SPDX-License-Identifier: Apache-2.0 */
#include "image/verify-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "storage/overlay-marks.h"

enum { BLOCK_SIZE = 256 * 1024, XATTR_NAMES_MAX = 64 * 1024, XATTR_VALUE_MAX = 64 * 1024 };

struct comparison {
	const struct verify_tree *tree;
	char **pending; /* directories, by their paths: layers nest deeper than there are fds */
	size_t n_pending;
	char *wanted, *got; /* a block of each */
};

/* One name that is in both directories. */
struct pair {
	const char *path;
	int wanted, got; /* O_PATH */
	struct stat wanted_st, got_st;
};

static int differ(struct comparison *comparison, const char *path, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int differ(struct comparison *comparison, const char *path, struct error *err, const char *fmt, ...)
{
	_cleanup_str_ struct str why = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vappendf(&why, fmt, args);
	va_end(args);
	return comparison->tree->differ(comparison->tree->context, path, str_text(&why), err);
}

/* --- what kind of thing it is --- */

static const char *type_name(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return "a file";
	case S_IFDIR:
		return "a directory";
	case S_IFLNK:
		return "a symbolic link";
	case S_IFIFO:
		return "a fifo";
	case S_IFCHR:
		return overlay_is_whiteout(st) ? "a whiteout" : "a character device";
	case S_IFBLK:
		return "a block device";
	default:
		return "a socket";
	}
}

static bool has_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* The first thing that differs is said, as a clause in *why; the rest would follow from it often enough. */
static bool same_status(const struct stat *wanted, const struct stat *got, struct str *why)
{
	if (overlay_is_whiteout(wanted) && overlay_is_whiteout(got)) /* whose and how old it is means nothing */
		return true;
	if ((wanted->st_mode & S_IFMT) != (got->st_mode & S_IFMT))
		str_appendf(why, "it is %s, not %s", type_name(got), type_name(wanted));
	else if (has_device(wanted) && wanted->st_rdev != got->st_rdev)
		str_appendf(why, "it is device %u:%u, not %u:%u", major(got->st_rdev), minor(got->st_rdev),
			    major(wanted->st_rdev), minor(wanted->st_rdev));
	else if (wanted->st_uid != got->st_uid || wanted->st_gid != got->st_gid)
		str_appendf(why, "its owner is %u:%u, not %u:%u", got->st_uid, got->st_gid, wanted->st_uid,
			    wanted->st_gid);
	else if (wanted->st_mode != got->st_mode)
		str_appendf(why, "its mode is %04o, not %04o", got->st_mode & ALLPERMS, wanted->st_mode & ALLPERMS);
	else if (S_ISREG(wanted->st_mode) && wanted->st_size != got->st_size)
		str_appendf(why, "it has %jd bytes, not %jd", (intmax_t)got->st_size, (intmax_t)wanted->st_size);
	else if (!S_ISDIR(wanted->st_mode) && wanted->st_nlink != got->st_nlink)
		str_appendf(why, "it has %ju hard links, not %ju", (uintmax_t)got->st_nlink,
			    (uintmax_t)wanted->st_nlink);
	else if (!S_ISDIR(wanted->st_mode) &&
		 (wanted->st_mtim.tv_sec != got->st_mtim.tv_sec || wanted->st_mtim.tv_nsec != got->st_mtim.tv_nsec))
		str_append(why, "its time of modification is another");
	return why->len == 0;
}

/* --- what is in it --- */

/* Returns 1 if they are the same, 0 if not. */
static int same_bytes(struct comparison *comparison, const struct pair *pair, struct error *err)
{
	_cleanup_close_ int wanted = fd_reopen(pair->wanted, O_RDONLY);
	_cleanup_close_ int got = fd_reopen(pair->got, O_RDONLY);
	if (wanted < 0 || got < 0)
		return err_sys(err, wanted < 0 ? -wanted : -got, "open '%s'", pair->path);
	for (;;) {
		ssize_t n = fd_read_full(wanted, comparison->wanted, BLOCK_SIZE);
		ssize_t m = fd_read_full(got, comparison->got, BLOCK_SIZE);
		if (n < 0)
			return err_sys(err, (int)-n, "read '%s'", pair->path);
		/* One that cannot be read, for the disk fails there, is no better than one with other bytes. */
		if (m != n || memcmp(comparison->wanted, comparison->got, (size_t)n) != 0)
			return 0;
		if (n == 0)
			return 1;
		int r = comparison->tree->pause(comparison->tree->context, err);
		if (r < 0)
			return r;
	}
}

static int same_target(const struct pair *pair, struct error *err)
{
	char wanted[PATH_MAX], got[PATH_MAX];
	ssize_t n = readlinkat(pair->wanted, "", wanted, sizeof wanted);
	ssize_t m = readlinkat(pair->got, "", got, sizeof got);
	if (n < 0 || m < 0)
		return err_sys(err, errno, "read the link '%s'", pair->path);
	return n == m && memcmp(wanted, got, (size_t)n) == 0;
}

/* --- extended attributes --- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort(char **names)
{
	if (names)
		qsort(names, strv_count(names), sizeof *names, compare_names);
}

/* Those that the host's policy puts on every file are not the layer's. */
static bool is_hosts_own(const char *name)
{
	return str_starts_with(name, "security.") && !streq(name, "security.capability");
}

/* By the path in /proc, which is the only one to a link or a device itself. */
static int list_xattrs(int fd, char ***ret)
{
	_cleanup_free_ char *names = mem_alloc(XATTR_NAMES_MAX);
	ssize_t len = listxattr(fd_path(fd).text, names, XATTR_NAMES_MAX);
	if (len < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1)
		if (!is_hosts_own(names + at))
			strv_append(ret, names + at);
	sort(*ret);
	return 0;
}

static bool same_value(const struct pair *pair, const char *name)
{
	_cleanup_free_ char *wanted = mem_alloc(XATTR_VALUE_MAX), *got = mem_alloc(XATTR_VALUE_MAX);
	ssize_t n = getxattr(fd_path(pair->wanted).text, name, wanted, XATTR_VALUE_MAX);
	ssize_t m = getxattr(fd_path(pair->got).text, name, got, XATTR_VALUE_MAX);
	return n >= 0 && n == m && memcmp(wanted, got, (size_t)n) == 0;
}

static int compare_xattrs(struct comparison *comparison, const struct pair *pair, struct error *err)
{
	_cleanup_strv_ char **wanted = NULL;
	_cleanup_strv_ char **got = NULL;
	int r = list_xattrs(pair->wanted, &wanted);
	if (r == 0)
		r = list_xattrs(pair->got, &got);
	if (r < 0)
		return err_sys(err, -r, "list the extended attributes of '%s'", pair->path);
	size_t count = strv_count(wanted);
	bool same = count == strv_count(got);
	for (size_t i = 0; same && i < count; i++)
		same = streq(wanted[i], got[i]) && same_value(pair, wanted[i]);
	return same ? 0 : differ(comparison, pair->path, err, "its extended attributes are others");
}

/* --- one name --- */

static int compare_content(struct comparison *comparison, const struct pair *pair, struct error *err)
{
	int same = 1;
	if (S_ISREG(pair->got_st.st_mode))
		same = same_bytes(comparison, pair, err);
	else if (S_ISLNK(pair->got_st.st_mode))
		same = same_target(pair, err);
	if (same < 0)
		return same;
	if (!same)
		return differ(comparison, pair->path, err,
			      S_ISLNK(pair->got_st.st_mode) ? "it leads elsewhere" : "its content is another");
	return compare_xattrs(comparison, pair, err);
}

static int compare_pair(struct comparison *comparison, const struct pair *pair, struct error *err)
{
	_cleanup_str_ struct str why = { 0 };
	int r = same_status(&pair->wanted_st, &pair->got_st, &why)
			? compare_content(comparison, pair, err)
			: differ(comparison, pair->path, err, "%s", str_text(&why));
	if (r < 0 || !S_ISDIR(pair->wanted_st.st_mode) || !S_ISDIR(pair->got_st.st_mode))
		return r;
	*ARRAY_APPEND(comparison->pending, comparison->n_pending) = mem_strdup(pair->path);
	return comparison->tree->pause(comparison->tree->context, err);
}

static int compare_name(struct comparison *comparison, int wanted, int got, const char *name, const char *path,
			struct error *err)
{
	const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_close_ int wanted_fd = openat(wanted, name, flags);
	_cleanup_close_ int got_fd = openat(got, name, flags);
	struct pair pair = { .path = path, .wanted = wanted_fd, .got = got_fd };
	if (wanted_fd < 0 || got_fd < 0 || fstat(wanted_fd, &pair.wanted_st) < 0 || fstat(got_fd, &pair.got_st) < 0)
		return err_sys(err, errno, "examine '%s'", path);
	return compare_pair(comparison, &pair, err);
}

/* --- one directory --- */

static int read_names(int root, const char *path, int *ret_fd, char ***ret, struct error *err)
{
	_cleanup_close_ int fd = path_open_beneath(root, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return err_sys(err, -fd, "open directory '%s'", path);
	_cleanup_close_ int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	_cleanup_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return err_sys(err, errno, "list directory '%s'", path);
	TAKE_FD(copy);
	char **names = NULL;
	size_t count = 0;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			*ARRAY_APPEND(names, count) = mem_strdup(entry->d_name);
	*ARRAY_APPEND(names, count) = NULL;
	sort(names);
	*ret = names;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Both are sorted, and walked together. */
static int compare_lists(struct comparison *comparison, const char *dir, int wanted, int got, char **in_wanted,
			 char **in_got, struct error *err)
{
	int r = 0;
	while (r >= 0 && (*in_wanted || *in_got)) {
		int order = !*in_got ? -1 : !*in_wanted ? 1 : strcmp(*in_wanted, *in_got);
		const char *name = order <= 0 ? *in_wanted : *in_got;
		_cleanup_free_ char *path = streq(dir, ".") ? mem_strdup(name) : path_join(dir, name);
		if (order == 0)
			r = compare_name(comparison, wanted, got, name, path, err);
		else
			r = differ(comparison, path, err, order < 0 ? "it is missing" : "it does not belong there");
		in_wanted += order <= 0;
		in_got += order >= 0;
	}
	return r;
}

static int compare_directory(struct comparison *comparison, const char *path, struct error *err)
{
	_cleanup_close_ int wanted = -1, got = -1;
	_cleanup_strv_ char **in_wanted = NULL;
	_cleanup_strv_ char **in_got = NULL;
	int r = read_names(comparison->tree->wanted, path, &wanted, &in_wanted, err);
	if (r >= 0)
		r = read_names(comparison->tree->got, path, &got, &in_got, err);
	return r < 0 ? r : compare_lists(comparison, path, wanted, got, in_wanted, in_got, err);
}

int verify_tree(const struct verify_tree *tree, struct error *err)
{
	struct comparison comparison = {
		.tree = tree,
		.wanted = mem_alloc(BLOCK_SIZE),
		.got = mem_alloc(BLOCK_SIZE),
	};
	int r = compare_name(&comparison, tree->wanted, tree->got, ".", ".", err);
	while (r >= 0 && comparison.n_pending > 0) {
		_cleanup_free_ char *path = comparison.pending[--comparison.n_pending];
		r = compare_directory(&comparison, path, err);
	}
	for (size_t i = 0; i < comparison.n_pending; i++)
		free(comparison.pending[i]);
	free(comparison.pending);
	free(comparison.wanted);
	free(comparison.got);
	return r;
}
