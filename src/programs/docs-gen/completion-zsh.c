/* SPDX-License-Identifier: Apache-2.0 */
/* Source: zshcompsys(1), "_arguments", "_describe". */
#include "base/cleanup.h"
#include "base/str.h"
#include "programs/docs-gen/docs-gen.h"

static const char FUNCTIONS[] =
	"#compdef coffer\n"
	"# zsh completion of coffer, made by docs-gen out of the table of commands\n"
	"\n"
	"_coffer_containers() {\n"
	"\tlocal -a names\n"
	"\tnames=(${(f)\"$(coffer ps -a --no-trunc 2>/dev/null | awk 'NR > 1 { print $NF }')\"})\n"
	"\tcompadd -a names\n"
	"}\n"
	"\n"
	"_coffer_images() {\n"
	"\tlocal -a names\n"
	"\tnames=(${(f)\"$(coffer images 2>/dev/null | awk 'NR > 1 && $1 != \"<none>\" { print $1 \":\" $2 }')\"})\n"
	"\tcompadd -a names\n"
	"}\n"
	"\n"
	"_coffer_networks() {\n"
	"\tlocal -a names\n"
	"\tnames=(${(f)\"$(coffer network ls --format '{{.Name}}' 2>/dev/null)\"})\n"
	"\tcompadd -a names\n"
	"}\n"
	"\n"
	"_coffer_pods() {\n"
	"\tlocal -a names\n"
	"\tnames=(${(f)\"$(coffer pod ls --format '{{.Name}}' 2>/dev/null)\"})\n"
	"\tcompadd -a names\n"
	"}\n"
	"\n"
	"_coffer_secrets() {\n"
	"\tlocal -a names\n"
	"\tnames=(${(f)\"$(coffer secret ls --format '{{.Name}}' 2>/dev/null)\"})\n"
	"\tcompadd -a names\n"
	"}\n"
	"\n"
	"_coffer_volumes() {\n"
	"\tlocal -a names\n"
	"\tnames=(${(f)\"$(coffer volume ls --format '{{.Name}}' 2>/dev/null)\"})\n"
	"\tcompadd -a names\n"
	"}\n"
	"\n";

static const char MAIN_FUNCTION_START[] = "_coffer() {\n"
					  "\tlocal curcontext=$curcontext state line name\n"
					  "\ttypeset -A opt_args\n"
					  "\t_arguments -C -s -S -A '-*' '(- *)--help[Print usage]' \\\n";

static const char MAIN_FUNCTION_MIDDLE[] = "\t\t'1:command:_coffer_commands' '*::argument:->argument' && return\n"
					   "\tname=$words[1]\n"
					   "\tcase $name in\n"
					   "\t";

static const char MAIN_FUNCTION_END[] = ")\n"
					"\t\tif ((CURRENT == 2)); then\n"
					"\t\t\t_coffer_group_$name\n"
					"\t\t\treturn\n"
					"\t\tfi\n"
					"\t\tname=\"$name $words[2]\"\n"
					"\t\tshift words\n"
					"\t\t((CURRENT--))\n"
					"\t\t;;\n"
					"\tesac\n"
					"\t_coffer_command \"$name\"\n"
					"}\n"
					"\n"
					"_coffer \"$@\"\n";

/* Inside of single quotes, where brackets and colons mean something to _arguments. */
static void put_quoted(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\'", stdout);
		else if (strchr("[]:\\", *text))
			putchar('\\');
		putchar(*text);
	}
}

static const char *action(enum completes completes)
{
	switch (completes) {
	case COMPLETE_FILES:
		return "_files";
	case COMPLETE_CONTAINERS:
		return "_coffer_containers";
	case COMPLETE_IMAGES:
		return "_coffer_images";
	case COMPLETE_NETWORKS:
		return "_coffer_networks";
	case COMPLETE_PODS:
		return "_coffer_pods";
	case COMPLETE_SECRETS:
		return "_coffer_secrets";
	case COMPLETE_VOLUMES:
		return "_coffer_volumes";
	case COMPLETE_COMMANDS:
		return "_coffer_commands";
	case COMPLETE_NOTHING:
		break;
	}
	return "";
}

static void put_value(const struct option *option)
{
	fputc(':', stdout);
	put_quoted(option->metavar);
	if (option->choices) {
		_cleanup_free_ char *words = strv_join((char *const *)option->choices, " ");
		printf(":(%s)", words);
	} else {
		printf(":%s", action(option->completes));
	}
}

/* '(-m --memory)'{-m+,--memory=}'[Memory limit]:bytes:', or '*'{...} for what may be given again. */
static void put_option(const struct option *option)
{
	bool value = option->kind != OPTION_BOOL;
	fputs("\t\t", stdout);
	if (option->kind == OPTION_LIST)
		fputs("'*'", stdout);
	else if (option->letter)
		printf("'(-%c --%s)'", option->letter, option->name);
	if (option->letter)
		printf("{-%c%s,--%s%s}", option->letter, value ? "+" : "", option->name, value ? "=" : "");
	else
		printf("--%s%s", option->name, value ? "=" : "");
	fputs("'[", stdout);
	put_quoted(option->help);
	putchar(']');
	if (value)
		put_value(option);
	fputs("' \\\n", stdout);
}

static void put_options(option_tables tables)
{
	_cleanup_free_ const struct option **options = NULL;
	size_t count = options_sorted(tables, &options);
	for (size_t i = 0; i < count; i++)
		put_option(options[i]);
}

static void put_described(const char *name, const char *summary)
{
	fputs("\t\t'", stdout);
	put_quoted(name);
	putchar(':');
	put_quoted(summary);
	fputs("'\n", stdout);
}

/* The commands of @group, or those that stand alone, and the groups themselves. */
static void put_list(const char *function, const struct command_group *group)
{
	printf("%s() {\n\tlocal -a commands\n\tcommands=(\n", function);
	for (const struct command *const *command = COMMANDS; *command; command++) {
		const char *name = group ? command_name_in_group(*command, group) : (*command)->name;
		if (name && !strchr(name, ' ') && !((*command)->flags & COMMAND_HIDDEN))
			put_described(name, (*command)->summary);
	}
	for (const struct command_group *each = COMMAND_GROUPS; !group && each->name; each++)
		put_described(each->name, each->summary);
	fputs("\t)\n\t_describe command commands\n}\n\n", stdout);
}

static void put_command(const struct command *command)
{
	_cleanup_strv_ char **names = command_names(command);
	_cleanup_free_ char *pattern = strv_join(names, "' | '");
	bool stops = command->flags & COMMAND_STOP_AT_ARGUMENT;
	printf("\t'%s')\n\t\t_arguments -s -S %s '(- *)--help[Print usage]' \\\n", pattern, stops ? "-A '-*'" : "");
	put_options(command->options);
	if (stops)
		printf("\t\t'1:argument:%s' '*:argument:'\n\t\t;;\n", action(command->completes));
	else
		printf("\t\t'*:argument:%s'\n\t\t;;\n", action(command->completes));
}

void completion_zsh(void)
{
	fputs(FUNCTIONS, stdout);
	put_list("_coffer_commands", NULL);
	for (const struct command_group *group = COMMAND_GROUPS; group->name; group++) {
		_cleanup_str_ struct str function = { 0 };
		str_appendf(&function, "_coffer_group_%s", group->name);
		put_list(str_text(&function), group);
	}
	fputs("_coffer_command() {\n\tcase $1 in\n", stdout);
	for (const struct command *const *command = COMMANDS; *command; command++)
		if (!((*command)->flags & COMMAND_HIDDEN))
			put_command(*command);
	fputs("\tesac\n}\n\n", stdout);
	fputs(MAIN_FUNCTION_START, stdout);
	put_options((option_tables)(const struct option *[]){ GLOBAL_OPTIONS, NULL });
	_cleanup_free_ char *groups = completion_groups(" | ");
	printf("%s%s%s", MAIN_FUNCTION_MIDDLE, groups, MAIN_FUNCTION_END);
}
