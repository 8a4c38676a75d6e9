/* SPDX-License-Identifier: Apache-2.0 */
/* Completion of coffer-runtime, out of the tables of its command line. Sources: as of that of coffer. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "programs/docs-gen/docs-gen.h"
#include "programs/runtime/runtime.h"

/* What a value is, by what help calls it. */
static bool is_file(const struct option *option)
{
	static const char *const files[] = { "FILE", "DIR", "PATH", "DESTINATION" };
	for (size_t i = 0; option->metavar && i < ARRAY_SIZE(files); i++)
		if (streq(option->metavar, files[i]))
			return true;
	return false;
}

/* Whether the first argument is a container that is there. */
static bool takes_container(const struct runtime_verb *verb)
{
	return str_starts_with(verb->arguments, "ID") && verb != &verb_create && verb != &verb_run && verb != &verb_restore;
}

/* "--root --log ..." */
static void append_flags(struct str *words, const struct option *option)
{
	str_append(words, "--help");
	for (; option && option->name; option++)
		if (option->help)
			str_appendf(words, " --%s", option->name);
}

/* "--root|--log|...": those that take a value, and with @files only those whose value is a file. */
static void append_with_value(struct str *words, const struct option *option, bool files)
{
	for (; option && option->name; option++) {
		if (option->kind == OPTION_BOOL || !option->help || (files && !is_file(option)))
			continue;
		str_appendf(words, "%s--%s", words->len ? " | " : "", option->name);
		if (option->letter)
			str_appendf(words, " | -%c", option->letter);
	}
}

static void append_verbs(struct str *words)
{
	for (const struct runtime_verb *const *verb = RUNTIME_VERBS; *verb; verb++)
		str_appendf(words, "%s%s", words->len ? " " : "", (*verb)->name);
}

/* --- bash --- */

static void put_bash_case(const char *name, const struct option *options, const char *arguments)
{
	_cleanup_str_ struct str flags = { 0 }, files = { 0 };
	append_flags(&flags, options);
	append_with_value(&files, options, true);
	printf("\t'%s')\n\t\tcase $prev in\n", name);
	if (files.len)
		printf("\t\t%s) compopt -o default ;;\n", str_text(&files));
	printf("\t\t*) _coffer_runtime_offer \"$cur\" '%s' %s ;;\n\t\tesac\n\t\t;;\n", str_text(&flags), arguments);
}

void completion_runtime_bash(void)
{
	_cleanup_str_ struct str verbs = { 0 }, with_value = { 0 };
	append_verbs(&verbs);
	append_with_value(&with_value, RUNTIME_OPTIONS, false);
	printf("# bash completion of coffer-runtime, made by docs-gen out of its tables\n"
	       "# shellcheck shell=bash\n\n"
	       "# _coffer_runtime_offer WORD FLAGS ARGUMENTS\n"
	       "_coffer_runtime_offer() {\n"
	       "\tlocal words=$3\n"
	       "\t[[ $1 != -* ]] || words=$2\n"
	       "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$1\")\n"
	       "}\n\n"
	       "_coffer_runtime() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb='' root=() i\n"
	       "\tCOMPREPLY=()\n"
	       "\tfor ((i = 1; i < COMP_CWORD && ! ${#verb}; i++)); do\n"
	       "\t\tcase ${COMP_WORDS[i]} in\n"
	       "\t\t--root) root=(--root \"${COMP_WORDS[++i]}\") ;;\n"
	       "\t\t%s) ((++i)) ;;\n"
	       "\t\t-*) ;;\n"
	       "\t\t*) verb=${COMP_WORDS[i]} ;;\n"
	       "\t\tesac\n"
	       "\tdone\n"
	       "\tcase $verb in\n",
	       str_text(&with_value) + strlen("--root | "));
	_cleanup_free_ char *words = str_take(&verbs);
	str_appendf(&verbs, "'%s'", words);
	put_bash_case("", RUNTIME_OPTIONS, str_text(&verbs));
	for (const struct runtime_verb *const *verb = RUNTIME_VERBS; *verb; verb++)
		put_bash_case((*verb)->name, (*verb)->options,
			      takes_container(*verb) ?
				      "\"$(coffer-runtime \"${root[@]}\" list --quiet 2>/dev/null)\"" :
				      "''");
	fputs("\tesac\n}\n\ncomplete -F _coffer_runtime coffer-runtime\n", stdout);
}

/* --- fish --- */

static void put_fish_options(const char *condition, const struct option *option)
{
	for (; option && option->name; option++) {
		if (!option->help)
			continue;
		printf("complete -c coffer-runtime -n '%s' -l %s", condition, option->name);
		if (option->letter)
			printf(" -s %c", option->letter);
		if (option->kind != OPTION_BOOL)
			fputs(is_file(option) ? " -r -F" : " -x", stdout);
		fputs(" -d \"", stdout);
		for (const char *at = option->help; *at; at++) {
			if (strchr("\"\\$", *at))
				putchar('\\');
			putchar(*at);
		}
		fputs("\"\n", stdout);
	}
}

void completion_runtime_fish(void)
{
	fputs("# fish completion of coffer-runtime, made by docs-gen out of its tables\n\ncomplete -c coffer-runtime -f\n",
	      stdout);
	put_fish_options("__fish_use_subcommand", RUNTIME_OPTIONS);
	for (const struct runtime_verb *const *verb = RUNTIME_VERBS; *verb; verb++) {
		char condition[64];
		snprintf(condition, sizeof condition, "__fish_seen_subcommand_from %s", (*verb)->name);
		printf("\ncomplete -c coffer-runtime -n __fish_use_subcommand -a %s -d \"%s\"\n", (*verb)->name,
		       (*verb)->summary);
		if (takes_container(*verb))
			printf("complete -c coffer-runtime -n '%s' -a '(coffer-runtime list --quiet 2>/dev/null)'\n", condition);
		put_fish_options(condition, (*verb)->options);
	}
}
