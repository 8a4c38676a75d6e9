/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

enum { PAGE_WIDTH = 80, GAP = 3 };

/* @text from column @column on, broken between words; the first line stands there already. */
static void print_wrapped(FILE *out, const char *text, int column)
{
	int at = column;
	while (*text) {
		int word = (int)strcspn(text, " ");
		if (at > column && at + 1 + word > PAGE_WIDTH) {
			fprintf(out, "\n%*s", column, "");
			at = column;
		}
		at += fprintf(out, "%s%.*s", at > column ? " " : "", word, text);
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

/* --- Flags --- */

static int left_width(const struct option *option)
{
	return (int)strlen("  -x, --") + (int)strlen(option->name) +
	       (option->metavar ? 1 + (int)strlen(option->metavar) : 0);
}

static void print_option(FILE *out, const struct option *option, int column)
{
	int width = option->letter ? fprintf(out, "  -%c, ", option->letter) : fprintf(out, "      ");
	width += fprintf(out, "--%s%s%s", option->name, option->metavar ? " " : "",
			 option->metavar ? option->metavar : "");
	fprintf(out, "%*s", column - width, "");
	print_wrapped(out, option->help, column);
}

static void print_options(FILE *out, const char *title, option_tables tables)
{
	_cleanup_free_ const struct option **options = NULL;
	size_t count = options_sorted(tables, &options);
	if (count == 0)
		return;
	int column = 0;
	for (size_t i = 0; i < count; i++)
		column = MAX(column, left_width(options[i]) + GAP);
	fprintf(out, "\n%s:\n", title);
	for (size_t i = 0; i < count; i++)
		print_option(out, options[i], column);
}

/* --- Lists of commands --- */

enum { NAME_WIDTH = 10 };

static void print_name(FILE *out, const char *name, const char *summary)
{
	fprintf(out, "  %-*s  %s\n", NAME_WIDTH, name, summary);
}

/* The commands of one word that are (not) common. */
static void print_commands(FILE *out, const char *title, bool common)
{
	fprintf(out, "\n%s:\n", title);
	for (const struct command *const *command = COMMANDS; *command; command++) {
		int flags = (*command)->flags;
		if (!(flags & COMMAND_HIDDEN) && !strchr((*command)->name, ' ') && common == !!(flags & COMMAND_COMMON))
			print_name(out, (*command)->name, (*command)->summary);
	}
}

void help_overview(FILE *out)
{
	fputs("Usage:  coffer [OPTIONS] COMMAND\n\nContainers and their images, without a daemon\n", out);
	print_commands(out, "Common Commands", true);
	fputs("\nManagement Commands:\n", out);
	for (const struct command_group *group = COMMAND_GROUPS; group->name; group++)
		print_name(out, group->name, group->summary);
	print_commands(out, "Commands", false);
	print_options(out, "Global Options", (option_tables)(const struct option *[]){ GLOBAL_OPTIONS, NULL });
	fputs("\nRun 'coffer COMMAND --help' for more information on a command.\n", out);
}

struct listed {
	const char *name, *summary;
};

static int compare_listed(const void *a, const void *b)
{
	return strcmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

void help_group(FILE *out, const struct command_group *group)
{
	_cleanup_free_ struct listed *listed = NULL;
	size_t count = 0;
	for (const struct command *const *command = COMMANDS; *command; command++) {
		const char *name = command_name_in_group(*command, group);
		if (name && !((*command)->flags & COMMAND_HIDDEN))
			*ARRAY_APPEND(listed, count) = (struct listed){ name, (*command)->summary };
	}
	if (count > 0)
		qsort(listed, count, sizeof *listed, compare_listed);
	fprintf(out, "Usage:  coffer %s COMMAND\n\n%s\n\nCommands:\n", group->name, group->summary);
	for (size_t i = 0; i < count; i++)
		print_name(out, listed[i].name, listed[i].summary);
	fprintf(out, "\nRun 'coffer %s COMMAND --help' for more information on a command.\n", group->name);
}

/* --- One command --- */

static void print_aliases(FILE *out, const struct command *command)
{
	if (!command->aliases)
		return;
	fprintf(out, "\nAliases:\n  coffer %s", command->name);
	for (const char *const *alias = command->aliases; *alias; alias++)
		fprintf(out, ", coffer %s", *alias);
	fputc('\n', out);
}

static void print_examples(FILE *out, const struct command *command)
{
	if (!command->examples)
		return;
	fputs("\nExamples:\n", out);
	for (const struct example *example = command->examples; example->command; example++)
		fprintf(out, "  # %s\n  coffer %s\n", example->text, example->command);
}

void help_command(FILE *out, const struct command *command)
{
	fprintf(out, "Usage:  coffer %s%s%s\n\n%s\n", command->name, *command->usage ? " " : "", command->usage,
		command->summary);
	print_aliases(out, command);
	print_options(out, "Options", command->options);
	print_examples(out, command);
}
