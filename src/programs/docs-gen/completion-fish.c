/* SPDX-License-Identifier: Apache-2.0 */
/* Source: fish's documentation, "complete". */
#include "base/cleanup.h"
#include "base/str.h"
#include "programs/docs-gen/docs-gen.h"

static const char FUNCTIONS_START[] = "# fish completion of coffer, made by docs-gen out of the table of commands\n"
				      "\n"
				      "# The command on the line so far: one word, or two where the first is a group.\n"
				      "function __coffer_command\n"
				      "\tset -l words\n"
				      "\tset -l skip no\n"
				      "\tfor word in (commandline -opc)[2..-1]\n"
				      "\t\tif test $skip = yes\n"
				      "\t\t\tset skip no\n"
				      "\t\t\tcontinue\n"
				      "\t\tend\n"
				      "\t\tswitch $word\n"
				      "\t\t\tcase ";

static const char FUNCTIONS_MIDDLE[] = "\n"
				       "\t\t\t\tset skip yes\n"
				       "\t\t\tcase '-*'\n"
				       "\t\t\tcase '*'\n"
				       "\t\t\t\tset -a words $word\n"
				       "\t\t\t\tcontains -- $words[1] ";

static const char FUNCTIONS_END[] =
	"; and test (count $words) -lt 2; or break\n"
	"\t\tend\n"
	"\tend\n"
	"\tstring join ' ' -- $words\n"
	"end\n"
	"\n"
	"function __coffer_is\n"
	"\tcontains -- \"$(__coffer_command)\" $argv\n"
	"end\n"
	"\n"
	"function __coffer_containers\n"
	"\tcoffer ps -a --no-trunc 2>/dev/null | awk 'NR > 1 { print $NF }'\n"
	"end\n"
	"\n"
	"function __coffer_images\n"
	"\tcoffer images 2>/dev/null | awk 'NR > 1 && $1 != \"<none>\" { print $1 \":\" $2 }'\n"
	"end\n"
	"\n"
	"function __coffer_networks\n"
	"\tcoffer network ls --format '{{.Name}}' 2>/dev/null\n"
	"end\n"
	"\n"
	"function __coffer_pods\n"
	"\tcoffer pod ls --format '{{.Name}}' 2>/dev/null\n"
	"end\n"
	"\n"
	"function __coffer_secrets\n"
	"\tcoffer secret ls --format '{{.Name}}' 2>/dev/null\n"
	"end\n"
	"\n"
	"function __coffer_volumes\n"
	"\tcoffer volume ls --format '{{.Name}}' 2>/dev/null\n"
	"end\n"
	"\n"
	"complete -c coffer -f\n";

static void put_quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

static const char *action(enum completes completes)
{
	switch (completes) {
	case COMPLETE_FILES:
		return " -F";
	case COMPLETE_CONTAINERS:
		return " -a '(__coffer_containers)'";
	case COMPLETE_IMAGES:
		return " -a '(__coffer_images)'";
	case COMPLETE_NETWORKS:
		return " -a '(__coffer_networks)'";
	case COMPLETE_PODS:
		return " -a '(__coffer_pods)'";
	case COMPLETE_SECRETS:
		return " -a '(__coffer_secrets)'";
	case COMPLETE_VOLUMES:
		return " -a '(__coffer_volumes)'";
	case COMPLETE_NOTHING:
	case COMPLETE_COMMANDS:
		break;
	}
	return "";
}

static void put_option(const char *condition, const struct option *option)
{
	printf("complete -c coffer -n \"__coffer_is %s\" -l %s", condition, option->name);
	if (option->letter)
		printf(" -s %c", option->letter);
	if (option->kind != OPTION_BOOL)
		fputs(option->completes == COMPLETE_FILES ? " -r" : " -x", stdout);
	if (option->choices) {
		_cleanup_free_ char *words = strv_join((char *const *)option->choices, " ");
		printf(" -a '%s'", words);
	} else {
		fputs(action(option->completes), stdout);
	}
	fputs(" -d ", stdout);
	put_quoted(option->help);
	putchar('\n');
}

static void put_options(const char *condition, option_tables tables)
{
	_cleanup_free_ const struct option **options = NULL;
	size_t count = options_sorted(tables, &options);
	for (size_t i = 0; i < count; i++)
		put_option(condition, options[i]);
}

static void put_word(const char *condition, const char *word, const char *summary)
{
	printf("complete -c coffer -n \"__coffer_is %s\" -a %s -d ", condition, word);
	put_quoted(summary);
	putchar('\n');
}

static void put_words(const char *condition, const struct command_group *group)
{
	for (const struct command *const *command = COMMANDS; *command; command++) {
		const char *name = group ? command_name_in_group(*command, group) : (*command)->name;
		if (name && !strchr(name, ' ') && !((*command)->flags & COMMAND_HIDDEN))
			put_word(condition, name, (*command)->summary);
	}
	for (const struct command_group *each = COMMAND_GROUPS; !group && each->name; each++)
		put_word(condition, each->name, each->summary);
}

static void put_command(const struct command *command)
{
	_cleanup_strv_ char **names = command_names(command);
	_cleanup_free_ char *joined = strv_join(names, "' '");
	_cleanup_str_ struct str condition = { 0 };
	str_appendf(&condition, "'%s'", joined);
	putchar('\n');
	if (command->completes == COMPLETE_COMMANDS)
		put_words(str_text(&condition), NULL);
	else if (*action(command->completes))
		printf("complete -c coffer -n \"__coffer_is %s\"%s\n", str_text(&condition),
		       action(command->completes));
	put_options(str_text(&condition), command->options);
}

void completion_fish(void)
{
	_cleanup_free_ char *flags = completion_global_flags(" "), *groups = completion_groups(" ");
	printf("%s%s%s%s%s", FUNCTIONS_START, flags, FUNCTIONS_MIDDLE, groups, FUNCTIONS_END);
	put_options("''", (option_tables)(const struct option *[]){ GLOBAL_OPTIONS, NULL });
	put_words("''", NULL);
	for (const struct command_group *group = COMMAND_GROUPS; group->name; group++)
		put_words(group->name, group);
	for (const struct command *const *command = COMMANDS; *command; command++)
		if (!((*command)->flags & COMMAND_HIDDEN))
			put_command(*command);
}
