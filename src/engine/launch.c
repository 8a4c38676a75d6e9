/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be in a container's run directory before its monitor is started. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/cgroup-place.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/health-config.h"
#include "engine/id-mapping.h"
#include "engine/image.h"
#include "engine/log-options.h"
#include "engine/merged.h"
#include "engine/mountpoints.h"
#include "engine/mounts.h"
#include "engine/network-row.h"
#include "engine/oci-spec.h"
#include "engine/pressure-notify.h"
#include "engine/restart.h"
#include "engine/secret-request.h"
#include "engine/sharing.h"
#include "engine/volume-dir.h"
#include "storage/layer.h"
#include "storage/mapped-copy.h"
#include "storage/overlay.h"
#include "storage/parents.h"
#include "storage/snapshot.h"

int launch_layers(struct engine *engine, const char *image_id, char *const *diff_ids, char ***ret, struct error *err)
{
	_cleanup_strv_ char **lower = NULL;
	_cleanup_free_ char *mountpoints = NULL, *parents = parents_path(engine->store, image_id);
	int r = mountpoints_ensure(engine->store, &mountpoints, err);
	if (r < 0)
		return r;
	if (parents && strv_count(diff_ids) < OVERLAY_LOWER_MAX)
		strv_append(&lower, parents);
	for (size_t i = strv_count(diff_ids); i-- > 0;)
		strv_take(&lower, layer_path(engine->store, diff_ids[i]));
	/* In a stack that is full already, what is missing is made in the container's own layer. */
	if (strv_count(lower) < OVERLAY_LOWER_MAX)
		strv_append(&lower, mountpoints);
	*ret = TAKE_PTR(lower);
	return 0;
}

int launch_lower(struct engine *engine, const char *id, const char *image_id, char *const *diff_ids, char ***ret,
		 struct error *err)
{
	_cleanup_free_ char *copy = snapshot_shared_copy(engine->store, id);
	bool whole = snapshot_is_whole(engine->store, id, NULL);
	char **lower = NULL;
	if (!whole && !copy)
		return launch_layers(engine, image_id, diff_ids, ret, err);
	strv_take(&lower, whole ? snapshot_upper(engine->store, id) : mapped_copy_path(engine->store, image_id, copy));
	*ret = lower;
	return 0;
}

/* What the container wrote in an earlier run counts, too. */
static int open_merged(struct engine *engine, const char *id, char *const *lower, struct merged **ret,
		       struct error *err)
{
	_cleanup_strv_ char **dirs = NULL;
	strv_take(&dirs, snapshot_upper(engine->store, id));
	for (; *lower; lower++)
		strv_append(&dirs, *lower);
	return merged_open(dirs, ret, err);
}

static int write_config(struct engine *engine, const struct container_config *config, const struct launch *launch,
			int dir, struct error *err)
{
	_cleanup_free_ char *run_dir = mem_printf("%s/containers/%s", engine->runroot, launch->id);
	_cleanup_json_ struct json_object *object = NULL;
	_cleanup_merged_ struct merged *merged = NULL;
	_cleanup_strv_ char **secret_env = NULL;
	int r = snapshot_settle(engine->store, launch->id, err);
	if (r >= 0)
		r = open_merged(engine, launch->id, launch->lower, &merged, err);
	if (r >= 0)
		r = secret_requests_write(engine, config, dir, &secret_env, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *volumes = volumes_path(engine);
	_cleanup_free_ char *cgroup = cgroup_place_path(launch->cgroup_manager, config_spec(config), launch->id);
	_cleanup_free_ char *upper = snapshot_upper(engine->store, launch->id);
	const struct oci_context context = {
		.id = launch->id,
		.rootfs = snapshot_is_whole(engine->store, launch->id, NULL) ? upper : NULL,
		.shifted = config_has_userns(config) && snapshot_is_shifted(engine->store, launch->id),
		.run_dir = run_dir,
		.volumes = volumes,
		.cgroup = cgroup,
		.secret_env = secret_env,
		.merged = merged,
	};
	r = oci_spec_make(config, &context, &object, err);
	if (r < 0)
		return r;
	const char *text = json_text(object);
	return file_write_atomic(dir, CONFIG_FILE, text, strlen(text), 0600, 0, err);
}

static int make_records(struct engine *engine, const char *id, struct error *err)
{
	if (mkdirat(engine->store->records, id, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make the directory of records of container %.12s", id);
	return 0;
}

/* Files of the image's copy that has the container's ids, in place of those of its layers. */
static int share_image(struct engine *engine, const struct container_config *config, const struct launch *launch,
		       const struct mount_request *mount, char ***lower, struct error *err)
{
	_cleanup_id_mapping_ struct id_mapping mapping = { 0 };
	_cleanup_free_ char *copy = snapshot_shared_copy(engine->store, launch->id);
	if (!copy)
		return err_set(err, ERR_UNSUPPORTED,
			       "an image cannot be mounted on %s: its files would not have the ids"
			       " of the container's user namespace",
			       mount->target);
	int r = id_mapping_from_texts(config->uid_map, config->gid_map, &mapping, err);
	const struct id_maps maps = id_mapping_maps(&mapping);
	if (r >= 0)
		r = mapped_copy_make(engine->store, mount->image_id, *lower, &maps, err);
	if (r < 0)
		return r;
	strv_free(*lower);
	*lower = NULL;
	strv_take(lower, mapped_copy_path(engine->store, mount->image_id, copy));
	return 0;
}

static int plan_images(struct engine *engine, const struct container_config *config, struct launch *launch,
		       struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < config->n_mounts; i++) {
		const struct mount_request *mount = &config->mounts[i];
		_cleanup_image_config_ struct image_config image = { 0 };
		if (mount->kind != MOUNT_IMAGE)
			continue;
		r = image_config_load(engine->store, mount->image_id, &image, err);
		if (r < 0)
			return r;
		struct image_plan *plan = ARRAY_APPEND(launch->images, launch->n_images);
		plan->destination = mem_strdup(mount->target);
		plan->subpath = mem_strdup(mount->subpath);
		r = launch_layers(engine, mount->image_id, image.diff_ids, &plan->lower, err);
		if (r >= 0 && config_has_userns(config) && snapshot_is_shifted(engine->store, launch->id))
			r = share_image(engine, config, launch, mount, &plan->lower, err);
	}
	return r;
}

int launch_prepare(struct engine *engine, const char *id, const struct container_config *config, const char *image_id,
		   char *const *diff_ids, struct run_dir *dir, struct launch *ret, struct error *err)
{
	const struct container_spec *spec = config_spec(config);
	_cleanup_launch_ struct launch launch = {
		.dir = RUN_DIR_NONE,
		.has_volumes = config_has_volumes(config),
		.networked = spec->network != NETWORK_NONE && spec->network != NETWORK_HOST,
		.userns = -1,
		.netns = -1,
		.open_stdin = spec->open_stdin,
		.auto_remove = spec->auto_remove,
		.notify = mounts_has_notify(spec),
		.stop_signal = config->stop_signal,
		.restart = restart_policy_of(spec),
		.restart_max = (int)spec->restart_max,
	};
	str_copy(launch.id, sizeof launch.id, id);
	launch.joins = strv_copy(config->joins);
	launch.pid_file = mem_strdup(spec->pid_file);
	launch.uid_map = config->uid_map ? strv_copy(config->uid_map) : NULL;
	launch.gid_map = config->gid_map ? strv_copy(config->gid_map) : NULL;
	launch.userns_path = mem_strdup(joined_path(spec, NAMESPACE_USER));
	int r = cgroup_place_manager(engine, spec, &launch.cgroup_manager, err);
	if (r >= 0)
		r = pressure_notify_plan(spec->pressure_notify, &launch.pressure, err);
	if (r >= 0)
		r = launch_lower(engine, id, image_id, diff_ids, &launch.lower, err);
	if (r >= 0)
		r = plan_images(engine, config, &launch, err);
	if (r >= 0)
		r = make_records(engine, id, err);
	if (r >= 0)
		r = write_config(engine, config, &launch, dir->fd, err);
	if (r >= 0)
		r = launch.networked ? launch_check_files(engine, config, err)
				     : launch_write_files(engine, config, &(const struct endpoint_list){ 0 }, NULL,
							  dir->fd, err);
	if (r < 0)
		return r;
	*ret = launch;
	ret->dir = *dir;
	*dir = RUN_DIR_NONE;
	launch = LAUNCH_NONE;
	return 0;
}

void launch_named(struct engine *engine, struct launch *launch, const struct container_row *row)
{
	_cleanup_free_ char *log_path = engine_log_path(engine, row->id);
	log_options_plan(row, log_path, &launch->log);
	health_config_plan(&row->config, &launch->health);
	launch->name = mem_strdup(row->name);
	launch->pod = mem_strdup(row->pod);
	launch->event_attributes = event_container_attributes(row);
}
