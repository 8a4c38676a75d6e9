/* SPDX-License-Identifier: Apache-2.0 */
/* Containers and storage drivers. */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/id-mapping.h"
#include "engine/user-entry.h"
#include "engine/userns-mode.h"
#include "storage/driver.h"
#include "storage/mapped-copy.h"
#include "storage/mapped-ids.h"
#include "storage/snapshot.h"

int engine_set_storage_driver(struct engine *engine, const char *name, struct error *err)
{
	return storage_driver_find(name, &engine->storage_driver, err);
}

int storage_driver_current(struct engine *engine, const struct storage_driver **ret, struct error *err)
{
	_cleanup_free_ char *reason = NULL;
	if (!engine->storage_driver) {
		int r = storage_driver_choose(engine->store, &engine->storage_driver, &reason, err);
		if (r < 0)
			return r;
		if (engine->storage_driver->copies)
			log_warn("no overlays here, so the image is copied (storage driver vfs): %s", reason);
	}
	*ret = engine->storage_driver;
	return 0;
}

/* Bytes, 0 for no limit. The last one counts, as with Docker. */
static int parse_options(const struct container_spec *spec, uint64_t *ret_size, struct error *err)
{
	*ret_size = 0;
	for (char **option = spec->storage_options; option && *option; option++) {
		const char *size = str_after(*option, "size=");
		if (!size) {
			err_set(err, ERR_INVALID, "--storage-opt %s: there is no such option", *option);
			return err_hint(err, "--storage-opt size=10g");
		}
		int r = parse_size(size, ret_size, err);
		if (r < 0)
			return err_wrap(err, "--storage-opt %s", *option);
	}
	return 0;
}

int storage_options_check(const struct container_spec *spec, struct error *err)
{
	uint64_t size;
	return parse_options(spec, &size, err);
}

int ids_on_disk(struct engine *engine, const struct container_row *row, struct id_mapping *ret, struct error *err)
{
	const struct container_config *config = &row->config;
	if (!config_has_userns(config) || !snapshot_is_shifted(engine->store, row->id))
		return 0;
	return id_mapping_from_texts(config->uid_map, config->gid_map, ret, err);
}

/* A range of ids that is the container's alone makes a copy that nobody else will want. */
static bool has_own_range(const struct container_row *row)
{
	_cleanup_userns_mode_ struct userns_mode mode = { 0 };
	return userns_mode_parse(config_spec(&row->config), &mode, NULL) >= 0 && mode.kind == USERNS_AUTO;
}

/* Nothing can show the image's files with the container's ids, so there are files that have them. */
static int create_shifted(struct engine *engine, const struct container_row *row, const struct storage_driver *driver,
			  char *const *layers, uint64_t size, struct error *err)
{
	_cleanup_id_mapping_ struct id_mapping mapping = { 0 };
	int r = id_mapping_from_texts(row->config.uid_map, row->config.gid_map, &mapping, err);
	if (r < 0)
		return r;
	const struct id_maps maps = id_mapping_maps(&mapping);
	_cleanup_free_ char *name = driver->copies || has_own_range(row) ? NULL : mapped_copy_name(&maps);
	if (!name)
		return snapshot_create_shifted(engine->store, row->id, layers, &maps, size, err);
	r = mapped_copy_make(engine->store, row->image_id, layers, &maps, err);
	return r < 0 ? r : snapshot_create_sharing(engine->store, row->id, name, &maps, driver->fuse, size, err);
}

int storage_create(struct engine *engine, const struct container_row *row, char *const *diff_ids, struct error *err)
{
	_cleanup_strv_ char **layers = NULL;
	const struct storage_driver *driver;
	uint64_t size;
	int r = parse_options(config_spec(&row->config), &size, err);
	if (r >= 0)
		r = storage_driver_current(engine, &driver, err);
	if (r >= 0)
		r = launch_layers(engine, row->image_id, diff_ids, &layers, err);
	if (r >= 0 && config_has_userns(&row->config) && !store_can_map_ids(engine->store))
		r = create_shifted(engine, row, driver, layers, size, err);
	else if (r >= 0)
		r = driver->create(engine->store, row->id, layers, size, err);
	return r < 0 ? r : user_entry_add(engine, row, err);
}
