/* SPDX-License-Identifier: Apache-2.0 */
/* One value under one verb of printf: template-printf.c finds the verbs, template-verb.c does what they say. */
#pragma once

#include "cli/template-function.h"

/* One verb with all that stands between it and its "%". */
struct verb {
	bool minus, plus, sharp, space, zero;
	bool names;	      /* of a struct's members: %+v */
	int width, precision; /* -1: not given */
	uint32_t letter;
	char text[8]; /* the letter, in UTF-8 */
};

struct printer {
	const struct template_call *call;
	size_t next;	/* argument */
	bool reordered; /* by indexes: then nobody looks for arguments that are left over */
	struct str *out;
};

/* The value; of a list or map, each element by itself. */
void verb_print(struct printer *printer, const struct verb *verb, const struct template_value *value);

/* Its type's name. */
void verb_print_type(struct printer *printer, const struct verb *verb, const struct template_value *value);

/* "int=5", in complaints, which are part of the output. */
void verb_print_described(struct printer *printer, const struct template_value *value);
