/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/archive-output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/random.h"

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
	char id[ID_HEX_LENGTH + 1];
	random_id(id);
	_cleanup_free_ char *temporary = mem_printf("%s.%.12s", path, id);
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
