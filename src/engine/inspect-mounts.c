/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/inspect-mounts.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/mounts.h"
#include "engine/volume-dir.h"
#include "engine/volume.h"

static const char *const TYPES[] = {
	[MOUNT_BIND] = "bind", [MOUNT_TMPFS] = "tmpfs", [MOUNT_VOLUME] = "volume", [MOUNT_IMAGE] = "image"
};

/* --- HostConfig --- */

/* "/host:/container:ro,rslave"; what has no source is no bind, but a volume of the container's own. */
static void add_bind(const struct mount_request *mount, struct json_object *host)
{
	struct json_object *binds = json_object_object_get(host, "Binds");
	if (!binds)
		binds = json_add_array(host, "Binds");
	_cleanup_free_ char *text = mem_printf("%s:%s%s%s", mount->source, mount->target, mount->mode ? ":" : "",
					       mount->mode ? mount->mode : "");
	json_append_string(binds, text);
}

static void add_tmpfs(const struct mount_request *mount, struct json_object *host)
{
	struct json_object *map = json_object_object_get(host, "Tmpfs");
	if (!map)
		map = json_add_object(host, "Tmpfs");
	_cleanup_free_ char *options = strv_join(mount->options, ",");
	json_add_string(map, mount->target, options);
}

static void add_bind_options(const struct mount_request *mount, struct json_object *object)
{
	const char *propagation = mount_propagation(mount);
	struct json_object *options = json_object_new_object();
	json_add_string(options, "Propagation", propagation);
	if (strv_contains(mount->options, "bind"))
		json_add_bool(options, "NonRecursive", true);
	if (mount->create_source)
		json_add_bool(options, "CreateMountpoint", true);
	if (json_object_object_length(options) > 0)
		json_object_object_add(object, "BindOptions", json_object_get(options));
	json_object_put(options);
}

static void add_volume_options(const struct mount_request *mount, struct json_object *object)
{
	if (!mount->nocopy && !mount->subpath && !mount->volume_labels && !mount->volume_options)
		return;
	struct json_object *options = json_add_object(object, "VolumeOptions");
	if (mount->nocopy)
		json_add_bool(options, "NoCopy", true);
	if (mount->volume_labels)
		json_add_pairs(options, "Labels", mount->volume_labels);
	json_add_string(options, "Subpath", mount->subpath);
	if (!mount->volume_options)
		return;
	struct json_object *driver = json_add_object(options, "DriverConfig");
	json_add_string(driver, "Name", VOLUME_DRIVER);
	json_add_pairs(driver, "Options", mount->volume_options);
}

/* Its numbers were checked when it was asked for. */
static void add_tmpfs_options(const struct mount_request *mount, struct json_object *object)
{
	if (!mount->options)
		return;
	struct json_object *options = json_add_object(object, "TmpfsOptions");
	for (char **option = mount->options; *option; option++) {
		uint64_t number;
		if (str_starts_with(*option, "size=") && parse_u64(*option + 5, INT64_MAX, &number, NULL) >= 0)
			json_add_u64(options, "SizeBytes", number);
		else if (str_starts_with(*option, "mode=") && parse_octal(*option + 5, 07777, &number, NULL) >= 0)
			json_add_u64(options, "Mode", number);
	}
}

static void add_mount(const struct mount_request *mount, struct json_object *host)
{
	struct json_object *mounts = json_object_object_get(host, "Mounts");
	struct json_object *object = json_object_new_object();
	if (!mounts)
		mounts = json_add_array(host, "Mounts");
	json_add_string(object, "Type", TYPES[mount->kind]);
	json_add_string(object, "Source", mount->source);
	json_add_string(object, "Target", mount->target);
	if (mount->readonly)
		json_add_bool(object, "ReadOnly", true);
	if (mount->kind == MOUNT_BIND)
		add_bind_options(mount, object);
	else if (mount->kind == MOUNT_VOLUME)
		add_volume_options(mount, object);
	else if (mount->kind == MOUNT_TMPFS)
		add_tmpfs_options(mount, object);
	else if (mount->subpath)
		json_add_string(json_add_object(object, "ImageOptions"), "Subpath", mount->subpath);
	json_object_array_add(mounts, object);
}

void inspect_add_wishes(const struct container_spec *spec, struct json_object *host)
{
	for (const struct mount_request *mount = spec->mounts; mount < spec->mounts + spec->n_mounts; mount++) {
		if (mount->origin == MOUNT_BY_MOUNT)
			add_mount(mount, host);
		else if (mount->kind == MOUNT_TMPFS)
			add_tmpfs(mount, host);
		else if (mount->source)
			add_bind(mount, host);
	}
	if (spec->volumes_from)
		json_add_strv(host, "VolumesFrom", spec->volumes_from);
}

/* --- Mounts --- */

/* A volume that somebody has named is labelled for all who share it; the engine says so even where nothing labels. */
static const char *mode_of(const struct mount_request *mount)
{
	bool shared = mount->kind == MOUNT_VOLUME && !mount->anonymous;
	return mount->mode ? mount->mode : shared ? "z" : "";
}

static struct json_object *describe(const struct engine *engine, const struct mount_request *mount)
{
	struct json_object *object = json_object_new_object();
	bool volume = mount->kind == MOUNT_VOLUME;
	_cleanup_free_ char *path = volume ? volume_path(engine, mount->source) : NULL;
	json_add_string(object, "Type", TYPES[mount->kind]);
	json_add_string(object, "Name", volume ? mount->source : NULL);
	json_add_string(object, "Source", volume ? path : mount->source ? mount->source : "");
	json_add_string(object, "Destination", mount->target);
	json_add_string(object, "Driver", volume ? VOLUME_DRIVER : NULL);
	json_add_string(object, "Mode", mode_of(mount));
	json_add_bool(object, "RW", !mount->readonly);
	const char *propagation = mount_propagation(mount);
	json_add_string(object, "Propagation", mount->kind != MOUNT_BIND ? "" : propagation ? propagation : "rprivate");
	return object;
}

static int compare_targets(const void *a, const void *b)
{
	return strcmp((*(const struct mount_request *const *)a)->target,
		      (*(const struct mount_request *const *)b)->target);
}

void inspect_add_mounts(const struct engine *engine, const struct container_config *config, struct json_object *root)
{
	struct json_object *mounts = json_add_array(root, "Mounts");
	const struct mount_request **sorted = NULL;
	size_t count = 0;
	for (size_t i = 0; i < config->n_mounts; i++)
		if (config->mounts[i].origin != MOUNT_BY_TMPFS)
			*ARRAY_APPEND(sorted, count) = &config->mounts[i];
	if (count > 0)
		qsort(sorted, count, sizeof *sorted, compare_targets);
	for (size_t i = 0; i < count; i++)
		json_object_array_add(mounts, describe(engine, sorted[i]));
	free(sorted);
}

void inspect_add_volumes(const struct container_config *config, struct json_object *object)
{
	struct json_object *set = NULL;
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct mount_request *mount = &config->mounts[i];
		if (!mount->anonymous || (mount->origin != MOUNT_BY_VOLUME && mount->origin != MOUNT_BY_IMAGE))
			continue;
		if (!set)
			set = json_add_object(object, "Volumes");
		json_add_object(set, mount->target);
	}
}
