/* SPDX-License-Identifier: Apache-2.0 */
/* Source: bash(1), "Programmable Completion". */
#include "base/cleanup.h"
#include "base/str.h"
#include "programs/docs-gen/docs-gen.h"

static const char FUNCTIONS[] =
	"# bash completion of coffer, made by docs-gen out of the table of commands\n"
	"# shellcheck shell=bash\n"
	"\n"
	"# Offer WORDS for what is typed. Where a colon breaks words, only what follows the last one is replaced.\n"
	"_coffer_offer() {\n"
	"\tlocal typed=${COMP_LINE:0:COMP_POINT} prefix='' word\n"
	"\ttyped=${typed##*[[:space:]=]}\n"
	"\tif [[ $COMP_WORDBREAKS == *:* && $typed == *:* ]]; then\n"
	"\t\tprefix=${typed%:*}:\n"
	"\tfi\n"
	"\twhile IFS= read -r word; do\n"
	"\t\tCOMPREPLY+=(\"${word#\"$prefix\"}\")\n"
	"\tdone < <(compgen -W \"$1\" -- \"$typed\")\n"
	"}\n"
	"\n"
	"_coffer_containers() {\n"
	"\t_coffer_offer \"$(coffer ps -a --no-trunc 2>/dev/null | awk 'NR > 1 { print $NF }')\"\n"
	"}\n"
	"\n"
	"_coffer_images() {\n"
	"\t_coffer_offer \"$(coffer images 2>/dev/null | awk 'NR > 1 && $1 != \"<none>\" { print $1 \":\" $2 }')\"\n"
	"}\n"
	"\n"
	"_coffer_networks() {\n"
	"\t_coffer_offer \"$(coffer network ls --format '{{.Name}}' 2>/dev/null)\"\n"
	"}\n"
	"\n"
	"_coffer_pods() {\n"
	"\t_coffer_offer \"$(coffer pod ls --format '{{.Name}}' 2>/dev/null)\"\n"
	"}\n"
	"\n"
	"_coffer_secrets() {\n"
	"\t_coffer_offer \"$(coffer secret ls --format '{{.Name}}' 2>/dev/null)\"\n"
	"}\n"
	"\n"
	"_coffer_volumes() {\n"
	"\t_coffer_offer \"$(coffer volume ls --format '{{.Name}}' 2>/dev/null)\"\n"
	"}\n"
	"\n"
	"_coffer_files() {\n"
	"\tcompopt -o default\n"
	"}\n"
	"\n";

static const char MAIN_FUNCTION_START[] =
	"_coffer() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' i\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $cur == '=' ]]; then\n"
	"\t\tcur=''\n"
	"\telif [[ $prev == '=' ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t";

static const char MAIN_FUNCTION_MIDDLE[] = ")\n"
					   "\t\t\tif [ -z \"$command\" ]; then\n"
					   "\t\t\t\t((i++))\n"
					   "\t\t\t\t[[ ${COMP_WORDS[i]} != '=' ]] || ((i++))\n"
					   "\t\t\tfi\n"
					   "\t\t\t;;\n"
					   "\t\t-* | =) ;;\n"
					   "\t\t*)\n"
					   "\t\t\tcase $command in\n"
					   "\t\t\t'' | ";

static const char MAIN_FUNCTION_END[] = ") command=${command:+$command }${COMP_WORDS[i]} ;;\n"
					"\t\t\tesac\n"
					"\t\t\t;;\n"
					"\t\tesac\n"
					"\tdone\n"
					"\t_coffer_command \"$command\" \"$cur\" \"$prev\"\n"
					"}\n"
					"\n"
					"complete -F _coffer coffer\n";

static const char *action(enum completes completes)
{
	switch (completes) {
	case COMPLETE_FILES:
		return "_coffer_files";
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
	case COMPLETE_NOTHING:
	case COMPLETE_COMMANDS:
		break;
	}
	return ":";
}

/* The branch for what follows a flag that takes a value. */
static void print_value(const struct option *option)
{
	printf("\t\t--%s", option->name);
	if (option->letter)
		printf(" | -%c", option->letter);
	if (option->choices) {
		_cleanup_free_ char *words = strv_join((char *const *)option->choices, " ");
		printf(") _coffer_offer '%s' ;;\n", words);
	} else {
		printf(") %s ;;\n", action(option->completes));
	}
}

static void print_flag_words(const struct option *const *options, size_t count)
{
	fputs("\t\t-*) _coffer_offer '--help", stdout);
	for (size_t i = 0; i < count; i++) {
		printf(" --%s", options[i]->name);
		if (options[i]->letter)
			printf(" -%c", options[i]->letter);
	}
	fputs("' ;;\n", stdout);
}

/* What follows the command: a value of the flag before it, a flag, an argument. */
static void print_branch(option_tables tables, const char *argument)
{
	_cleanup_free_ const struct option **options = NULL;
	size_t count = options_sorted(tables, &options);
	fputs("\t\tcase $3 in\n", stdout);
	for (size_t i = 0; i < count; i++)
		if (options[i]->kind != OPTION_BOOL)
			print_value(options[i]);
	fputs("\t\t*)\n\t\tcase $2 in\n", stdout);
	print_flag_words(options, count);
	printf("\t\t*) %s ;;\n\t\tesac ;;\n\t\tesac ;;\n", argument);
}

static void print_command(const struct command *command)
{
	_cleanup_strv_ char **names = command_names(command);
	_cleanup_free_ char *pattern = strv_join(names, "' | '");
	printf("\t'%s')\n", pattern);
	print_branch(command->options,
		     command->completes == COMPLETE_COMMANDS ? "_coffer_offer \"$words\"" : action(command->completes));
}

/* The first words: commands that stand alone, and groups. */
static void append_words(struct str *words, const struct command_group *group)
{
	for (const struct command *const *command = COMMANDS; *command; command++) {
		const char *name = group ? command_name_in_group(*command, group) : (*command)->name;
		if (name && !strchr(name, ' ') && !((*command)->flags & COMMAND_HIDDEN))
			str_appendf(words, "%s%s", words->len ? " " : "", name);
	}
}

static void print_group(const struct command_group *group)
{
	_cleanup_str_ struct str words = { 0 };
	append_words(&words, group);
	printf("\t%s) _coffer_offer '%s' ;;\n", group->name, str_text(&words));
}

void completion_bash(void)
{
	_cleanup_str_ struct str words = { 0 };
	append_words(&words, NULL);
	for (const struct command_group *group = COMMAND_GROUPS; group->name; group++)
		str_appendf(&words, " %s", group->name);
	fputs(FUNCTIONS, stdout);
	fputs("# _coffer_command COMMAND CURRENT-WORD PREVIOUS-WORD\n_coffer_command() {\n", stdout);
	printf("\tlocal words='%s'\n\tcase $1 in\n\t'')\n", str_text(&words));
	print_branch((option_tables)(const struct option *[]){ GLOBAL_OPTIONS, NULL }, "_coffer_offer \"$words\"");
	for (const struct command_group *group = COMMAND_GROUPS; group->name; group++)
		print_group(group);
	for (const struct command *const *command = COMMANDS; *command; command++)
		if (!((*command)->flags & COMMAND_HIDDEN))
			print_command(*command);
	fputs("\tesac\n}\n\n", stdout);
	_cleanup_free_ char *flags = completion_global_flags(" | "), *groups = completion_groups(" | ");
	printf("%s%s%s%s%s", MAIN_FUNCTION_START, flags, MAIN_FUNCTION_MIDDLE, groups, MAIN_FUNCTION_END);
}
