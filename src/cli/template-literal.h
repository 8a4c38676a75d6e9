/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, characters and strings as Go writes them. Source: go.dev/ref/spec, "Lexical elements". */
#pragma once

#include "base/str.h"
#include "cli/template-tree.h"

/* They fill in kind and value of @node, or return what is wrong: "bad number syntax", ... */
const char *literal_number(struct node *node, const char *text, size_t len);
const char *literal_character(struct node *node, const char *text, size_t len);

/* What stands between the quotes of a string; false if an escape makes no sense. */
bool literal_string(const char *text, size_t len, struct str *ret);
