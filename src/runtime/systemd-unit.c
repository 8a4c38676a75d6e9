/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/systemd-unit.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

enum { UNIT_NAME_MAX = 255 };

static const char DEFAULT_PREFIX[] = "coffer-runtime";

void systemd_unit_done(struct systemd_unit *unit)
{
	free(unit->slice);
	free(unit->name);
	*unit = (struct systemd_unit){ 0 };
}

/* Not "@": an instance of a template is no place for us. */
static int check_name(const char *name, struct error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\";
	if (strlen(name) > UNIT_NAME_MAX)
		return err_set(err, ERR_SPEC, "systemd unit name \"%s\" is longer than %d bytes", name, UNIT_NAME_MAX);
	if (name[strspn(name, allowed)])
		return err_set(err, ERR_SPEC,
			       "systemd unit name \"%s\" has a character other than letters, digits and :-_.\\", name);
	return 0;
}

int systemd_slice_path(const char *slice, char **ret, struct error *err)
{
	static const char suffix[] = ".slice";
	_cleanup_str_ struct str path = { 0 };
	size_t len = strlen(slice), base = len - (sizeof suffix - 1);
	if (len <= sizeof suffix - 1 || !str_ends_with(slice, suffix) || strchr(slice, '/'))
		return err_set(err, ERR_SPEC, "invalid slice name: \"%s\"", slice);
	int r = check_name(slice, err);
	if (r < 0)
		return r;
	if (streq(slice, "-.slice")) {
		*ret = mem_strdup("");
		return 0;
	}
	/* Each dash is a step down. */
	for (size_t i = 0, start = 0; i <= base; i++) {
		if (i < base && slice[i] != '-')
			continue;
		if (i == start)
			return err_set(err, ERR_SPEC, "invalid slice name: \"%s\"", slice);
		str_appendf(&path, "/%.*s%s", (int)i, slice, suffix);
		start = i + 1;
	}
	*ret = str_take(&path);
	return 0;
}

/* Three parts, of which the last must not be empty. */
static int split(const char *cgroups_path, char ***ret, struct error *err)
{
	_cleanup_strv_ char **parts = strv_split(cgroups_path, ':');
	if (strv_count(parts) != 3)
		return err_set(
			err, ERR_SPEC,
			"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"%s\"",
			cgroups_path);
	if (!*parts[2])
		return err_set(err, ERR_SPEC, "cgroupsPath \"%s\" names no scope", cgroups_path);
	if (str_ends_with(parts[2], ".slice"))
		return err_set(err, ERR_SPEC, "cgroupsPath \"%s\" names a slice, which cannot hold processes",
			       cgroups_path);
	*ret = TAKE_PTR(parts);
	return 0;
}

int systemd_unit_parse(const char *cgroups_path, const char *id, bool of_user, struct systemd_unit *ret,
		       struct error *err)
{
	_cleanup_free_ char *fallback = mem_printf(":%s:%s", DEFAULT_PREFIX, id), *path = NULL;
	_cleanup_strv_ char **parts = NULL;
	int r = split(str_is_empty(cgroups_path) ? fallback : cgroups_path, &parts, err);
	if (r < 0)
		return r;
	const char *slice = *parts[0] ? parts[0] : of_user ? "user.slice" : "system.slice";
	_cleanup_free_ char *name = mem_printf("%s-%s.scope", parts[1], parts[2]);
	if ((r = systemd_slice_path(slice, &path, err)) < 0 || (r = check_name(name, err)) < 0)
		return r;
	ret->slice = mem_strdup(slice);
	ret->name = TAKE_PTR(name);
	return 0;
}
