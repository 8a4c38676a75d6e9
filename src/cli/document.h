/* SPDX-License-Identifier: Apache-2.0 */
/* One document, as `info` and `version` have: shown by a template, as JSON, or in the command's own words. */
#pragma once

#include <json-c/json.h>

#include "base/error.h"
#include "cli/options.h"

/*
 * Print @document as @format says. Returns 1, or 0 if it says nothing and nothing was printed. @what is for messages.
 * Errors: ERR_TEMPLATE, ERR_INVALID.
 */
int document_print(struct json_object *document, const char *what, const char *format, struct error *err);

#define OPT_DOCUMENT_FORMAT(type, field)                                                                         \
	OPT_STRING(type, field, 'f', "format", "string", "Print with a Go template, or as \"json\" on one line", \
		   .choices = (const char *const[]){ "json", NULL })
