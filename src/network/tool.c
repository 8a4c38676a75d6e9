/* SPDX-License-Identifier: Apache-2.0 */
#include "network/tool.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

enum { COMPLAINT_MAX = 2048 };

const char *tool_find(const char *name)
{
	static const char *const places[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin" };
	static char path[PATH_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof path, "%s/%s", places[i], name);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

int tool_missing(const char *name, const char *package, const char *what, struct error *err)
{
	err_set(err, ERR_UNSUPPORTED, "%s: there is no %s", what, name);
	return err_hint(err, "install the package %s", package);
}

int tool_file(const char *text, struct error *err)
{
	_cleanup_close_ int fd = memfd_create("tool", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, r < 0 ? -r : errno, "make a file in memory");
	return TAKE_FD(fd);
}

int tool_failed(const char *name, const char *what, int complaints, struct error *err)
{
	char text[COMPLAINT_MAX] = "";
	if (lseek(complaints, 0, SEEK_SET) < 0 || fd_read_full(complaints, text, sizeof text - 1) < 0)
		text[0] = '\0';
	const char *said = text + strspn(text, "\n");
	err_set(err, ERR_SYSTEM, "%s: %s failed", what, name);
	return *said ? err_cause(err, "%s says: %.*s", name, (int)strcspn(said, "\n"), said) : -ERR_SYSTEM;
}
