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

static int apply_one(const char *written, const char *value, int proc, struct error *err)
{
	_cleanup_free_ char *key = sysctl_normalize(written);
	_cleanup_free_ char *name = mem_strdup(key);
	swap_separators(name);
	_cleanup_free_ char *path = mem_printf("sys/%s", name);
	int r = procfs_write(proc, path, value);
	return r < 0 ? err_sys_code(err, ERR_SYSCTL, -r, "set sysctl \"%s\" to \"%s\"", key, value) : 0;
}

int sysctl_apply(char *const *settings, int proc, struct error *err)
{
	int r = 0;
	for (char *const *pair = settings; r == 0 && pair && *pair; pair += 2)
		r = apply_one(pair[0], pair[1], proc, err);
	return r;
}
