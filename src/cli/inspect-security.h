/* SPDX-License-Identifier: Apache-2.0 */
/* What engine_container_protection() says, for people. */
#pragma once

#include <json-c/json.h>

void inspect_print_security(struct json_object *document);
