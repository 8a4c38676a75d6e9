/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates on the documents of `inspect`. Docker tries such a template twice: on what it knows of containers and images,
 * where Go's names count (.ID) and a label that is not there is "<no value>"; and if that fails, on the bare JSON, where
 * JSON's names count (.Id) and nothing may be missing.
 * Source: Docker Engine API v1.50, ContainerInspectResponse and ImageInspect; the behaviour of docker 28.
 */
#pragma once

#include "cli/template.h"

/* Append what @template makes of @document to @out. Errors: ERR_INVALID, those of the second attempt. */
int inspect_execute(const struct template *template, struct json_object *document, struct str *out, struct error *err);
