/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/quadlet/unit-file.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"

#define SPACES " \t\n\r" /* systemd's, whatever the locale */

static bool is_space(char c)
{
	return c && strchr(SPACES, c);
}

static void line_done(struct unit_line *line)
{
	free(line->section);
	free(line->key);
	free(line->value);
}

void unit_file_done(struct unit_file *unit)
{
	for (size_t i = 0; i < unit->n_lines; i++)
		line_done(&unit->lines[i]);
	free(unit->lines);
	free(unit->path);
}

/* --- parsing --- */

static char *trimmed(const char *text, size_t len)
{
	while (len > 0 && is_space(*text))
		text++, len--;
	while (len > 0 && is_space(text[len - 1]))
		len--;
	return mem_strndup(text, len);
}

static bool is_comment(const char *line)
{
	line += strspn(line, " \t\r");
	return *line == '#' || *line == ';';
}

/* One logical line: comments between continued lines are left out. Moves *text behind it. */
static char *next_line(const char **text, int *number)
{
	struct str line = { 0 };
	bool goes_on = true;
	while (goes_on && **text) {
		const char *start = *text;
		size_t len = strcspn(start, "\n");
		*text += len + (start[len] == '\n');
		++*number;
		if (is_comment(start))
			continue;
		goes_on = len > 0 && start[len - 1] == '\\';
		str_append_len(&line, start, goes_on ? len - 1 : len);
		if (goes_on)
			str_append_char(&line, ' ');
	}
	return str_take(&line);
}

static void forget(struct unit_file *unit, const char *section, const char *key)
{
	size_t kept = 0;
	for (size_t i = 0; i < unit->n_lines; i++) {
		if (streq(unit->lines[i].section, section) && streq(unit->lines[i].key, key))
			line_done(&unit->lines[i]);
		else
			unit->lines[kept++] = unit->lines[i];
	}
	unit->n_lines = kept;
}

static int parse_assignment(struct unit_file *unit, const char *section, const char *line, int number,
			    struct error *err)
{
	const char *equals = strchr(line, '=');
	if (!equals || equals == line)
		return err_set(err, ERR_INVALID, "'%s', line %d: \"%s\" is neither a section nor an assignment",
			       unit->path, number, line);
	if (!*section)
		return err_set(err, ERR_INVALID, "'%s', line %d: an assignment before the first section", unit->path,
			       number);
	_cleanup_free_ char *key = trimmed(line, (size_t)(equals - line));
	_cleanup_free_ char *value = trimmed(equals + 1, strlen(equals + 1));
	if (str_ends_with(value, "\\")) /* with spaces behind it; or the file ends here */
		return err_set(err, ERR_INVALID, "'%s', line %d: a backslash, and no line that goes on", unit->path,
			       number);
	if (!*value) {
		forget(unit, section, key);
		return 0;
	}
	*ARRAY_APPEND(unit->lines, unit->n_lines) = (struct unit_line){
		.section = mem_strdup(section),
		.key = TAKE_PTR(key),
		.value = TAKE_PTR(value),
		.number = number,
	};
	return 0;
}

int unit_file_parse(struct unit_file *unit, const char *path, const char *text, struct error *err)
{
	_cleanup_free_ char *section = mem_strdup("");
	int number = 0;
	free(unit->path);
	unit->path = mem_strdup(path);
	while (*text) {
		int first = number + 1;
		_cleanup_free_ char *raw = next_line(&text, &number);
		_cleanup_free_ char *line = trimmed(raw, strlen(raw));
		size_t len = strlen(line);
		if (len == 0)
			continue;
		if (*line == '[' && line[len - 1] == ']') {
			free(section);
			section = mem_strndup(line + 1, len - 2);
			continue;
		}
		int r = parse_assignment(unit, section, line, first, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- asking and changing --- */

const char *unit_file_get(const struct unit_file *unit, const char *section, const char *key)
{
	for (size_t i = unit->n_lines; i-- > 0;)
		if (streq(unit->lines[i].section, section) && streq(unit->lines[i].key, key))
			return unit->lines[i].value;
	return NULL;
}

bool unit_file_get_bool(const struct unit_file *unit, const char *section, const char *key, bool missing)
{
	static const char *const yes[] = { "1", "yes", "true", "on", "y", "t", NULL };
	static const char *const no[] = { "0", "no", "false", "off", "n", "f", NULL };
	const char *value = unit_file_get(unit, section, key);
	if (!value)
		return missing;
	return strv_contains((char *const *)yes, value) || (missing && !strv_contains((char *const *)no, value));
}

void unit_file_add(struct unit_file *unit, const char *section, const char *key, char *value)
{
	*ARRAY_APPEND(unit->lines, unit->n_lines) =
		(struct unit_line){ .section = mem_strdup(section), .key = mem_strdup(key), .value = value };
}

void unit_file_rename_section(struct unit_file *unit, const char *from, const char *to)
{
	for (size_t i = 0; i < unit->n_lines; i++) {
		if (!streq(unit->lines[i].section, from))
			continue;
		free(unit->lines[i].section);
		unit->lines[i].section = mem_strdup(to);
	}
}

static void write_section(const struct unit_file *unit, const char *section, struct str *out)
{
	str_appendf(out, "%s[%s]\n", out->len ? "\n" : "", section);
	for (size_t i = 0; i < unit->n_lines; i++)
		if (streq(unit->lines[i].section, section))
			str_appendf(out, "%s=%s\n", unit->lines[i].key, unit->lines[i].value);
}

void unit_file_write(const struct unit_file *unit, struct str *out)
{
	_cleanup_strv_ char **written = NULL;
	for (size_t i = 0; i < unit->n_lines; i++) {
		const char *section = unit->lines[i].section;
		if (strv_contains(written, section))
			continue;
		write_section(unit, section, out);
		strv_append(&written, section);
	}
}

/* --- words --- */

static char unescape(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 's':
		return ' ';
	default: /* the character itself: a quote, a backslash */
		return c;
	}
}

/* One word from @text, which has one. Returns the place behind it, or NULL if a quote does not end. */
static const char *take_word(const char *text, struct str *word)
{
	char quote = 0;
	for (; *text && (quote || !is_space(*text)); text++) {
		if (*text == '\\' && text[1])
			str_append_char(word, unescape(*++text));
		else if (quote && *text == quote)
			quote = 0;
		else if (!quote && (*text == '"' || *text == '\''))
			quote = *text;
		else
			str_append_char(word, *text);
	}
	return quote ? NULL : text;
}

int unit_words_split(const char *value, char ***ret, struct error *err)
{
	_cleanup_strv_ char **words = NULL;
	for (const char *at = value + strspn(value, SPACES); *at; at += strspn(at, SPACES)) {
		struct str word = { 0 };
		at = take_word(at, &word);
		if (!at) {
			str_done(&word);
			return err_set(err, ERR_INVALID, "a quote does not end: %s", value);
		}
		strv_take(&words, str_take(&word));
	}
	*ret = TAKE_PTR(words);
	return 0;
}

static bool needs_quotes(const char *word)
{
	if (!*word || streq(word, ";"))
		return true;
	for (; *word; word++)
		if (is_space(*word) || strchr("\"'\\", *word))
			return true;
	return false;
}

/* A dollar stays: whoever wrote $NAME or $$ into the file meant systemd to see it, as in any other unit. */
void unit_words_append(struct str *out, const char *word)
{
	if (out->len)
		str_append_char(out, ' ');
	if (!needs_quotes(word)) {
		str_append(out, word);
		return;
	}
	str_append_char(out, '"');
	for (; *word; word++) {
		if (*word == '\n') {
			str_append(out, "\\n");
			continue;
		}
		if (*word == '"' || *word == '\\')
			str_append_char(out, '\\');
		str_append_char(out, *word);
	}
	str_append_char(out, '"');
}
