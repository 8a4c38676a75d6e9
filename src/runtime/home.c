/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/home.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"

/* Whoever has made the image has made the file: it may be anything. */
static char *read_passwd(void)
{
	enum { PASSWD_MAX = 4 << 20 };
	_cleanup_close_ int fd = open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	char *text;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    fd_read_text(fd, PASSWD_MAX, "/etc/passwd", &text, NULL, NULL) < 0)
		return NULL;
	return text;
}

/* The home directory of a line "name:password:uid:gid:comment:home:shell", if it is that of @uid; free() it. */
static char *home_of_line(const char *line, size_t len, uid_t uid)
{
	enum { UID = 2, HOME = 5 };
	_cleanup_free_ char *copy = mem_strndup(line, len);
	_cleanup_strv_ char **fields = strv_split(copy, ':');
	uint64_t number;
	if (strv_count(fields) <= HOME || parse_u64(fields[UID], UINT32_MAX, &number, NULL) < 0 || number != uid ||
	    *fields[HOME] != '/')
		return NULL;
	return mem_strdup(fields[HOME]);
}

static char *find_home(uid_t uid)
{
	_cleanup_free_ char *text = read_passwd();
	char *home = NULL;
	for (const char *line = text; line && *line && !home;) {
		size_t len = strcspn(line, "\n");
		home = home_of_line(line, len, uid);
		line += len + (line[len] == '\n');
	}
	return home ? home : mem_strdup("/");
}

char **home_complete(char *const *env, uid_t uid)
{
	_cleanup_strv_ char **completed = NULL;
	for (; env && *env; env++) {
		const char *value = str_after(*env, "HOME=");
		if (value && *value)
			return NULL;
		if (!value)
			strv_append(&completed, *env);
	}
	_cleanup_free_ char *home = find_home(uid);
	strv_take(&completed, mem_printf("HOME=%s", home));
	return TAKE_PTR(completed);
}
