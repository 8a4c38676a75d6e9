/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sysctl.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "runtime/procfs.h"

static void swap_separators(char *key)
{
	for (; *key; key++)
		if (*key == '.' || *key == '/')
			*key = *key == '.' ? '/' : '.';
}

char *sysctl_normalize(const char *key)
{
	char *normal = mem_strdup(key);
	if (normal[strcspn(normal, "./")] == '/')
		swap_separators(normal);
	return normal;
}

static int apply_one(const char *setting, int proc, struct error *err)
{
	size_t len = strcspn(setting, "=");
	_cleanup_free_ char *written = mem_strndup(setting, len);
	_cleanup_free_ char *key = sysctl_normalize(written);
	_cleanup_free_ char *name = mem_strdup(key);
	swap_separators(name);
	_cleanup_free_ char *path = mem_printf("sys/%s", name);
	int r = procfs_write(proc, path, setting[len] ? setting + len + 1 : "");
	return r < 0 ? err_sys_code(err, ERR_SYSCTL, -r, "set sysctl \"%s\" to \"%s\"", key,
				    setting[len] ? setting + len + 1 : "") :
		       0;
}

int sysctl_apply(char *const *settings, int proc, struct error *err)
{
	int r = 0;
	for (; r == 0 && settings && *settings; settings++)
		r = apply_one(*settings, proc, err);
	return r;
}
