/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mount-options.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/mount-request.h"
#include "engine/volume.h"

/* What may stand behind the last colon of -v. */
/* clang-format off */
static const char *const VOLUME_OPTIONS[] = {
	"shared", "rshared", "slave", "rslave", "private", "rprivate",
	"nosuid", "suid", "nodev", "dev", "noexec", "exec", "noatime", "relatime",
	"bind", "rbind", "nocopy", "idmap", "z", "Z", "U", "ro", "rw", "consistent", "cached", "delegated", NULL,
};
/* clang-format on */

/* SELinux labels are the engine's to set; the others are hints for other systems. */
static const char *const IGNORED[] = { "z", "Z", "consistent", "cached", "delegated", NULL };

/* --- Sources --- */

static bool is_relative(const char *source)
{
	return streq(source, ".") || streq(source, "..") || str_starts_with(source, "./") ||
	       str_starts_with(source, "../");
}

int mount_resolve_path(char **path, struct error *err)
{
	if (**path == '/')
		return 0;
	if (!is_relative(*path)) {
		err_set(err, ERR_MNT_REL, "invalid mount path \"%s\": it must be absolute", *path);
		return err_hint(err, "./%s, if it is in the working directory", *path);
	}
	_cleanup_free_ char *here = getcwd(NULL, 0);
	if (!here)
		return err_set(err, ERR_MNT_REL, "\"%s\" is relative to a directory that is gone", *path);
	_cleanup_free_ char *joined = path_join(here, *path);
	free(*path);
	*path = path_normalize(joined);
	return 0;
}

/* A directory or file of the host, or a volume's name. */
static int take_source(const char *source, const char *text, struct mount_request *mount, struct error *err)
{
	mount->source = mem_strdup(source);
	if (*source == '/' || is_relative(source))
		return mount_resolve_path(&mount->source, err);
	if (strchr(source, '/')) {
		err_set(err, ERR_MNT_REL, "\"%s\" is neither a volume name nor an absolute path", source);
		return err_hint(err, "-v ./%s", text);
	}
	mount->kind = MOUNT_VOLUME;
	return volume_name_check(source, err);
}

/* --- Options behind the target --- */

static int unknown_option(const char *option, struct error *err)
{
	const char *nearest = str_nearest(option, VOLUME_OPTIONS);
	err_set(err, ERR_USAGE, "unknown mount option \"%s\"", option);
	return nearest ? err_hint(err, "did you mean %s", nearest) : -ERR_USAGE;
}

static int add_volume_option(struct mount_request *mount, const char *option, struct error *err)
{
	if (!strv_contains((char *const *)VOLUME_OPTIONS, option) && !str_starts_with(option, "idmap="))
		return unknown_option(option, err);
	if (streq(option, "ro") || streq(option, "rw"))
		mount->readonly = streq(option, "ro");
	else if (streq(option, "nocopy"))
		mount->nocopy = true;
	else if (streq(option, "U"))
		mount->chown = true;
	else if (!strv_contains((char *const *)IGNORED, option))
		strv_append(&mount->options, option);
	if (mount->kind == MOUNT_BIND && mount->nocopy)
		return err_set(err, ERR_USAGE, "mount option \"nocopy\" is for volumes");
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

int mount_check_target(const char *target, struct error *err)
{
	_cleanup_free_ char *normal = path_normalize(target);
	if (*target != '/')
		return err_set(err, ERR_MNT_REL, "invalid mount path \"%s\": it must be absolute", target);
	if (streq(normal, "/"))
		return err_set(err, ERR_MNT_REL, "invalid mount path \"%s\": it cannot be the root", target);
	return 0;
}

/* "/container": a volume without a name. */
static int parse_anonymous(const char *text, struct mount_request *ret, struct error *err)
{
	int r = mount_check_target(text, err);
	if (r >= 0)
		*ret = (struct mount_request){ .kind = MOUNT_VOLUME, .target = mem_strdup(text) };
	return r;
}

int mount_parse_volume(const char *text, struct mount_request *ret, struct error *err)
{
	_cleanup_mount_request_ struct mount_request mount = { .kind = MOUNT_BIND };
	_cleanup_strv_ char **fields = strv_split(text, ':');
	size_t count = strv_count(fields);
	if (count == 1)
		return parse_anonymous(text, ret, err);
	if (count < 2 || count > 3 || !*fields[0])
		return err_set(err, ERR_USAGE, "it is [HOST-PATH|VOLUME:]CONTAINER-PATH[:OPTIONS]");
	int r = mount_check_target(fields[1], err);
	if (r >= 0)
		r = take_source(fields[0], text, &mount, err);
	if (r >= 0 && count == 3)
		r = add_options(&mount, fields[2], add_volume_option, err);
	if (r < 0)
		return r;
	mount.target = mem_strdup(fields[1]);
	mount.mode = count == 3 ? mem_strdup(fields[2]) : NULL;
	mount.create_source = mount.kind == MOUNT_BIND;
	*ret = mount;
	mount = (struct mount_request){ 0 };
	return 0;
}

int mount_parse_tmpfs(const char *text, struct mount_request *ret, struct error *err)
{
	_cleanup_mount_request_ struct mount_request mount = { .kind = MOUNT_TMPFS, .origin = MOUNT_BY_TMPFS };
	const char *colon = strchrnul(text, ':');
	mount.target = mem_strndup(text, (size_t)(colon - text));
	int r = mount_check_target(mount.target, err);
	if (r < 0)
		return r;
	r = add_options(&mount, *colon ? colon + 1 : "", add_tmpfs_option, err);
	if (r < 0)
		return r;
	*ret = mount;
	mount = (struct mount_request){ 0 };
	return 0;
}

static bool has_target(const struct container_spec *spec, const char *target)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		_cleanup_free_ char *place = path_normalize(spec->mounts[i].target);
		if (streq(place, target))
			return true;
	}
	return false;
}

/* Source: podman-run(1), "--read-only-tmpfs". */
void mount_add_scratch(struct container_spec *spec)
{
	static const char *const targets[] = { "/run", "/tmp", "/var/tmp" };
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (!has_target(spec, targets[i]))
			*ARRAY_APPEND(spec->mounts, spec->n_mounts) = (struct mount_request){
				.kind = MOUNT_TMPFS, .origin = MOUNT_BY_TMPFS, .target = mem_strdup(targets[i])
			};
}
