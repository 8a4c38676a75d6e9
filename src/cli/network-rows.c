/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/network-rows.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/format.h"

const struct rows_kind NETWORK_ROWS = {
	.what = "network",
	.has_labels = true,
	.fields =
		(const struct rows_field[]){
			{ "CreatedAt", "CREATED AT" },
			{ "Driver", "DRIVER" },
			{ "ID", "NETWORK ID" },
			{ "IPv4", "IPV4" },
			{ "IPv6", "IPV6" },
			{ "Internal", "INTERNAL" },
			{ "Labels", "LABELS" },
			{ "Name", "NAME" },
			{ "Scope", "SCOPE" },
			{ 0 },
		},
};

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

struct json_object *network_fields(const struct network_record *record, bool no_trunc)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_str_ struct str id = { 0 }, created = { 0 };
	_cleanup_free_ char *labels = strv_join(record->labels, ",");
	format_container_id(&id, record->id, no_trunc);
	format_time(&created, record->created_at);
	json_add_string(fields, "CreatedAt", str_text(&created));
	json_add_string(fields, "Driver", record->driver);
	json_add_string(fields, "ID", str_text(&id));
	json_add_string(fields, "IPv4", truth(true));
	json_add_string(fields, "IPv6", truth(record->subnet6.family != 0));
	json_add_string(fields, "Internal", truth(record->internal));
	json_add_string(fields, "Labels", labels);
	json_add_string(fields, "Name", record->name);
	json_add_string(fields, "Scope", "local");
	return fields;
}
