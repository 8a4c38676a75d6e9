/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces that the `inspect` documents of containers and images have in common. */
#pragma once

#include "base/json.h"

/* An array, empty for NULL. */
static inline void inspect_add_words(struct json_object *object, const char *key, char *const *v)
{
	struct json_object *array = json_add_array(object, key);
	for (; v && *v; v++)
		json_append_string(array, *v);
}
