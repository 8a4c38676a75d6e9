/* SPDX-License-Identifier: Apache-2.0 */
/* The file has a line for each: PATH BEFORE NOW. */
#include "engine/host-setting.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/network-user.h"

#define RECORD "host-settings"
#define SETTINGS "/proc/sys/"

enum { FILE_MODE = 0600, RECORD_MAX = 64 << 10 };

static void record(const struct engine *engine, const char *path, const char *before, const char *now)
{
	_cleanup_free_ char *file = path_join(engine->runroot, RECORD);
	_cleanup_free_ char *line = mem_printf("%s %s %s\n", path, before, now);
	_cleanup_close_ int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		log_warn("that '%s' was %s is not written down in '%s'", path, before, file);
}

int host_setting_write(struct engine *engine, const char *path, const char *value, struct error *err)
{
	char before[16];
	if (file_read_line(AT_FDCWD, path, before, sizeof before) <= 0)
		str_copy(before, sizeof before, "unknown");
	if (streq(before, value))
		return 0;
	int r = file_write_line(AT_FDCWD, path, value);
	if (r < 0)
		return err_sys(err, -r, "write %s to '%s'", value, path);
	if (!network_is_of_user()) /* whose namespace this is in */
		record(engine, path, before, value);
	return 0;
}

/* As sysctl(8) calls it. */
static char *name_of(const char *path)
{
	const char *below = str_after(path, SETTINGS);
	char *name = mem_strdup(below ? below : path);
	for (char *at = name; *at; at++)
		if (*at == '/')
			*at = '.';
	return name;
}

char **host_settings(const struct engine *engine)
{
	_cleanup_free_ char *file = path_join(engine->runroot, RECORD);
	_cleanup_free_ char *text = NULL;
	char **list = NULL;
	if (file_read(AT_FDCWD, file, RECORD_MAX, &text, NULL, NULL) < 0)
		return NULL;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; line && *line; line++) {
		_cleanup_strv_ char **words = strv_split(*line, ' ');
		if (strv_count(words) != 3)
			continue;
		_cleanup_free_ char *name = name_of(words[0]);
		strv_take(&list, mem_printf("%s = %s (was %s)", name, words[2], words[1]));
	}
	return list;
}
