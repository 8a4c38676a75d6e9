/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/health-record.h"

#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/health-config.h"

enum { FILE_MAX = HEALTH_LOG_MAX * HEALTH_OUTPUT_MAX * 6 + 4096 };

static bool load(struct engine *engine, const char *id, struct json_document *ret)
{
	_cleanup_free_ char *path = path_join(id, HEALTH_FILE);
	return json_load(engine->store->records, path, FILE_MAX, ERR_INTERNAL, ret, NULL) >= 0;
}

enum container_health health_record_state(struct engine *engine, const struct container_row *row)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	const char *status = "";
	if (!health_config_is_on(&row->config.health) || row->state == STATE_CREATED)
		return HEALTH_IS_NONE;
	if (!load(engine, row->id, &document))
		return HEALTH_IS_STARTING;
	struct json_node root = json_root(&document);
	(void)json_get_string(&root, "Status", &status, NULL);
	for (enum health_state state = HEALTH_STARTING; state <= HEALTH_UNHEALTHY; state++)
		if (streq(status, health_state_name(state)))
			return (enum container_health)state;
	return HEALTH_IS_NONE;
}

void health_record_add(struct engine *engine, const struct container_row *row, struct json_object *state)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	if (health_config_is_on(&row->config.health) && load(engine, row->id, &document))
		json_object_object_add(state, "Health", json_object_get(document.root));
}
