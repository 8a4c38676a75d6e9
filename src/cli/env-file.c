/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/env-file.h"

#include <fcntl.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

static const char BYTE_ORDER_MARK[] = "\xef\xbb\xbf";

int env_check(const char *text, struct error *err)
{
	if (*text == '\0' || *text == '=')
		return err_set(err, ERR_USAGE, "invalid environment variable: \"%s\"", text);
	return 0;
}

/* A name is nothing but the text before "=": white space in it is a slip of the pen, and would reach no program. */
static int check_line(const char *path, size_t number, const char *line, struct error *err)
{
	int r = env_check(line, err);
	if (r < 0)
		return err_wrap(err, "%s:%zu", path, number);
	size_t name = strcspn(line, "=");
	if (strcspn(line, " \t") < name)
		return err_set(err, ERR_USAGE, "%s:%zu: variable \"%.*s\" contains whitespaces", path, number,
			       (int)name, line);
	return 0;
}

int env_file_read(const char *path, char ***env, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = file_read(AT_FDCWD, path, ENV_FILE_SIZE_MAX, &text, &len, err);
	if (r < 0)
		return r;
	if (!str_is_utf8(text, len) || memchr(text, '\0', len))
		return err_set(err, ERR_USAGE, "%s: not valid UTF-8 text", path);
	const char *start = str_after(text, BYTE_ORDER_MARK);
	_cleanup_strv_ char **lines = strv_split(start ? start : text, '\n');
	for (size_t i = 0; lines[i]; i++) {
		char *line = lines[i] + strspn(lines[i], " \t\r\f\v");
		size_t end = strlen(line);
		if (end > 0 && line[end - 1] == '\r')
			line[end - 1] = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		r = check_line(path, i + 1, line, err);
		if (r < 0)
			return r;
		strv_append(env, line);
	}
	return 0;
}
