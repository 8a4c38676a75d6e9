/* SPDX-License-Identifier: Apache-2.0 */
/* Source: XDG Base Directory Specification, version 0.8. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "build-config.h"
#include "engine/rootless-internal.h"

#define DIRECTORY "coffer"

enum { PRIVATE_MODE = 0700 };

static const char *from_environment(const char *variable)
{
	const char *value = getenv(variable);
	return value && *value == '/' ? value : NULL;
}

/* --- what outlives a boot --- */

static int find_home(char **ret, struct error *err)
{
	const char *home = from_environment("HOME");
	const struct passwd *user = home ? NULL : getpwuid(geteuid());
	if (user && user->pw_dir && *user->pw_dir == '/')
		home = user->pw_dir;
	if (!home) {
		err_set(err, ERR_NOT_FOUND, "cannot tell where images are kept: user %u has no home directory",
			geteuid());
		return err_hint(err, "export HOME=DIRECTORY");
	}
	*ret = mem_strdup(home);
	return 0;
}

int rootless_default_root(char **ret, struct error *err)
{
	_cleanup_free_ char *home = NULL;
	if (!rootless_is_needed()) {
		*ret = mem_strdup(LOCALSTATEDIR "/lib/" DIRECTORY);
		return 0;
	}
	const char *data = from_environment("XDG_DATA_HOME");
	int r = data ? 0 : find_home(&home, err);
	if (r < 0)
		return r;
	*ret = data ? path_join(data, DIRECTORY) : path_join(home, ".local/share/" DIRECTORY);
	return 0;
}

/* --- what dies with it --- */

static bool is_ours(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & 022);
}

static bool is_ours_at(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 && is_ours(&st);
}

/* After `su`, the variable may still name the directory of who we were. */
static void warn_of_another(const char *path)
{
	struct stat st;
	char text[128];
	if (lstat(path, &st) < 0)
		log_warn("XDG_RUNTIME_DIR is '%s', which is not used: %s", path, str_errno(errno, text, sizeof text));
	else
		log_warn("XDG_RUNTIME_DIR is '%s', which is not used: it is user %u's, with mode %04o", path, st.st_uid,
			 st.st_mode & 07777);
}

int rootless_default_runroot(char **ret, struct error *err)
{
	if (!rootless_is_needed()) {
		*ret = mem_strdup(RUNSTATEDIR "/" DIRECTORY);
		return 0;
	}
	_cleanup_free_ char *usual = mem_printf("/run/user/%u", geteuid());
	const char *named = from_environment("XDG_RUNTIME_DIR");
	if (named && is_ours_at(named)) {
		*ret = path_join(named, DIRECTORY);
		return 0;
	}
	if (named)
		warn_of_another(named);
	*ret = is_ours_at(usual) ? path_join(usual, DIRECTORY) : mem_printf("/tmp/" DIRECTORY "-%u", geteuid());
	return 0;
}

static int not_ours(const char *path, const struct stat *st, struct error *err)
{
	if (st->st_uid == geteuid())
		err_set(err, ERR_PERMISSION, "directory '%s' is open to other users", path);
	else
		err_set(err, ERR_PERMISSION, "directory '%s' belongs to user %u, not to us", path, st->st_uid);
	return err_hint(err, "export XDG_RUNTIME_DIR=DIRECTORY, one of your own with mode 0700");
}

/* Also below /tmp, where anybody may have made it before us. */
int rootless_open_directory(struct error *err)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;
	int r = rootless_default_runroot(&path, err);
	if (r < 0)
		return r;
	if (mkdir(path, PRIVATE_MODE) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory '%s'", path);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open directory '%s'", path);
	return is_ours(&st) ? TAKE_FD(fd) : not_ours(path, &st, err);
}
