/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON of others: read through nodes that know where they stand, so that a wrong type is reported as
 *
 *	config.json:7:12: /process/cwd: expected a string, found a number
 *
 * The documents are json-c's; nodes are views into them, made on the stack, valid as long as document and parent node.
 * A null counts as absent, as in Go. Getters return 1 (there, *ret set), 0 (absent, *ret untouched) or a negative code.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A parsed document together with its text (for positions) and the name to call it by. */
struct json_document {
	struct json_object *root;
	char *text;
	size_t len;
	char *name;
	enum error_code code; /* of every complaint about this document: ERR_SPEC, ERR_IMG_MANIFEST, ... */
};

struct json_node {
	struct json_object *value;
	const struct json_node *parent; /* NULL: the root */
	const char *key;		/* of the parent object, or NULL and ... */
	size_t index;			/* ... the index in the parent array */
	const struct json_document *document;
};

enum { JSON_DEPTH_MAX = 64 };

/* Parse @len bytes: strict syntax, valid UTF-8, nothing behind the document. Takes copies of text and name. */
int json_parse(const char *text, size_t len, const char *name, enum error_code code, struct json_document *ret,
	       struct error *err);

/* The same from a file relative to @dir, at most @max bytes of it. */
int json_load(int dir, const char *path, size_t max, enum error_code code, struct json_document *ret,
	      struct error *err);
void json_document_done(struct json_document *document);
#define _cleanup_json_document_ _cleanup_(json_document_done)

struct json_node json_root(const struct json_document *document);

/* Make @document out of an object that was built in memory (takes the reference over); it has no text. */
void json_document_wrap(struct json_object *root, const char *name, enum error_code code, struct json_document *ret);

/* Complain about @node: "<name>:<line>:<column>: <pointer>: <text>". Returns the document's code, negative. */
int json_error(const struct json_node *node, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

int json_get(const struct json_node *node, const char *key, struct json_node *ret);
int json_get_object(const struct json_node *node, const char *key, struct json_node *ret, struct error *err);
int json_get_array(const struct json_node *node, const char *key, struct json_node *ret, struct error *err);
int json_get_string(const struct json_node *node, const char *key, const char **ret, struct error *err);

/* A copy of a string, to be freed. An empty one counts as absent: that is how Go's programs write what is not set. */
int json_get_text(const struct json_node *node, const char *key, char **ret, struct error *err);

int json_get_bool(const struct json_node *node, const char *key, bool *ret, struct error *err);
int json_get_i64(const struct json_node *node, const char *key, int64_t min, int64_t max, int64_t *ret,
		 struct error *err);
int json_get_u64(const struct json_node *node, const char *key, uint64_t max, uint64_t *ret, struct error *err);

/* An array of strings as a new strv. */
int json_get_strv(const struct json_node *node, const char *key, char ***ret, struct error *err);

/* As the getters, but absence is an error ("required, but missing"). */
int json_need_object(const struct json_node *node, const char *key, struct json_node *ret, struct error *err);
int json_need_array(const struct json_node *node, const char *key, struct json_node *ret, struct error *err);
int json_need_string(const struct json_node *node, const char *key, const char **ret, struct error *err);
int json_need_u64(const struct json_node *node, const char *key, uint64_t max, uint64_t *ret, struct error *err);

size_t json_array_length(const struct json_node *array);
struct json_node json_array_at(const struct json_node *array, size_t index);

/* The value of a node itself (array elements, values of maps). */
int json_as_object(const struct json_node *node, struct error *err);
int json_as_string(const struct json_node *node, const char **ret, struct error *err);
int json_as_u64(const struct json_node *node, uint64_t max, uint64_t *ret, struct error *err);
int json_as_i64(const struct json_node *node, int64_t min, int64_t max, int64_t *ret, struct error *err);

/* Walk the members of an object node: for (struct json_node member; json_next(&node, &iterator, &member);) */
struct json_iterator {
	struct json_object_iterator at, end;
	bool started;
};
bool json_next(const struct json_node *object, struct json_iterator *iterator, struct json_node *ret);

/* --- Building; NULL strings and vectors are left out. --- */

void json_add_string(struct json_object *object, const char *key, const char *value);
void json_add_i64(struct json_object *object, const char *key, int64_t value);
void json_add_u64(struct json_object *object, const char *key, uint64_t value);
void json_add_bool(struct json_object *object, const char *key, bool value);
void json_add_strv(struct json_object *object, const char *key, char *const *v);
struct json_object *json_add_object(struct json_object *object, const char *key);

/* "key=value", ... as an object, also of none; what has no "=" has an empty value. */
void json_add_pairs(struct json_object *object, const char *key, char *const *pairs);
struct json_object *json_add_array(struct json_object *object, const char *key);
void json_append_string(struct json_object *array, const char *value);

/* Compact text, slashes as they are; owned by @object. */
const char *json_text(struct json_object *object);

/* The same for people: a member on each line, two spaces deeper than what it is in. */
const char *json_text_pretty(struct json_object *object);

static inline void json_putp(struct json_object **object)
{
	if (*object)
		json_object_put(*object);
}
#define _cleanup_json_ _cleanup_(json_putp)

/* An error as {"code":"E-...","errno":N,"stage":"...","message":"...","cause":"...","hint":"..."} and back. */
struct json_object *json_from_error(const struct error *err);
void json_to_error(const struct json_node *node, struct error *ret);
