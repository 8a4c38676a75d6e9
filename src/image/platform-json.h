/* SPDX-License-Identifier: Apache-2.0 */
/* The platform members of an index's entry and of an image's configuration: "os", "architecture", "variant". */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "image/platform.h"

/* Absent members give empty strings. Errors: the document's code. */
int platform_from_json(const struct json_node *object, struct platform *ret, struct error *err);
