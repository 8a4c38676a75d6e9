/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/volume-rows.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"

static const char NOT_ASKED[] = "N/A";

const struct rows_kind VOLUME_ROWS = {
	.what = "volume",
	.has_labels = true,
	.fields =
		(const struct rows_field[]){
			{ "Availability", "AVAILABILITY" },
			{ "Driver", "DRIVER" },
			{ "Group", "GROUP" },
			{ "Labels", "LABELS" },
			{ "Links", "LINKS" },
			{ "Mountpoint", "MOUNTPOINT" },
			{ "Name", "VOLUME NAME" },
			{ "Scope", "SCOPE" },
			{ "Size", "SIZE" },
			{ "Status", "STATUS" },
			{ 0 },
		},
};

struct json_object *volume_fields(const struct volume *volume, const char *size)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_free_ char *labels = strv_join(volume->labels, ",");
	_cleanup_free_ char *links = size ? mem_printf("%zu", volume->links) : mem_strdup(NOT_ASKED);
	json_add_string(fields, "Availability", NOT_ASKED);
	json_add_string(fields, "Driver", VOLUME_DRIVER);
	json_add_string(fields, "Group", NOT_ASKED);
	json_add_string(fields, "Labels", labels);
	json_add_string(fields, "Links", links);
	json_add_string(fields, "Mountpoint", volume->mountpoint);
	json_add_string(fields, "Name", volume->name);
	json_add_string(fields, "Scope", "local");
	json_add_string(fields, "Size", size ? size : NOT_ASKED);
	json_add_string(fields, "Status", NOT_ASKED);
	return fields;
}
