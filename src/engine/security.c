/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/security.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/capability-default.h"

/* --- which security modules are there --- */

static bool apparmor_is_active(void)
{
	char text[8];
	return file_read_line(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", text, sizeof text) > 0 &&
	       text[0] == 'Y';
}

static bool selinux_is_active(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

static int module_missing(const char *module, const char *what, struct error *err)
{
	return err_set(err, ERR_SEC_LSM, "%s is not enabled on this kernel; the %s would not be applied", module, what);
}

/* --- one option each; @value is NULL if there was none --- */

static int need_value(const char *value, const char *shape, struct error *err)
{
	return str_is_empty(value) ? err_set(err, ERR_SEC_OPT, "it is %s", shape) : 0;
}

static int set_no_new_privileges(struct security *security, const char *value, struct error *err)
{
	bool on = true;
	if (value && parse_bool(value, &on, NULL) < 0)
		return err_set(err, ERR_SEC_OPT, "it is no-new-privileges[=true|false]");
	security->no_new_privileges = on;
	return 0;
}

static int set_seccomp(struct security *security, const char *value, struct error *err)
{
	int r = need_value(value, "seccomp=FILE, seccomp=builtin or seccomp=unconfined", err);
	if (r < 0)
		return r;
	free(security->seccomp_file);
	security->seccomp_file = NULL;
	if (streq(value, "unconfined")) {
		security->seccomp = SECCOMP_UNCONFINED;
	} else if (streq(value, "builtin")) {
		security->seccomp = SECCOMP_BUILTIN;
	} else {
		security->seccomp = SECCOMP_FILE;
		security->seccomp_file = mem_strdup(value);
	}
	return 0;
}

static int set_apparmor(struct security *security, const char *value, struct error *err)
{
	int r = need_value(value, "apparmor=PROFILE or apparmor=unconfined", err);
	if (r < 0)
		return r;
	bool active = apparmor_is_active();
	if (!active && !streq(value, "unconfined"))
		return module_missing("AppArmor", "profile", err);
	free(security->apparmor_profile);
	security->apparmor_profile = active ? mem_strdup(value) : NULL;
	return 0;
}

/* "label=disable" asks for nothing where there is no SELinux. */
static int set_label(struct security *security, const char *value, struct error *err)
{
	int r = need_value(value, "label=disable", err);
	if (r < 0)
		return r;
	if (streq(value, "disable"))
		return 0;
	if (!selinux_is_active())
		return module_missing("SELinux", "label", err);
	return err_set(err, ERR_UNSUPPORTED, "SELinux labels are not available yet");
}

static int set_system_paths(struct security *security, const char *value, struct error *err)
{
	if (!value || !streq(value, "unconfined"))
		return err_set(err, ERR_SEC_OPT, "it is systempaths=unconfined");
	security->open_system_paths = true;
	return 0;
}

static int set_writable_cgroups(struct security *security, const char *value, struct error *err)
{
	bool on = true;
	if (value && parse_bool(value, &on, NULL) < 0)
		return err_set(err, ERR_SEC_OPT, "it is writable-cgroups[=true|false]");
	security->writable_cgroups = on;
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct security *security, const char *value, struct error *err);
} OPTIONS[] = {
	{ "no-new-privileges", set_no_new_privileges },
	{ "seccomp", set_seccomp },
	{ "apparmor", set_apparmor },
	{ "label", set_label },
	{ "systempaths", set_system_paths },
	{ "writable-cgroups", set_writable_cgroups },
};

static int unknown_option(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(OPTIONS) + 1] = { NULL };
	for (size_t i = 0; i < ARRAY_SIZE(OPTIONS); i++)
		names[i] = OPTIONS[i].name;
	const char *nearest = str_nearest(name, names);
	err_set(err, ERR_SEC_OPT, "unknown option \"%s\"", name);
	return nearest ? err_hint(err, "did you mean %s?", nearest) : -ERR_SEC_OPT;
}

/* "name=value"; "name:value" is how it was written once, and still works in Docker. */
static int set_option(struct security *security, const char *option, struct error *err)
{
	size_t len = strcspn(option, "=:");
	_cleanup_free_ char *name = mem_strndup(option, len);
	const char *value = option[len] ? option + len + 1 : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(OPTIONS); i++)
		if (streq(OPTIONS[i].name, name))
			return OPTIONS[i].set(security, value, err);
	return unknown_option(name, err);
}

int security_resolve(const struct container_spec *spec, char *const *options, struct security *ret, struct error *err)
{
	_cleanup_security_ struct security security = {
		.open_system_paths = spec->privileged,
		.writable_cgroups = spec->privileged,
		.seccomp = spec->privileged ? SECCOMP_UNCONFINED : SECCOMP_BUILTIN,
	};
	for (; options && *options; options++)
		if (set_option(&security, *options, err) < 0)
			return err_wrap(err, "--security-opt %s", *options);
	int r = capability_set_resolve(spec->cap_add, spec->cap_drop, spec->privileged, &security.capabilities, err);
	if (r < 0)
		return r;
	*ret = security;
	security = (struct security){ 0 };
	return 0;
}

/* "seccomp=FILE" or "seccomp:FILE" with a relative path, at which this points; or NULL. */
static const char *relative_file_of(const char *option)
{
	const char *value = str_after(option, "seccomp");
	if (!value || !*value || !strchr("=:", *value) || !value[1] || value[1] == '/')
		return NULL;
	value++;
	return streq(value, "unconfined") || streq(value, "builtin") ? NULL : value;
}

int security_options_absolute(char *const *options, char ***ret, struct error *err)
{
	_cleanup_strv_ char **absolute = NULL;
	for (; options && *options; options++) {
		const char *file = relative_file_of(*options);
		_cleanup_free_ char *here = file ? getcwd(NULL, 0) : NULL;
		if (file && !here)
			return err_set(err, ERR_SEC_SECCOMP, "\"%s\" is relative to a directory that is gone", file);
		if (file)
			strv_take(&absolute, mem_printf("seccomp=%s/%s", here, file));
		else
			strv_append(&absolute, *options);
	}
	*ret = TAKE_PTR(absolute);
	return 0;
}

void security_done(struct security *security)
{
	free(security->seccomp_file);
	free(security->apparmor_profile);
	*security = (struct security){ 0 };
}
