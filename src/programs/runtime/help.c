/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/runtime/help.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, INDENT = 13 };

/* "-f, --format FORMAT" */
static int spell(const struct option *option, char *buf, size_t size)
{
	char letter[5] = "";
	if (option->letter)
		snprintf(letter, sizeof letter, "-%c, ", option->letter);
	return snprintf(buf, size, "%s--%s%s%s", letter, option->name, option->metavar ? " " : "",
			option->metavar ? option->metavar : "");
}

static void print_options(const struct option *options)
{
	for (const struct option *option = options; option && option->name; option++) {
		char flag[64];
		if (!option->help)
			continue;
		spell(option, flag, sizeof flag);
		printf("  %*s%-*s %s\n", option->letter ? 0 : 4, "", option->letter ? 34 : 30, flag, option->help);
	}
}

/* Only how they are spelled, in as many lines as it takes. */
static void print_flags(const struct option *options)
{
	int column = 0;
	for (const struct option *option = options; option && option->name; option++) {
		char flag[64];
		if (!option->help)
			continue;
		int len = spell(option, flag, sizeof flag) + 3;
		if (column > 0 && column + len > WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += column == 0 ? printf("%*s[%s]", INDENT, "", flag) : printf(" [%s]", flag);
	}
	if (column > 0)
		putchar('\n');
}

void help_print(const struct runtime_verb *const *verbs, const struct option *globals)
{
	printf("Usage: coffer-runtime [OPTIONS] VERB [ARGUMENTS]\n\nAn OCI runtime.\n\nVerbs:\n");
	for (; *verbs; verbs++) {
		printf("  %-10s %s\n", (*verbs)->name, (*verbs)->summary);
		print_flags((*verbs)->options);
	}
	printf("\nOptions:\n");
	print_options(globals);
	printf("\n\"coffer-runtime VERB --help\" tells what the flags of a verb do.\n");
}

void help_print_verb(const struct runtime_verb *verb)
{
	printf("Usage: coffer-runtime %s%s%s%s\n\n%s\n", verb->name, verb->options ? " [OPTIONS]" : "",
	       *verb->arguments ? " " : "", verb->arguments, verb->summary);
	if (verb->options)
		printf("\nOptions:\n");
	print_options(verb->options);
}
