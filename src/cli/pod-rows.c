/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pod-rows.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/format.h"

const struct rows_kind POD_ROWS = {
	.what = "pod",
	.has_labels = true,
	.fields =
		(const struct rows_field[]){
			{ "ContainerIds", "IDS" },
			{ "ContainerNames", "NAMES" },
			{ "ContainerStatuses", "STATUS" },
			{ "Created", "CREATED" },
			{ "CreatedAt", "CREATED AT" },
			{ "ID", "POD ID" },
			{ "InfraID", "INFRA ID" },
			{ "Labels", "LABELS" },
			{ "Name", "NAME" },
			{ "Networks", "NETWORKS" },
			{ "NumberOfContainers", "# OF CONTAINERS" },
			{ "Status", "STATUS" },
			{ 0 },
		},
};

static void add_containers(struct json_object *fields, const struct pod *pod, bool no_trunc)
{
	struct str ids = { 0 }, names = { 0 }, states = { 0 };
	for (size_t i = 0; i < pod->n_containers; i++) {
		const struct container_record *record = pod->containers[i];
		const char *comma = i > 0 ? "," : "";
		str_append(&ids, comma);
		format_container_id(&ids, record->id, no_trunc);
		str_appendf(&names, "%s%s", comma, record->name);
		str_appendf(&states, "%s%s", comma, container_state_name(record->state));
	}
	rows_put_text(fields, "ContainerIds", &ids);
	rows_put_text(fields, "ContainerNames", &names);
	rows_put_text(fields, "ContainerStatuses", &states);
}

struct json_object *pod_fields(const struct pod *pod, bool no_trunc, int64_t now)
{
	struct json_object *fields = json_object_new_object();
	struct str text = { 0 };
	add_containers(fields, pod, no_trunc);
	format_ago(&text, pod->created_at, now);
	rows_put_text(fields, "Created", &text);
	format_time(&text, pod->created_at);
	rows_put_text(fields, "CreatedAt", &text);
	format_container_id(&text, pod->id, no_trunc);
	rows_put_text(fields, "ID", &text);
	format_container_id(&text, pod->infra, no_trunc);
	rows_put_text(fields, "InfraID", &text);
	_cleanup_free_ char *labels = strv_join(pod->labels, ",");
	json_add_string(fields, "Labels", labels);
	json_add_string(fields, "Name", pod->name);
	_cleanup_free_ char *networks = strv_join(pod->n_containers > 0 ? pod->containers[0]->networks : NULL, ",");
	json_add_string(fields, "Networks", networks);
	str_appendf(&text, "%zu", pod->n_containers);
	rows_put_text(fields, "NumberOfContainers", &text);
	json_add_string(fields, "Status", pod_state(pod));
	return fields;
}
