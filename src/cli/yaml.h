/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as JSON, which is what Kubernetes' documents are: mappings with strings for keys, sequences and scalars. Aliases are
 * refused, for a few lines of them stand for gigabytes.
 *
 * Source: yaml.org/spec/1.2.2, "Core Schema".
 */
#pragma once

#include <json-c/json.h>

#include "base/error.h"

/*
 * *ret becomes an array of the documents in @text, empty ones left out; json_object_put() it. @name is for messages. Errors:
 * ERR_INVALID with the line.
 */
int yaml_parse(const char *text, size_t len, const char *name, struct json_object **ret, struct error *err);
