/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs-gen pages               the names of all man pages, a line each
 * docs-gen man coffer-run.1    one of them, for scdoc
 * docs-gen completion SHELL    for bash, zsh or fish; of coffer-runtime for runtime-bash or runtime-fish
 */
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "programs/docs-gen/docs-gen.h"

enum { EXIT_USAGE = 2 };

char *page_name(const struct command *command)
{
	char *name = mem_printf("coffer-%s", command->name);
	for (char *at = name; *at; at++)
		if (*at == ' ')
			*at = '-';
	return name;
}

char **command_names(const struct command *command)
{
	char **names = NULL;
	strv_append(&names, command->name);
	for (const char *const *alias = command->aliases; alias && *alias; alias++)
		strv_append(&names, *alias);
	return names;
}

char *completion_groups(const char *separator)
{
	_cleanup_strv_ char **names = NULL;
	for (const struct command_group *group = COMMAND_GROUPS; group->name; group++)
		strv_append(&names, group->name);
	return strv_join(names, separator);
}

char *completion_global_flags(const char *separator)
{
	_cleanup_strv_ char **flags = NULL;
	for (const struct option *option = GLOBAL_OPTIONS; option->name; option++) {
		if (option->kind == OPTION_BOOL)
			continue;
		strv_take(&flags, mem_printf("--%s", option->name));
		if (option->letter)
			strv_take(&flags, mem_printf("-%c", option->letter));
	}
	return strv_join(flags, separator);
}

static void print_pages(void)
{
	puts("coffer.1");
	for (const struct command *const *command = COMMANDS; *command; command++) {
		_cleanup_free_ char *name = page_name(*command);
		if (!((*command)->flags & COMMAND_HIDDEN))
			printf("%s.1\n", name);
	}
	puts("coffer-runtime.8");
}

static int print_man(const char *page)
{
	if (streq(page, "coffer.1")) {
		man_overview();
		return EXIT_SUCCESS;
	}
	if (streq(page, "coffer-runtime.8")) {
		man_runtime();
		return EXIT_SUCCESS;
	}
	for (const struct command *const *command = COMMANDS; *command; command++) {
		_cleanup_free_ char *name = page_name(*command);
		const char *section = str_after(page, name);
		if (section && streq(section, ".1") && !((*command)->flags & COMMAND_HIDDEN)) {
			man_command(*command);
			return EXIT_SUCCESS;
		}
	}
	fprintf(stderr, "docs-gen: there is no command for %s\n", page);
	return EXIT_FAILURE;
}

static int print_completion(const char *shell)
{
	static const struct {
		const char *shell;
		void (*print)(void);
	} shells[] = { { "bash", completion_bash },
		      { "zsh", completion_zsh },
		      { "fish", completion_fish },
		      { "runtime-bash", completion_runtime_bash },
		      { "runtime-fish", completion_runtime_fish } };
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		if (streq(shells[i].shell, shell)) {
			shells[i].print();
			return EXIT_SUCCESS;
		}
	}
	fprintf(stderr, "docs-gen: there is no completion for %s\n", shell);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	if (argc == 2 && streq(argv[1], "pages")) {
		print_pages();
		return EXIT_SUCCESS;
	}
	if (argc == 3 && streq(argv[1], "man"))
		return print_man(argv[2]);
	if (argc == 3 && streq(argv[1], "completion"))
		return print_completion(argv[2]);
	fputs("usage: docs-gen pages | man PAGE | completion SHELL\n", stderr);
	return EXIT_USAGE;
}
