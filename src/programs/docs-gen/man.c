/* SPDX-License-Identifier: Apache-2.0 */
/* Source: scdoc(5). */
#include <ctype.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "programs/docs-gen/docs-gen.h"

/* Plain text: what would be markup is escaped. */
void man_put_text(const char *text)
{
	for (; *text; text++) {
		if (strchr("\\*_#[]<>|", *text))
			putchar('\\');
		putchar(*text);
	}
}

static void put_header(const char *name)
{
	printf("%s(1) \"coffer " VERSION "\" \"coffer\"\n\n", name);
}

/* A summary starts with a capital in lists, and without one behind the name of a page. */
static void put_name(const char *name, const char *summary)
{
	printf("# NAME\n\n%s - %c", name, tolower((unsigned char)*summary));
	man_put_text(summary + 1);
	fputs("\n\n", stdout);
}

void man_put_option(const struct option *option)
{
	if (option->letter)
		printf("*-%c*, ", option->letter);
	printf("*--%s*", option->name);
	if (option->metavar) {
		fputs(" _", stdout);
		man_put_text(option->metavar);
		putchar('_');
	}
	fputs("\n\t", stdout);
	man_put_text(option->help);
	fputs("\n\n", stdout);
}

static void put_options(const char *title, option_tables tables)
{
	_cleanup_free_ const struct option **options = NULL;
	size_t count = options_sorted(tables, &options);
	if (count == 0)
		return;
	printf("# %s\n\n", title);
	for (size_t i = 0; i < count; i++)
		man_put_option(options[i]);
}

static void put_statuses(int flags)
{
	fputs("# EXIT STATUS\n\n", stdout);
	if (flags & COMMAND_STARTS)
		fputs("*0*-*124*, *128*-*255*\n\tThe status of the container's command; 128 and the number of the signal that "
		      "killed it.\n\n"
		      "*125*\n\tcoffer itself failed, before the command was run.\n\n"
		      "*126*\n\tThe command is there, but cannot be executed.\n\n"
		      "*127*\n\tThe command, its interpreter or its loader is not there.\n\n",
		      stdout);
	else if (flags & COMMAND_ENTERS)
		fputs("*0*-*255*\n\tThe status of the program; 128 and the number of the signal that killed it.\n\n"
		      "*1*\n\tThere is no such container, or it does not run.\n\n"
		      "*125*\n\tThe command line makes no sense, or coffer's own files cannot be used.\n\n"
		      "*126*\n\tThe program cannot be executed, or not as this user or in this directory.\n\n"
		      "*127*\n\tThe program, its interpreter or its loader is not there.\n\n",
		      stdout);
	else
		fputs("*0*\n\tAll is done.\n\n"
		      "*1*\n\tSomething failed. What else was asked for is done.\n\n"
		      "*125*\n\tThe command line makes no sense, or coffer's own files cannot be used.\n\n",
		      stdout);
}

static void put_examples(const struct example *examples)
{
	if (!examples)
		return;
	fputs("# EXAMPLES\n\n", stdout);
	for (; examples->command; examples++) {
		man_put_text(examples->text);
		printf(":\n\n```\ncoffer %s\n```\n\n", examples->command);
	}
}

void man_command(const struct command *command)
{
	_cleanup_free_ char *page = page_name(command);
	put_header(page);
	put_name(page, command->summary);
	printf("# SYNOPSIS\n\n*coffer %s* ", command->name);
	man_put_text(command->usage);
	fputs("\n\n", stdout);
	if (command->description)
		printf("# DESCRIPTION\n\n%s\n\n", command->description);
	if (command->aliases) {
		_cleanup_free_ char *names = strv_join((char *const *)command->aliases, "*, *coffer ");
		printf("# OTHER NAMES\n\n*coffer %s*\n\n", names);
	}
	put_options("OPTIONS", command->options);
	put_statuses(command->flags);
	put_examples(command->examples);
	fputs("# SEE ALSO\n\n*coffer*(1)\n", stdout);
}

static void put_command(const struct command *command)
{
	_cleanup_free_ char *page = page_name(command);
	printf("*%s*(1)\n\t", page);
	man_put_text(command->summary);
	fputs("\n\n", stdout);
}

void man_overview(void)
{
	put_header("coffer");
	put_name("coffer", "containers and their images, without a daemon");
	fputs("# SYNOPSIS\n\n*coffer* \\[OPTIONS\\] COMMAND \\[ARG...\\]\n\n"
	      "# DESCRIPTION\n\n"
	      "Runs programs isolated from the rest of the machine, each with a root filesystem out of an image. The "
	      "commands and their flags are Docker's.\n\n"
	      "No daemon is behind it: a command opens the database, does its work and leaves. Each container that runs has "
	      "a small supervisor, *coffer-monitor*(8). Whatever is killed, the next command finds what is left and cleans "
	      "it up.\n\n"
	      "# COMMANDS\n\n",
	      stdout);
	for (const struct command *const *command = COMMANDS; *command; command++)
		if (!((*command)->flags & COMMAND_HIDDEN))
			put_command(*command);
	put_options("OPTIONS", (option_tables)(const struct option *[]){ GLOBAL_OPTIONS, NULL });
	fputs("# ERRORS\n\n"
	      "An error is said in one line, with what was found out about its cause, what can be typed to get further, and a "
	      "code that stays the same:\n\n"
	      "```\ncoffer: invalid image name \"UPPER\": invalid reference format: repository name must be lowercase\n"
	      "  [E-IMG-REF, exit 125]\n```\n\n"
	      "*coffer help* E-IMG-REF explains it. See *coffer-help*(1).\n\n"
	      "# ENVIRONMENT\n\n"
	      "*COFFER\\_ROOT*, *COFFER\\_RUNROOT*\n\tAs *--root* and *--runroot*, which count more.\n\n"
	      "*NO\\_COLOR*\n\tIf it is not empty, errors are in no colour on terminals, either.\n\n"
	      "# FILES\n\n"
	      "_" LOCALSTATEDIR "/lib/coffer_\n\tImages, layers, what containers wrote, and the database.\n\n"
	      "_" RUNSTATEDIR "/coffer_\n\tThe state of containers that run; empty after a boot.\n\n"
	      "# SEE ALSO\n\n*coffer-runtime*(8), *coffer-monitor*(8)\n",
	      stdout);
}
