/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/removed.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/engine-internal.h"
#include "engine/tombstone.h"

enum { FILE_SIZE_MAX = 4 << 20 };

void removed_done(struct removed_container *removed)
{
	container_row_done(&removed->row);
}

/* --- Reading one --- */

static int open_file(int graves, const char *id, const char *file, struct json_document *ret, struct error *err)
{
	_cleanup_free_ char *path = mem_printf("%s/%s", id, file);
	return json_load(graves, path, FILE_SIZE_MAX, ERR_JSON, ret, err);
}

/* How it ended is what its monitor has written last; of one that its monitor did not outlive it is in the row. */
static void take_status(const struct json_node *node, struct container_row *row)
{
	struct monitor_status status = { 0 };
	struct json_node section;
	if (json_get_object(node, "status", &section, NULL) <= 0)
		return;
	const char *text = json_text(section.value);
	if (monitor_status_parse(text, strlen(text), &status, NULL) < 0)
		return;
	free(row->last_status);
	row->last_status = mem_strdup(text);
	row->exit_code = status.exit_code;
	row->oom_killed = status.oom_killed;
	row->started_at = status.started_at;
	row->finished_at = status.finished_at;
}

static int read_container(const struct json_node *root, struct removed_container *ret, struct error *err)
{
	struct container_row *row = &ret->row;
	struct json_node config;
	const char *id, *name, *image_id = "";
	int r;
	if ((r = json_need_string(root, "id", &id, err)) < 0 || (r = json_need_string(root, "name", &name, err)) < 0 ||
	    (r = json_get_string(root, "imageId", &image_id, err)) < 0 ||
	    (r = json_get_i64(root, "createdAt", 0, INT64_MAX, &row->created_at, err)) < 0 ||
	    (r = json_get_i64(root, "removedAt", 0, INT64_MAX, &ret->removed_at, err)) < 0 ||
	    (r = json_need_object(root, "config", &config, err)) < 0 ||
	    (r = container_config_from_text(json_text(config.value), &row->config, err)) < 0)
		return r;
	str_copy(row->id, sizeof row->id, id);
	row->name = mem_strdup(name);
	row->image_id = mem_strdup(image_id);
	row->error = mem_strdup("");
	row->runroot = mem_strdup("");
	row->last_status = mem_strdup("");
	row->auto_remove = config_spec(&row->config)->auto_remove;
	row->state = STATE_EXITED;
	take_status(root, row);
	return 0;
}

static int read_one(int graves, const char *id, struct removed_container *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document container = { 0 }, last = { 0 };
	_cleanup_removed_ struct removed_container removed = { 0 };
	int r = open_file(graves, id, TOMBSTONE_FILE, &container, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&container);
	r = read_container(&root, &removed, err);
	if (r < 0)
		return r;
	if (open_file(graves, id, "last.json", &last, NULL) >= 0) {
		root = json_root(&last);
		take_status(&root, &removed.row);
	}
	*ret = removed;
	removed = (struct removed_container){ 0 };
	return 0;
}

/* --- Finding one --- */

enum rank { RANK_NONE, RANK_PREFIX, RANK_NAME, RANK_ID };

static bool has_name(int graves, const char *id, const char *wanted)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	const char *name;
	if (open_file(graves, id, TOMBSTONE_FILE, &document, NULL) < 0)
		return false;
	struct json_node root = json_root(&document);
	return json_need_string(&root, "name", &name, NULL) >= 0 && streq(name, wanted);
}

/* Shorter ones would find something nearly always, and are meant as names. */
enum { PREFIX_MIN = 4 };

static enum rank rank_of(int graves, const char *id, const char *wanted)
{
	if (streq(id, wanted))
		return RANK_ID;
	if (has_name(graves, id, wanted))
		return RANK_NAME;
	return strlen(wanted) >= PREFIX_MIN && str_starts_with(id, wanted) ? RANK_PREFIX : RANK_NONE;
}

int removed_find(struct engine *engine, const char *name, struct removed_container *ret, struct error *err)
{
	_cleanup_close_ int graves =
		openat(engine->store->records, TOMBSTONE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_strv_ char **ids = graves < 0 ? NULL : tombstones_list(graves);
	const char *best = NULL, *wanted = *name == '/' ? name + 1 : name;
	enum rank best_rank = RANK_NONE;
	for (char **id = ids; id && *id && best_rank != RANK_ID; id++) {
		enum rank rank = rank_of(graves, *id, wanted);
		if (rank > best_rank) {
			best_rank = rank;
			best = *id;
		}
	}
	if (!best)
		return err_set(err, ERR_NO_CONTAINER, "No such container: %s", name);
	return read_one(graves, best, ret, err);
}

/* --- What became of it --- */

static void describe_end(const struct container_row *row, struct str *text)
{
	struct monitor_status status = { 0 };
	(void)monitor_status_parse(row->last_status, strlen(row->last_status), &status, NULL);
	const struct death *death = &status.death;
	const char *by = death->by;
	switch (death->cause) {
	case DEATH_EXITED:
		str_appendf(text, "it had ended by itself, with exit code %d", row->exit_code);
		return;
	case DEATH_STOPPED:
		str_appendf(text, "it had been stopped by %s, and its exit code was %d", by, row->exit_code);
		return;
	case DEATH_KILLED:
		str_appendf(text, "it had been killed by %s, and its exit code was %d", by, row->exit_code);
		return;
	case DEATH_SIGNAL:
		str_appendf(text, "a signal that coffer did not send had ended it, and its exit code was %d",
			    row->exit_code);
		return;
	case DEATH_OOM:
		str_appendf(text, "the kernel had killed it%s for memory (%s), and its exit code was %d",
			    death->likely ? ", it seems," : "", by, row->exit_code);
		return;
	case DEATH_START_FAILED:
	case DEATH_MONITOR_LOST:
	case DEATH_NONE:
		break;
	}
	str_append(text, "how it had ended is not known");
}

void engine_removed_explain(struct engine *engine, const char *name, struct error *err)
{
	_cleanup_removed_ struct removed_container removed = { 0 };
	_cleanup_str_ struct str end = { 0 };
	char ago[TIME_TEXT_MAX];
	if (removed_find(engine, name, &removed, NULL) < 0)
		return;
	describe_end(&removed.row, &end);
	time_format_duration(time_now_ns() - removed.removed_at, ago);
	*ago = (char)tolower((unsigned char)*ago);
	err_cause(err, "container \"%s\" (%.12s) was removed %s ago%s; %s", removed.row.name, removed.row.id, ago,
		  removed.row.auto_remove ? ", as --rm says" : "", str_text(&end));
	err_hint(err, "coffer inspect --removed %s", name);
}
