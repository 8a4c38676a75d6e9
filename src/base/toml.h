/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TOML, as configuration files use it, into a document that is read as JSON is (json.h): tables are objects.
 *
 * All of version 1.0 but what no such file has: dates, floats and strings over several lines are refused. Strict in the
 * rest: a key or a table that is defined twice, a table that is extended where it was closed, control characters and
 * broken UTF-8 are errors, at "<name>:<line>:<column>: <text>".
 *
 * Source: toml.io/en/v1.0.0.
 */
#pragma once

#include <stddef.h>

#include "base/json.h"

enum { TOML_DEPTH_MAX = 16 };

int toml_parse(const char *text, size_t len, const char *name, enum error_code code, struct json_document *ret,
	       struct error *err);

/* The same from a file relative to @dir, at most @max bytes of it. Errors: ERR_NOT_FOUND if there is none. */
int toml_load(int dir, const char *path, size_t max, enum error_code code, struct json_document *ret,
	      struct error *err);
