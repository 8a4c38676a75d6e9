/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"

struct parser {
	option_tables tables;
	char **argv; /* what is left */
	void *target;
	char **args; /* what was no flag, and belongs into *ret_args */
	size_t n_args;
	bool help;
};

/* All rows of all tables. */
struct walk {
	option_tables table;
	const struct option *at;
};

static const struct option *walk_next(struct walk *walk)
{
	while (walk->table && *walk->table) {
		walk->at = walk->at ? walk->at + 1 : *walk->table;
		if (walk->at->name)
			return walk->at;
		walk->table++;
		walk->at = NULL;
	}
	return NULL;
}

#define FOR_EACH_OPTION(option, tables_) \
	for (struct walk walk_ = { .table = (tables_) }; ((option) = walk_next(&walk_));)

static const struct option *find_by_name(option_tables tables, const char *name, size_t len)
{
	const struct option *option;
	FOR_EACH_OPTION(option, tables)
	if (strlen(option->name) == len && strncmp(option->name, name, len) == 0)
		return option;
	return NULL;
}

static const struct option *find_by_letter(option_tables tables, char letter)
{
	const struct option *option;
	FOR_EACH_OPTION(option, tables)
	if (option->letter == letter)
		return option;
	return NULL;
}

/* Whether people are told of it. */
static bool is_shown(const struct option *option)
{
	return option->kind != OPTION_REFUSED && option->help;
}

/* --- Values --- */

static int set_choice(const struct option *option, const char *value, void *field, struct error *err)
{
	for (unsigned i = 0; option->choices[i]; i++) {
		if (streq(option->choices[i], value)) {
			*(unsigned *)field = i;
			return 0;
		}
	}
	_cleanup_free_ char *words = strv_join((char *const *)option->choices, ", ");
	return err_set(err, ERR_USAGE, "it is one of %s", words);
}

static int set_field(const struct option *option, const char *value, void *field, struct error *err)
{
	switch (option->kind) {
	case OPTION_BOOL:
		return parse_bool(value, field, err);
	case OPTION_STRING:
		free(*(char **)field);
		*(char **)field = mem_strdup(value);
		return 0;
	case OPTION_LIST:
		strv_append(field, value);
		return 0;
	case OPTION_SIZE:
		return parse_size(value, field, err);
	case OPTION_CHOICE:
		return set_choice(option, value, field, err);
	case OPTION_PARSED:
		return option->parse(value, field, err);
	case OPTION_REFUSED:
		break;
	}
	return err_set(err, ERR_INTERNAL, "a flag of no kind");
}

/* "-m, --memory", as it is called in complaints. */
static const char *spelling(const struct option *option, char *buf, size_t size)
{
	if (option->letter)
		snprintf(buf, size, "-%c, --%s", option->letter, option->name);
	else
		snprintf(buf, size, "--%s", option->name);
	return buf;
}

static int set(struct parser *parser, const struct option *option, const char *value, struct error *err)
{
	char flag[64];
	spelling(option, flag, sizeof flag);
	int r = set_field(option, value, (char *)parser->target + option->offset, err);
	if (r < 0)
		return err_wrap(err, "invalid argument \"%s\" for \"%s\" flag", value, flag);
	return 0;
}

static int refuse(const struct option *option, struct error *err)
{
	char flag[64];
	spelling(option, flag, sizeof flag);
	return err_set(err, ERR_UNSUPPORTED, "cannot use \"%s\": %s", flag, option->help);
}

/* --- Flags --- */

static int unknown_flag(struct parser *parser, const char *name, size_t len, struct error *err)
{
	_cleanup_free_ char *given = mem_strndup(name, len);
	_cleanup_free_ const char **names = NULL;
	size_t count = 0;
	const struct option *option;
	FOR_EACH_OPTION(option, parser->tables)
	if (is_shown(option))
		*ARRAY_APPEND(names, count) = option->name;
	*ARRAY_APPEND(names, count) = NULL;
	const char *nearest = str_nearest(given, names);
	err_set(err, ERR_USAGE, "unknown flag: --%s", given);
	return nearest ? err_hint(err, "did you mean --%s", nearest) : -ERR_USAGE;
}

/* @cluster is the whole word, "-itZ": it may also be a long flag that lacks a dash. */
static int unknown_letter(struct parser *parser, char letter, const char *cluster, struct error *err)
{
	const struct option *option = find_by_name(parser->tables, cluster + 1, strcspn(cluster + 1, "="));
	err_set(err, ERR_USAGE, "unknown shorthand flag: '%c' in %s", letter, cluster);
	return option && is_shown(option) ? err_hint(err, "did you mean --%s", option->name) : -ERR_USAGE;
}

/* "--name", "--name=value" or "--name" "value". */
static int parse_long(struct parser *parser, const char *word, struct error *err)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option *option = find_by_name(parser->tables, name, len);
	if (!option && !equals && streq(name, "help")) {
		parser->help = true;
		return 0;
	}
	if (!option)
		return unknown_flag(parser, name, len, err);
	if (option->kind == OPTION_REFUSED)
		return refuse(option, err);
	if (equals)
		return set(parser, option, equals + 1, err);
	if (option->kind == OPTION_BOOL)
		return set(parser, option, "true", err);
	if (!*parser->argv)
		return err_set(err, ERR_USAGE, "flag needs an argument: --%s", option->name);
	return set(parser, option, *parser->argv++, err);
}

/* "-it", "-m256m", "-m=256m", "-m" "256m", and all of that in one word. */
static int parse_letters(struct parser *parser, const char *word, struct error *err)
{
	for (const char *at = word + 1; *at; at++) {
		const struct option *option = find_by_letter(parser->tables, *at);
		if (!option && *at == 'h') {
			parser->help = true;
			return 0;
		}
		if (!option)
			return unknown_letter(parser, *at, word, err);
		if (option->kind == OPTION_REFUSED)
			return refuse(option, err);
		const char *value = at[1] == '=' ? at + 2 : at + 1;
		if (option->kind == OPTION_BOOL && at[1] != '=') {
			int r = set(parser, option, "true", err);
			if (r < 0)
				return r;
			continue;
		}
		if (at[1] == '\0' && !*parser->argv)
			return err_set(err, ERR_USAGE, "flag needs an argument: '%c' in %s", *at, word);
		return set(parser, option, at[1] == '\0' ? *parser->argv++ : value, err);
	}
	return 0;
}

static int parse_word(struct parser *parser, char *word, struct error *err)
{
	if (str_starts_with(word, "--"))
		return parse_long(parser, word, err);
	if (word[0] == '-' && word[1])
		return parse_letters(parser, word, err);
	*ARRAY_APPEND(parser->args, parser->n_args) = word;
	return 0;
}

static int parse_words(struct parser *parser, enum options_flags flags, struct error *err)
{
	while (*parser->argv && !parser->help) {
		char *word = *parser->argv++;
		if (streq(word, "--"))
			break;
		int r = parse_word(parser, word, err);
		if (r < 0)
			return r;
		if (parser->n_args > 0 && (flags & OPTIONS_STOP_AT_ARGUMENT))
			break;
	}
	while (*parser->argv)
		*ARRAY_APPEND(parser->args, parser->n_args) = *parser->argv++;
	*ARRAY_APPEND(parser->args, parser->n_args) = NULL;
	return 0;
}

int options_parse(option_tables tables, enum options_flags flags, char **argv, void *target, char ***ret_args,
		  struct error *err)
{
	struct parser parser = { .tables = tables, .argv = argv, .target = target };
	int r = parse_words(&parser, flags, err);
	if (r < 0 || parser.help) {
		free(parser.args);
		if (r == 0)
			*ret_args = NULL;
		return r < 0 ? r : 1;
	}
	*ret_args = parser.args;
	return 0;
}

void options_done(option_tables tables, void *target)
{
	const struct option *option;
	FOR_EACH_OPTION(option, tables)
	{
		void *field = (char *)target + option->offset;
		if (option->kind == OPTION_STRING) {
			free(*(char **)field);
			*(char **)field = NULL;
		} else if (option->kind == OPTION_LIST) {
			strv_free(*(char ***)field);
			*(char ***)field = NULL;
		}
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(const struct option *const *)a)->name, (*(const struct option *const *)b)->name);
}

size_t options_sorted(option_tables tables, const struct option ***ret)
{
	const struct option **rows = NULL, *option;
	size_t count = 0;
	FOR_EACH_OPTION(option, tables)
	if (is_shown(option))
		*ARRAY_APPEND(rows, count) = option;
	if (count > 0)
		qsort(rows, count, sizeof *rows, compare_names);
	*ret = rows;
	return count;
}
