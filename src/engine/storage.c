/* SPDX-License-Identifier: Apache-2.0 */
/* Containers and storage drivers. */
#include "base/str.h"
#include "engine/engine-internal.h"
#include "storage/driver.h"

int engine_set_storage_driver(struct engine *engine, const char *name, struct error *err)
{
	return storage_driver_find(name, &engine->storage_driver, err);
}

int storage_driver_current(struct engine *engine, const struct storage_driver **ret, struct error *err)
{
	if (!engine->storage_driver) {
		int r = storage_driver_choose(engine->store, &engine->storage_driver, err);
		if (r < 0)
			return r;
	}
	*ret = engine->storage_driver;
	return 0;
}

int storage_create(struct engine *engine, const char *id, const char *image_id, char *const *diff_ids,
		   struct error *err)
{
	_cleanup_strv_ char **layers = NULL;
	const struct storage_driver *driver;
	int r = storage_driver_current(engine, &driver, err);
	if (r >= 0)
		r = launch_layers(engine, image_id, diff_ids, &layers, err);
	return r < 0 ? r : driver->create(engine->store, id, layers, err);
}
