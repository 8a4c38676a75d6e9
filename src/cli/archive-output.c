/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/archive-output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/random.h"

/* Beside @path, for what becomes it. free() it. */
static char *temporary_name(const char *path)
{
	char id[ID_HEX_LENGTH + 1];
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	random_id(id);
	return mem_printf("%.*s.%.12s", (int)len, path, id);
}

static bool is_special(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int to_special(const char *path, archive_write_fn *write, void *context, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? err_sys(err, errno, "open '%s'", path) : write(context, fd, err);
}

static int to_file(const char *path, archive_write_fn *write, void *context, struct error *err)
{
	_cleanup_free_ char *temporary = temporary_name(path);
	_cleanup_close_ int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "make '%s'", temporary);
	int r = write(context, fd, err);
	if (r >= 0 && rename(temporary, path) < 0)
		r = err_sys(err, errno, "rename '%s' to '%s'", temporary, path);
	if (r < 0)
		(void)unlink(temporary);
	return r;
}

int archive_output(const char *path, archive_write_fn *write, void *context, struct error *err)
{
	if (path)
		return is_special(path) ? to_special(path, write, context, err) : to_file(path, write, context, err);
	if (isatty(STDOUT_FILENO))
		return err_set(err, ERR_USAGE, "cowardly refusing to save to a terminal. Use the -o flag or redirect");
	return write(context, STDOUT_FILENO, err);
}

static int to_directory(const char *path, const char *temporary, archive_write_fn *write, void *context,
			struct error *err)
{
	_cleanup_close_ int fd = open(temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? err_sys(err, errno, "open '%s'", temporary) : write(context, fd, err);
	if (r >= 0 && rename(temporary, path) < 0) {
		bool full = errno == ENOTEMPTY || errno == EEXIST;
		r = full ? err_set(err, ERR_EXISTS, "'%s' is there, and is not empty", path)
			 : err_sys(err, errno, "rename '%s' to '%s'", temporary, path);
	}
	return r;
}

int archive_output_directory(const char *path, archive_write_fn *write, void *context, struct error *err)
{
	enum { DIRECTORY_MODE = 0755 };
	_cleanup_free_ char *temporary = temporary_name(path);
	if (mkdir(temporary, DIRECTORY_MODE) < 0)
		return err_sys(err, errno, "make '%s'", temporary);
	int r = to_directory(path, temporary, write, context, err);
	if (r < 0)
		(void)path_remove_tree(AT_FDCWD, temporary);
	return r;
}
