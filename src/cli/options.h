/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines by tables: a row for each flag drives parsing, `--help`, man pages and shell completion.
 *
 * The grammar is Docker's, which is GNU's with Go's booleans:
 *
 *	--memory 256m  --memory=256m  -m 256m  -m256m  -m=256m
 *	-it            two flags without a value, in one word; -itm256m works as well
 *	--rm=false     a flag without a value is "true", and takes another one only behind "="
 *	--             ends the flags; "-" alone is an argument
 *
 * A flag that is given twice: a list grows, of everything else the last one counts. Complaints use Docker's words
 * ("unknown flag: --x", `invalid argument "1x" for "-m, --memory" flag: ...`).
 *
 * Source: the behaviour of docker 28 and github.com/spf13/pflag, README.md, "Command line flag syntax".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum option_kind {
	OPTION_BOOL,	/* bool */
	OPTION_STRING,	/* char *, owned */
	OPTION_LIST,	/* char **, an owned strv */
	OPTION_SIZE,	/* uint64_t: bytes, as parse_size() reads them */
	OPTION_CHOICE,	/* an enum whose values are the places in .choices */
	OPTION_PARSED,	/* what .parse makes of it; who owns the field frees it */
	OPTION_REFUSED, /* Docker's, and not available here: .help says why; shown nowhere */
};

/* What a value, or an argument of a command, can be: for completion. */
enum completes {
	COMPLETE_NOTHING,
	COMPLETE_FILES,
	COMPLETE_CONTAINERS,
	COMPLETE_IMAGES,
	COMPLETE_NETWORKS,
	COMPLETE_PODS,
	COMPLETE_SECRETS,
	COMPLETE_VOLUMES,
	COMPLETE_COMMANDS,
};

struct option {
	const char *name; /* without the dashes; NULL ends a table */
	char letter;	  /* or 0 */
	enum option_kind kind;
	const char *metavar; /* what help calls the value; NULL for OPTION_BOOL */
	const char *help;    /* NULL: another spelling of a flag, shown nowhere */
	size_t offset;	     /* of the field, in the struct that options_parse() fills */
	int (*parse)(const char *value, void *field, struct error *err);
	const char *const *choices; /* words, NULL-terminated; for other kinds than OPTION_CHOICE only completion's */
	enum completes completes;
};

/* The offset of @field in @type, checked at compile time to be of type @wanted. */
#define OPTION_FIELD(type, field, wanted) \
	(offsetof(type, field) +          \
	 0 * sizeof(char[__builtin_types_compatible_p(typeof(((type *)0)->field), wanted) ? 1 : -1]))

/* Rows. What follows the help text are further fields, such as `.completes = COMPLETE_FILES`. */
#define OPT_BOOL(type, field, letter_, name_, help_)                                  \
	{                                                                             \
		.name = name_, .letter = letter_, .kind = OPTION_BOOL, .help = help_, \
		.offset = OPTION_FIELD(type, field, bool)                             \
	}
#define OPT_STRING(type, field, letter_, name_, metavar_, help_, ...)                                        \
	{                                                                                                    \
		.name = name_, .letter = letter_, .kind = OPTION_STRING, .metavar = metavar_, .help = help_, \
		.offset = OPTION_FIELD(type, field, char *), __VA_ARGS__                                     \
	}
#define OPT_LIST(type, field, letter_, name_, help_, ...)                                                \
	{                                                                                                \
		.name = name_, .letter = letter_, .kind = OPTION_LIST, .metavar = "list", .help = help_, \
		.offset = OPTION_FIELD(type, field, char **), __VA_ARGS__                                \
	}
#define OPT_SIZE(type, field, letter_, name_, help_)                                                      \
	{                                                                                                 \
		.name = name_, .letter = letter_, .kind = OPTION_SIZE, .metavar = "bytes", .help = help_, \
		.offset = OPTION_FIELD(type, field, uint64_t)                                             \
	}
#define OPT_CHOICE(type, field, letter_, name_, choices_, help_)                                             \
	{                                                                                                    \
		.name = name_, .letter = letter_, .kind = OPTION_CHOICE, .metavar = "string", .help = help_, \
		.offset = offsetof(type, field), .choices = choices_                                         \
	}
#define OPT_PARSED(type, field, parse_, letter_, name_, metavar_, help_, ...)                                \
	{                                                                                                    \
		.name = name_, .letter = letter_, .kind = OPTION_PARSED, .metavar = metavar_, .help = help_, \
		.offset = offsetof(type, field), .parse = parse_, __VA_ARGS__                                \
	}
#define OPT_REFUSED(letter_, name_, why)                                              \
	{                                                                             \
		.name = name_, .letter = letter_, .kind = OPTION_REFUSED, .help = why \
	}
#define OPT_END              \
	{                    \
		.name = NULL \
	}

/* A command's flags can come from several tables: this is a NULL-terminated list of them. */
typedef const struct option *const *option_tables;

enum options_flags {
	OPTIONS_STOP_AT_ARGUMENT = 1 << 0, /* what follows the first argument belongs to somebody else */
};

/*
 * Parse @argv (NULL-terminated, without the command's name) into the struct at @target. *ret_args becomes a
 * NULL-terminated vector of the arguments, pointers into @argv; free() it. "--help" is known everywhere, "-h" where no
 * flag has that letter.
 *
 * Returns 0, or 1 if help was asked for (*ret_args is NULL then). Errors: ERR_USAGE, ERR_UNSUPPORTED, and what the
 * parsers of values set. On failure @target may be half filled: options_done() is due in any case.
 */
int options_parse(option_tables tables, enum options_flags flags, char **argv, void *target, char ***ret_args,
		  struct error *err);

/* Free the strings and lists in @target. */
void options_done(option_tables tables, void *target);

/* All rows that help shows, by name; the count is returned, free() the vector. */
size_t options_sorted(option_tables tables, const struct option ***ret);
