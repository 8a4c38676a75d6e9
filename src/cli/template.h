/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The templates of --format: Go's text/template with Docker's functions, over JSON.
 *
 *	{{.State.Pid}}  {{range .Mounts}}{{.Source}} {{end}}  {{json .Config.Env}}  {{printf "%-20s" .Name}}
 *
 * JSON does not say all that such a template can see: whether an object is a struct, of which an unknown member is an
 * error, or a map, whose unknown keys have no value; and what a null stands for. A table of types says it.
 *
 * Bounds: text 1 MiB, nesting 100 levels, calls of templates 1000 deep, a million steps, output and values 64 MiB.
 *
 * Source: pkg.go.dev/text/template and pkg.go.dev/fmt (Go 1.24); docs.docker.com/engine/cli/formatting; the behaviour of
 * docker 28, from which the examples of tests/unit/test_template.c were taken.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

struct template;

/* Errors: ERR_TEMPLATE, "template parsing error: template: :LINE: ...". */
int template_parse(const char *text, struct template **ret, struct error *err);
void template_free(struct template *template);

static inline void template_freep(struct template **template)
{
	template_free(*template);
}
#define _cleanup_template_ _cleanup_(template_freep)

/* What a member is where JSON has null or nothing; a TYPE_MAP is one also where JSON has an object. */
enum template_type { TYPE_STRUCT, TYPE_MAP, TYPE_LIST, TYPE_POINTER, TYPE_STRING, TYPE_INT, TYPE_BOOL };

/*
 * A member of structs. @in is the key under which the struct is found ("" for the outermost; of structs in a list or map
 * that one's key), or NULL for any.
 */
struct template_member {
	const char *in;
	const char *name; /* as templates say it; NULL ends a table */
	const char *json; /* its key, if that is another */
	enum template_type type;
};

/* A field with an argument: {{.Label "key"}}. */
struct template_method {
	const char *name; /* NULL ends a table */
	char *(*call)(const void *context, const char *argument);
};

struct template_data {
	struct json_object *root;
	const char *what; /* what @root is, for messages: "container" */

	/* NULL: every object is a map. Otherwise objects are structs, but for what the table says. */
	const struct template_member *members;
	const char *const *whole; /* structs (by the key of `in`) that it has whole and in order: so they are printed */
	bool missing_fails; /* an unknown key of a map is an error */

	const struct template_method *methods; /* of the outermost struct, or NULL */
	const void *context;		       /* for them */
	bool is_header;			       /* functions that change texts leave them alone */
};

/* Append what @template makes of @data to @out. Errors: ERR_INVALID, "template parsing error: template: :LINE:COLUMN: ..." */
int template_execute(const struct template *template, const struct template_data *data, struct str *out,
		     struct error *err);

/* @json as Go writes it: no white space, maps sorted, structs (of those that @data has) in their order. */
void template_json(const struct template_data *data, struct json_object *json, struct str *out);
