/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/event.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/record.h"

char *engine_events_path(const struct engine *engine)
{
	return path_join(engine->root, "events");
}

void event_record(struct engine *engine, const struct journal_event *event)
{
	_cleanup_free_ char *path = engine_events_path(engine);
	char why[128];
	int r = journal_append(path, event);
	if (r < 0)
		log_warn("record event \"%s\" in '%s': %s", event->action, path, str_errno(-r, why, sizeof why));
}

/* Labels first, so that none of them can pass for one of ours. */
char **event_container_attributes(const struct container_row *row)
{
	char **attributes = strv_copy(row->config.labels);
	strv_take(&attributes, mem_printf("image=%s", config_spec(&row->config)->image));
	strv_take(&attributes, mem_printf("name=%s", row->name));
	return attributes;
}

void event_container(struct engine *engine, const struct container_row *row, const char *action, char *const *more)
{
	_cleanup_strv_ char **attributes = event_container_attributes(row);
	for (; more && *more; more++)
		strv_append(&attributes, *more);
	event_record(engine,
		     &(const struct journal_event){
			     .type = "container", .action = action, .actor = row->id, .attributes = attributes });
}

void event_container_named(struct engine *engine, const char *name, const char *action)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	if (container_load_row(engine, name, &row, NULL) >= 0) /* one that went with its end has had its last event */
		event_container(engine, &row, action, NULL);
}

void event_start_failed(struct engine *engine, const char *id, const struct error *why)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_strv_ char **more = NULL;
	journal_add_error(&more, why);
	if (container_load_row(engine, id, &row, NULL) >= 0)
		event_container(engine, &row, "start-failed", more);
}

void event_prune(struct engine *engine, const char *type, int64_t bytes)
{
	_cleanup_free_ char *reclaimed = mem_printf("reclaimed=%" PRId64, bytes);
	event_record(engine, &(const struct journal_event){ .type = type,
							    .action = "prune",
							    .actor = "",
							    .attributes = (char *[]){ reclaimed, NULL } });
}

static void record_image(struct engine *engine, const char *action, const char *id, const char *name,
			 const struct error *why)
{
	_cleanup_strv_ char **attributes = NULL;
	strv_take(&attributes, mem_printf("name=%s", name));
	if (why)
		journal_add_error(&attributes, why);
	event_record(engine, &(const struct journal_event){
				     .type = "image", .action = action, .actor = id, .attributes = attributes });
}

void event_image(struct engine *engine, const char *action, const char *id, const char *name)
{
	record_image(engine, action, id, name, NULL);
}

void event_pull_failed(struct engine *engine, const char *id, const char *name, const struct error *why)
{
	record_image(engine, "pull-failed", id, name, why);
}
