/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mount-options.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"

/* What may stand behind the last colon of -v; "ro" and "rw" are dealt with before. */
/* clang-format off */
static const char *const VOLUME_OPTIONS[] = {
	"shared", "rshared", "slave", "rslave", "private", "rprivate",
	"nosuid", "suid", "nodev", "dev", "noexec", "exec", "noatime", "relatime",
	"bind", "rbind", "nocopy", NULL,
};
/* clang-format on */

/* --- Sources --- */

/* A name as Docker's volumes have it: [a-zA-Z0-9][a-zA-Z0-9_.-]+ */
static bool is_volume_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	return *text && !strchr("_.-", *text) && strspn(text, letters) == strlen(text);
}

static int resolve_source(const char *source, const char *text, char **ret, struct error *err)
{
	if (*source == '/') {
		*ret = mem_strdup(source);
		return 0;
	}
	if (streq(source, ".") || streq(source, "..") || str_starts_with(source, "./") ||
	    str_starts_with(source, "../")) {
		_cleanup_free_ char *here = getcwd(NULL, 0);
		if (!here)
			return err_set(err, ERR_MNT_REL, "\"%s\" is relative to a directory that is gone", source);
		_cleanup_free_ char *joined = path_join(here, source);
		*ret = path_normalize(joined);
		return 0;
	}
	if (is_volume_name(source)) {
		err_set(err, ERR_UNSUPPORTED, "named volumes are not available yet: \"%s\"", source);
		return err_hint(err, "-v ./%s, or -v /path/to/%s", text, text);
	}
	err_set(err, ERR_MNT_REL, "\"%s\" is neither a volume name nor an absolute path", source);
	return err_hint(err, "-v ./%s", text);
}

/* --- Options behind the target --- */

static int add_volume_option(struct mount_request *mount, const char *option, struct error *err)
{
	if (streq(option, "ro") || streq(option, "rw")) {
		mount->readonly = streq(option, "ro");
		return 0;
	}
	if (streq(option, "z") || streq(option, "Z"))
		return err_set(err, ERR_UNSUPPORTED, "SELinux labels (\"%s\") are not available yet", option);
	if (!strv_contains((char *const *)VOLUME_OPTIONS, option)) {
		const char *nearest = str_nearest(option, VOLUME_OPTIONS);
		err_set(err, ERR_USAGE, "unknown mount option \"%s\"", option);
		return nearest ? err_hint(err, "did you mean %s", nearest) : -ERR_USAGE;
	}
	if (!streq(option, "nocopy")) /* it is about volumes that begin with the image's files */
		strv_append(&mount->options, option);
	return 0;
}

/* tmpfs and the kernel know their options; only what we keep elsewhere is taken out. */
static int add_tmpfs_option(struct mount_request *mount, const char *option, struct error *err)
{
	if (streq(option, "ro") || streq(option, "rw"))
		mount->readonly = streq(option, "ro");
	else
		strv_append(&mount->options, option);
	return 0;
}

static int add_options(struct mount_request *mount, const char *options,
		       int (*add)(struct mount_request *mount, const char *option, struct error *err),
		       struct error *err)
{
	_cleanup_strv_ char **words = strv_split(options, ',');
	for (char **word = words; *word; word++) {
		int r = add(mount, *word, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_target(const char *target, struct error *err)
{
	_cleanup_free_ char *normal = path_normalize(target);
	if (*target != '/')
		return err_set(err, ERR_MNT_REL, "invalid mount path \"%s\": it must be absolute", target);
	if (streq(normal, "/"))
		return err_set(err, ERR_MNT_REL, "invalid mount path \"%s\": it cannot be the root", target);
	return 0;
}

static void mount_done(struct mount_request *mount)
{
	free(mount->source);
	free(mount->target);
	strv_free(mount->options);
}
#define _cleanup_mount_ _cleanup_(mount_done)

int mount_parse_volume(const char *text, struct mount_request *ret, struct error *err)
{
	_cleanup_mount_ struct mount_request mount = { .kind = MOUNT_BIND };
	_cleanup_strv_ char **fields = strv_split(text, ':');
	size_t count = strv_count(fields);
	if (count == 1 && *text == '/')
		return err_set(err, ERR_UNSUPPORTED, "anonymous volumes are not available yet");
	if (count < 2 || count > 3 || !*fields[0])
		return err_set(err, ERR_USAGE, "it is HOST-PATH:CONTAINER-PATH[:OPTIONS]");
	int r = check_target(fields[1], err);
	if (r < 0)
		return r;
	r = resolve_source(fields[0], text, &mount.source, err);
	if (r < 0)
		return r;
	if (count == 3) {
		r = add_options(&mount, fields[2], add_volume_option, err);
		if (r < 0)
			return r;
	}
	mount.target = mem_strdup(fields[1]);
	*ret = mount;
	mount = (struct mount_request){ 0 };
	return 0;
}

int mount_parse_tmpfs(const char *text, struct mount_request *ret, struct error *err)
{
	_cleanup_mount_ struct mount_request mount = { .kind = MOUNT_TMPFS };
	const char *colon = strchrnul(text, ':');
	mount.target = mem_strndup(text, (size_t)(colon - text));
	int r = check_target(mount.target, err);
	if (r < 0)
		return r;
	r = add_options(&mount, *colon ? colon + 1 : "", add_tmpfs_option, err);
	if (r < 0)
		return r;
	*ret = mount;
	mount = (struct mount_request){ 0 };
	return 0;
}
