/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit files of systemd: sections of assignments, in their order.
 *
 * A line that begins with # or ; is a comment; one that ends with a backslash goes on in the next, behind a space; an
 * empty value forgets what the key was given before.
 *
 * Source: systemd.syntax(7), systemd.unit(5).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

struct unit_line {
	char *section, *key, *value;
	int number; /* of the line in its file; 0: it came from elsewhere */
};

struct unit_file {
	char *path; /* for messages */
	struct unit_line *lines;
	size_t n_lines;
};
void unit_file_done(struct unit_file *unit);
#define _cleanup_unit_file_ _cleanup_(unit_file_done)

/* Add what @text says, of the file @path. Errors: ERR_INVALID with the line. */
int unit_file_parse(struct unit_file *unit, const char *path, const char *text, struct error *err);

/* The last value of a key, or NULL. */
const char *unit_file_get(const struct unit_file *unit, const char *section, const char *key);

/* Systemd's words for truth; @missing if the key is not there, or says something else. */
bool unit_file_get_bool(const struct unit_file *unit, const char *section, const char *key, bool missing);

/* Add an assignment behind the others. Takes @value. */
void unit_file_add(struct unit_file *unit, const char *section, const char *key, char *value);

/* Rename a section, so that systemd leaves it alone. */
void unit_file_rename_section(struct unit_file *unit, const char *from, const char *to);

/* As a text, each section once, in the order in which they came up. */
void unit_file_write(const struct unit_file *unit, struct str *out);

/*
 * The words of a value: quotes and backslashes are undone as in a command line. *ret is a strv. Errors: ERR_INVALID for a
 * quote that does not end.
 */
int unit_words_split(const char *value, char ***ret, struct error *err);

/* Add a word to a command line that systemd will read, quoted if it has to be, behind a space. Specifiers (%n) stay. */
void unit_words_append(struct str *out, const char *word);
