/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/db-list.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"

char *db_list_text(char *const *v)
{
	_cleanup_json_ struct json_object *array = json_object_new_array();
	for (; v && *v; v++)
		json_append_string(array, *v);
	return mem_strdup(json_text(array));
}

int db_list(const struct db_query *query, int column, char ***ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	const char *text = db_text(query, column);
	_cleanup_free_ char *wrapped = mem_printf("{\"v\":%s}", text);
	int r = json_parse(wrapped, strlen(wrapped), "a list in the database", ERR_DB, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	r = json_get_strv(&root, "v", ret, err);
	return r < 0 ? r : 0;
}
