/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container-rows.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/format.h"

enum { COMMAND_WIDTH = 20, MOUNT_WIDTH = 15 };

const struct rows_kind CONTAINER_ROWS = {
	.what = "container",
	.has_labels = true,
	.fields =
		(const struct rows_field[]){
			{ "ID", "CONTAINER ID" },
			{ "Image", "IMAGE" },
			{ "Command", "COMMAND" },
			{ "CreatedAt", "CREATED AT" },
			{ "RunningFor", "CREATED" },
			{ "Ports", "PORTS" },
			{ "State", "STATE" },
			{ "Status", "STATUS" },
			{ "Size", "SIZE" },
			{ "Names", "NAMES" },
			{ "Labels", "LABELS" },
			{ "Mounts", "MOUNTS" },
			{ "LocalVolumes", "LOCAL VOLUMES" },
			{ "Networks", "NETWORKS" },
			{ "Pod", "POD ID" },
			{ "PodName", "PODNAME" },
			{ "Pid", "PID" },
			{ "CGROUPNS", "CGROUPNS" },
			{ "IPC", "IPC" },
			{ "MNT", "MNT" },
			{ "NET", "NET" },
			{ "PIDNS", "PIDNS" },
			{ "TIME", "TIME" },
			{ "USERNS", "USERNS" },
			{ "UTS", "UTS" },
			{ 0 },
		},
};

/* In quotes, shortened before they are added. */
static void format_command(struct str *out, const struct container_record *record, bool whole)
{
	_cleanup_free_ char *words = strv_join(record->command, " ");
	_cleanup_str_ struct str shown = { 0 };
	format_ellipsis(&shown, words, whole ? SIZE_MAX : COMMAND_WIDTH);
	str_append_char(out, '"');
	for (const char *at = str_text(&shown); *at; at++) {
		if (*at == '"' || *at == '\\')
			str_append_char(out, '\\');
		str_append_char(out, *at);
	}
	str_append_char(out, '"');
}

static void format_mounts(struct str *out, const struct container_record *record, bool whole)
{
	for (size_t i = 0; i < record->n_mounts; i++) {
		str_append(out, i > 0 ? "," : "");
		format_ellipsis(out, record->mounts[i].name, whole ? SIZE_MAX : MOUNT_WIDTH);
	}
}

static size_t count_volumes(const struct container_record *record)
{
	size_t count = 0;
	for (size_t i = 0; i < record->n_mounts; i++)
		count += record->mounts[i].is_volume;
	return count;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_labels(struct json_object *fields, const struct container_record *record)
{
	_cleanup_strv_ char **labels = strv_copy(record->labels);
	if (labels)
		qsort(labels, strv_count(labels), sizeof *labels, compare_texts);
	_cleanup_free_ char *text = strv_join(labels, ",");
	json_add_string(fields, "Labels", text);
}

struct json_object *container_fields(const struct container_record *record, const struct container_show *show)
{
	struct json_object *fields = json_object_new_object();
	struct str text = { 0 };
	format_container_id(&text, record->id, show->no_trunc);
	rows_put_text(fields, "ID", &text);
	json_add_string(fields, "Image", record->image);
	format_command(&text, record, show->no_trunc);
	rows_put_text(fields, "Command", &text);
	format_time(&text, record->created_at);
	rows_put_text(fields, "CreatedAt", &text);
	format_ago(&text, record->created_at, show->now);
	rows_put_text(fields, "RunningFor", &text);
	json_add_string(fields, "Ports", record->ports);
	json_add_string(fields, "State", container_state_name(record->state));
	format_container_status(&text, record, show->now);
	rows_put_text(fields, "Status", &text);
	json_add_string(fields, "Size", show->size ? show->size : "0B");
	json_add_string(fields, "Names", record->name);
	add_labels(fields, record);
	format_mounts(&text, record, show->no_trunc);
	rows_put_text(fields, "Mounts", &text);
	str_appendf(&text, "%zu", count_volumes(record));
	rows_put_text(fields, "LocalVolumes", &text);
	if (record->pod)
		format_container_id(&text, record->pod, show->no_trunc);
	rows_put_text(fields, "Pod", &text);
	json_add_string(fields, "PodName", record->pod_name ? record->pod_name : "");
	_cleanup_free_ char *networks = strv_join(record->networks, ",");
	json_add_string(fields, "Networks", networks);
	return fields;
}

int format_container_size(struct engine *engine, const struct container_record *record, struct str *out,
			  struct error *err)
{
	char own_text[SIZE_TEXT_MAX], whole_text[SIZE_TEXT_MAX];
	int64_t own, whole;
	int r = engine_container_size(engine, record, &own, &whole, err);
	if (r >= 0)
		str_appendf(out, "%s (virtual %s)", format_size((uint64_t)own, own_text),
			    format_size((uint64_t)whole, whole_text));
	return r;
}
