/* SPDX-License-Identifier: Apache-2.0 */
/* What a template works with: scalars by value, everything else as views into JSON. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "cli/template.h"

enum value_kind {
	VALUE_NONE, /* no value: an unknown key of a map */
	VALUE_NIL,  /* a pointer to nothing */
	VALUE_BOOL,
	VALUE_INT,
	VALUE_FLOAT,
	VALUE_STRING,
	VALUE_LIST,
	VALUE_MAP,
	VALUE_STRUCT,
};

struct template_value {
	enum value_kind kind;
	union {
		bool boolean;
		int64_t integer;
		double real;
		struct {
			const char *text;
			size_t len;
		};
		struct {
			struct json_object *json; /* of a list, map or struct; NULL: it is empty */
			const char *key;	  /* under which it was found */
		};
	};
};

/* Texts and lists that are made on the way live here; what a value points to is either that or the data. */
struct value_pool {
	struct json_object **objects;
	size_t n_objects;
	size_t bytes;
};
void value_pool_done(struct value_pool *pool);

/* Takes what is in @text. */
struct template_value value_of_text(struct value_pool *pool, struct str *text);

/* Takes the reference of @list. */
struct template_value value_of_list(struct value_pool *pool, struct json_object *list);

static inline struct template_value value_of_int(int64_t integer)
{
	return (struct template_value){ .kind = VALUE_INT, .integer = integer };
}

static inline struct template_value value_of_bool(bool boolean)
{
	return (struct template_value){ .kind = VALUE_BOOL, .boolean = boolean };
}

/* The element of something that was found under @key. */
struct template_value value_of_json(const struct template_data *data, struct json_object *json, const char *key);

/* The outermost one. */
struct template_value value_of_data(const struct template_data *data);

/* A member of a map or struct: false if there is none. */
bool value_member(const struct template_data *data, const struct template_value *value, const char *name,
		  struct template_value *ret);

/* The member of a map or struct that has @key in JSON, whatever templates call it. */
struct template_value value_of_key(const struct template_data *data, const struct template_value *value,
				   const char *key);

/* What a map gives for a key that it does not have when it is indexed: the zero of what it has. */
struct template_value value_zero_element(const struct template_data *data, const struct template_value *map);

/* Of a list or map. */
size_t value_count(const struct template_value *value);

/* The keys of a map sorted, those of a struct in their order. free() the vector. */
const char **value_keys(const struct template_value *value);

/*
 * The same for printing: of a struct that the table has whole, those that it has, in its order. free() the vector.
 */
const char **value_members(const struct template_data *data, const struct template_value *value);

static inline bool value_is_nothing(const struct template_value *value)
{
	return value->kind == VALUE_NONE || value->kind == VALUE_NIL;
}

/* What {{if}} takes for true. */
bool value_is_true(const struct template_value *value);

/* Go's name of its type: "int", "[]string", ... */
const char *value_type_name(const struct template_value *value);

/* Append it as %v does; a struct's members with their names, as %+v does, if @names. */
void value_print(const struct template_data *data, const struct template_value *value, bool names, struct str *out);

/*
 * 1.5, 1e+21: the shortest text that means @real. Without an exponent only if that were between the two, which for %v are
 * these.
 */
enum { REAL_PLAIN_MIN = -4, REAL_PLAIN_MAX = 5 };
void value_print_real(double real, int plain_min, int plain_max, struct str *out);

/* Append it as Go writes JSON (template-json.c). */
void template_value_json(const struct template_data *data, const struct template_value *value, struct str *out);
