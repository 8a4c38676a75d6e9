/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mount-flag.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/mount-options.h"
#include "engine/mount-request.h"
#include "engine/volume.h"

static const char *const TYPES[] = {
	[MOUNT_BIND] = "bind", [MOUNT_TMPFS] = "tmpfs", [MOUNT_VOLUME] = "volume", [MOUNT_IMAGE] = "image"
};

/* What has been read so far, and which kinds of mounts it is for. */
struct reading {
	struct mount_request *mount;
	const char *text;
	const char *foreign[ARRAY_SIZE(TYPES)]; /* a key that is for this kind alone */
	bool writable;				/* has been said to be */
	const char *recursive; /* which "bind-recursive" makes sense for what is read-only only; or NULL */
};

typedef int take_function(struct mount_request *mount, const char *key, const char *value, struct error *err);

static void set_text(char **field, const char *value)
{
	free(*field);
	*field = mem_strdup(value);
}

static int refuse_value(const char *key, const char *value, const char *expected, struct error *err)
{
	return err_set(err, ERR_USAGE, "invalid value for %s: %s: it is %s", key, value, expected);
}

/* --- keys --- */

static int take_type(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(TYPES); i++) {
		if (streq(TYPES[i], value)) {
			mount->kind = (enum mount_kind)i;
			return 0;
		}
	}
	return refuse_value(key, value, "bind, volume, tmpfs or image", err);
}

static int take_source(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	set_text(&mount->source, value);
	return 0;
}

static int take_target(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	set_text(&mount->target, value);
	return mount_check_target(value, err);
}

static int take_bool(const char *key, const char *value, bool *ret, struct error *err)
{
	*ret = true;
	return value && parse_bool(value, ret, NULL) < 0 ? refuse_value(key, value, "true or false", err) : 0;
}

static int take_readonly(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	return take_bool(key, value, &mount->readonly, err);
}

static int take_nocopy(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	return take_bool(key, value, &mount->nocopy, err);
}

static int take_create(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	return take_bool(key, value, &mount->create_source, err);
}

static int take_chown(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	return take_bool(key, value, &mount->chown, err);
}

/* Which ids its files have in the container, as -v has it; the words of a map are the runtime's to read. */
static int take_idmap(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	bool wanted = true, is_map = value && strchr(value, '=');
	int r = is_map ? 0 : take_bool(key, value, &wanted, err);
	if (r >= 0 && wanted)
		strv_take(&mount->options, is_map ? mem_printf("idmap=%s", value) : mem_strdup("idmap"));
	return r;
}

/* Hints for other systems, labels of other kernels. */
static int ignore(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	return 0;
}

static int take_propagation(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	static const char *const words[] = { "private", "rprivate", "shared", "rshared", "slave", "rslave", NULL };
	if (!strv_contains((char *const *)words, value))
		return refuse_value(key, value, "private, rprivate, shared, rshared, slave or rslave", err);
	strv_append(&mount->options, value);
	return 0;
}

static int take_nonrecursive(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	bool nonrecursive;
	int r = take_bool(key, value, &nonrecursive, err);
	if (r >= 0 && nonrecursive)
		strv_append(&mount->options, "bind");
	return r;
}

/* Whether mounts below the source come along, and are read-only if the mount is. */
static int take_recursive(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	if (streq(value, "disabled"))
		strv_append(&mount->options, "bind");
	else if (streq(value, "writable"))
		strv_append(&mount->options, "ro");
	else if (!streq(value, "enabled") && !streq(value, "readonly"))
		return refuse_value(key, value, "enabled, disabled, writable or readonly", err);
	return 0;
}

static int take_writable(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	bool writable;
	int r = take_bool(key, value, &writable, err);
	if (r < 0)
		return r;
	mount->readonly = !writable;
	return 0;
}

static int take_subpath(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	set_text(&mount->subpath, value);
	return 0;
}

/* Podman's key, whose paths begin at the root of what is mounted. */
static int take_rooted_subpath(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	value += strspn(value, "/");
	set_text(&mount->subpath, *value ? value : ".");
	return 0;
}

static int take_label(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	strv_take(&mount->volume_labels, mem_printf("%s%s", value, strchr(value, '=') ? "" : "="));
	return 0;
}

static int take_driver(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	return streq(value, VOLUME_DRIVER) ? 0 : err_set(err, ERR_INVALID, "plugin \"%s\" not found", value);
}

static int take_option(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	strv_take(&mount->volume_options, mem_printf("%s%s", value, strchr(value, '=') ? "" : "="));
	return 0;
}

static int take_size(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	uint64_t bytes;
	if (parse_size(value, &bytes, NULL) < 0)
		return refuse_value(key, value, "a size, such as 64m", err);
	strv_take(&mount->options, mem_printf("size=%" PRIu64, bytes));
	return 0;
}

static int take_mode(struct mount_request *mount, const char *key, const char *value, struct error *err)
{
	uint64_t mode;
	if (parse_octal(value, 07777, &mode, NULL) < 0)
		return refuse_value(key, value, "a mode of octal digits, such as 1777", err);
	strv_take(&mount->options, mem_printf("mode=%" PRIo64, mode));
	return 0;
}

enum { FOR_ALL = -1 };

static const struct key {
	const char *name;
	int kind;     /* for which it is alone, or FOR_ALL */
	bool is_flag; /* may stand without a value */
	take_function *take;
} KEYS[] = {
	{ "type", FOR_ALL, false, take_type },
	{ "source", FOR_ALL, false, take_source },
	{ "src", FOR_ALL, false, take_source },
	{ "target", FOR_ALL, false, take_target },
	{ "dst", FOR_ALL, false, take_target },
	{ "destination", FOR_ALL, false, take_target },
	{ "readonly", FOR_ALL, true, take_readonly },
	{ "ro", FOR_ALL, true, take_readonly },
	{ "rw", FOR_ALL, true, take_writable },
	{ "readwrite", FOR_ALL, true, take_writable },
	{ "subpath", FOR_ALL, false, take_rooted_subpath },
	{ "consistency", FOR_ALL, false, ignore },
	{ "relabel", FOR_ALL, false, ignore },
	{ "U", FOR_ALL, true, take_chown },
	{ "chown", FOR_ALL, true, take_chown },
	{ "idmap", FOR_ALL, true, take_idmap },
	{ "bind-propagation", MOUNT_BIND, false, take_propagation },
	{ "bind-nonrecursive", MOUNT_BIND, true, take_nonrecursive },
	{ "bind-recursive", MOUNT_BIND, false, take_recursive },
	{ "bind-create-src", MOUNT_BIND, true, take_create },
	{ "volume-driver", MOUNT_VOLUME, false, take_driver },
	{ "volume-label", MOUNT_VOLUME, false, take_label },
	{ "volume-nocopy", MOUNT_VOLUME, true, take_nocopy },
	{ "volume-opt", MOUNT_VOLUME, false, take_option },
	{ "volume-subpath", MOUNT_VOLUME, false, take_subpath },
	{ "image-subpath", MOUNT_IMAGE, false, take_subpath },
	{ "tmpfs-mode", MOUNT_TMPFS, false, take_mode },
	{ "tmpfs-size", MOUNT_TMPFS, false, take_size },
};

/* --- fields --- */

/* The field at *at, which becomes what is behind it and its comma; NULL behind the last one, or for one that is broken. */
static char *next_field(const char **at)
{
	struct str field = { 0 };
	const char *c = *at;
	bool quoted = *c == '"';
	for (c += quoted; *c && (quoted || *c != ','); c++) {
		if (quoted && *c == '"' && *++c != '"') {
			quoted = false;
			break;
		}
		str_append_char(&field, *c);
	}
	if (quoted || (*c && *c != ',')) {
		str_done(&field);
		return NULL;
	}
	*at = *c ? c + 1 : c;
	return str_take(&field);
}

static const struct key *find_key(const char *field, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(KEYS); i++)
		if (strlen(KEYS[i].name) == len && strncmp(KEYS[i].name, field, len) == 0)
			return &KEYS[i];
	return NULL;
}

static int take_field(struct reading *reading, const char *field, struct error *err)
{
	size_t len = strcspn(field, "=");
	const struct key *key = find_key(field, len);
	const char *value = field[len] ? field + len + 1 : NULL;
	if (!key && value)
		return err_set(err, ERR_USAGE, "unexpected key '%.*s' in '%s'", (int)len, field, field);
	if (!key || (!value && !key->is_flag))
		return err_set(err, ERR_USAGE, "invalid field '%s' must be a key=value pair", field);
	if (value && !*value)
		return err_set(err, ERR_USAGE, "invalid value for '%s': value is empty", key->name);
	if (key->kind != FOR_ALL)
		reading->foreign[key->kind] = key->name;
	int r = key->take(reading->mount, key->name, value, err);
	if (key->take == take_writable)
		reading->writable = !reading->mount->readonly;
	if (r >= 0 && key->take == take_recursive)
		reading->recursive = streq(value, "writable")	? "writable"
				     : streq(value, "readonly") ? "readonly"
								: NULL;
	return r;
}

static int take_fields(struct reading *reading, struct error *err)
{
	const char *at = reading->text;
	int r = 0;
	while (r >= 0 && *at) {
		_cleanup_free_ char *field = next_field(&at);
		r = field ? take_field(reading, field, err)
			  : err_set(err, ERR_USAGE, "a field's quotes do not close, or something stands behind them");
	}
	return r;
}

/* --- all of it --- */

static int check_source(struct mount_request *mount, struct error *err)
{
	const char *type = TYPES[mount->kind];
	if (mount->kind == MOUNT_TMPFS)
		return mount->source
			       ? err_set(err, ERR_USAGE,
					 "invalid mount config for type \"%s\": field Source must not be specified",
					 type)
			       : 0;
	if (mount->kind == MOUNT_VOLUME)
		return mount->source ? volume_name_check(mount->source, err) : 0;
	if (!mount->source)
		return err_set(err, ERR_USAGE, "invalid mount config for type \"%s\": field Source must not be empty",
			       type);
	return mount->kind == MOUNT_BIND ? mount_resolve_path(&mount->source, err) : 0;
}

/* Lexically: no link has a say in it. */
static bool is_inside(const char *path)
{
	_cleanup_strv_ char **names = strv_split(path, '/');
	int depth = 0;
	for (char **name = names; *path != '/' && name && *name && depth >= 0; name++)
		depth += streq(*name, "..") ? -1 : !streq(*name, "") && !streq(*name, ".");
	return *path != '/' && depth >= 0;
}

static int check_image(const struct reading *reading, struct error *err)
{
	if (reading->mount->kind != MOUNT_IMAGE || !reading->writable)
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "invalid mount config for type \"image\": an image is mounted read-only");
}

static int check_subpath(const struct mount_request *mount, struct error *err)
{
	if (!mount->subpath)
		return 0;
	if (mount->kind != MOUNT_VOLUME && mount->kind != MOUNT_IMAGE)
		return err_set(err, ERR_USAGE, "cannot mix 'subpath' with mount type '%s'", TYPES[mount->kind]);
	if (is_inside(mount->subpath))
		return 0;
	return err_set(err, ERR_INVALID,
		       "invalid mount config for type \"%s\": subpath must be a relative path within the volume",
		       TYPES[mount->kind]);
}

static int check(const struct reading *reading, struct error *err)
{
	struct mount_request *mount = reading->mount;
	if (!mount->target)
		return err_set(err, ERR_USAGE, "target is required");
	for (size_t i = 0; i < ARRAY_SIZE(TYPES); i++)
		if (reading->foreign[i] && i != mount->kind)
			return err_set(err, ERR_USAGE, "cannot mix '%s' with mount type '%s'", reading->foreign[i],
				       TYPES[mount->kind]);
	if (reading->recursive && !mount->readonly)
		return err_set(err, ERR_USAGE,
			       "option 'bind-recursive=%s' requires 'readonly' to be specified in conjunction",
			       reading->recursive);
	int r = check_image(reading, err);
	if (r >= 0)
		r = check_subpath(mount, err);
	return r < 0 ? r : check_source(mount, err);
}

int mount_parse_flag(const char *text, struct mount_request *ret, struct error *err)
{
	_cleanup_mount_request_ struct mount_request mount = { .kind = MOUNT_VOLUME, .origin = MOUNT_BY_MOUNT };
	struct reading reading = { .mount = &mount, .text = text };
	int r = take_fields(&reading, err);
	if (r >= 0)
		r = check(&reading, err);
	if (r < 0)
		return r;
	*ret = mount;
	mount = (struct mount_request){ 0 };
	return 0;
}
