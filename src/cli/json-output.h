/* SPDX-License-Identifier: Apache-2.0 */
/* JSON for people and scripts, on standard output. What could drive a terminal is escaped, which in JSON is legal. */
#pragma once

#include <json-c/json.h>

/* On one line. */
void json_print_line(struct json_object *object);

/* Four spaces a level, as Docker's `inspect`. */
void json_print_pretty(struct json_object *object);
