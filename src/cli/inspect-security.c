/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inspect-security.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "cli/table.h"

static const char *text_of(struct json_object *object, const char *key)
{
	return json_object_get_string(json_object_object_get(object, key));
}

static void print_heading(struct json_object *document)
{
	const char *name = text_of(document, "Name");
	if (json_object_get_boolean(json_object_object_get(document, "Running")))
		printf("Container %s, as the kernel has its process %s:\n", name, text_of(document, "Pid"));
	else
		printf("Container %s does not run; this is what its configuration asks for:\n", name);
}

void inspect_print_security(struct json_object *document)
{
	static const char *const headers[] = { "PROTECTION", "IN FORCE", "HOW", NULL };
	static const char *const keys[] = { "Name", "InForce", "Detail" };
	_cleanup_table_ struct table table = { .columns = 3 };
	struct json_object *protections = json_object_object_get(document, "Protections");
	table_add_row(&table, headers);
	for (size_t i = 0; i < json_object_array_length(protections); i++)
		for (size_t k = 0; k < 3; k++)
			table_add(&table, text_of(json_object_array_get_idx(protections, i), keys[k]));
	print_heading(document);
	table_print(&table, stdout);
}
