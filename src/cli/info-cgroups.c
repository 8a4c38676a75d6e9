/* SPDX-License-Identifier: Apache-2.0 */
/* `info --cgroups`: two tables out of engine_cgroup_info()'s document. */
#include "cli/info-cgroups.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/util.h"
#include "cli/table.h"

struct column {
	const char *header, *key;
};

static const struct column CONTROLLERS[] = { { "CONTROLLER", "Name" }, { "VERSION", "Version" }, { "TREE", "Tree" } };

static const struct column DIFFERENCES[] = {
	{ "WHAT", "Name" },
	{ "CGROUP V1", "V1" },
	{ "CGROUP V2", "V2" },
	{ "HERE", "Here" },
};

static void print_list(struct json_object *list, const struct column *columns, size_t count)
{
	_cleanup_table_ struct table table = { .columns = count };
	for (size_t i = 0; i < count; i++)
		table_add(&table, columns[i].header);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		for (size_t k = 0; k < count; k++) {
			struct json_object *row = json_object_array_get_idx(list, i);
			const char *cell = json_object_get_string(json_object_object_get(row, columns[k].key));
			table_add(&table, cell ? cell : "--");
		}
	table_print(&table, stdout);
}

void info_cgroups_print(struct json_object *info)
{
	printf("Cgroup Layout: %s\n", json_object_get_string(json_object_object_get(info, "Layout")));
	printf("Cgroup Driver: %s\n\n", json_object_get_string(json_object_object_get(info, "Driver")));
	print_list(json_object_object_get(info, "Controllers"), CONTROLLERS, ARRAY_SIZE(CONTROLLERS));
	putchar('\n');
	print_list(json_object_object_get(info, "Differences"), DIFFERENCES, ARRAY_SIZE(DIFFERENCES));
}
