/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: what has to be true of every row, and how commands are found. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/command.h"

static void check_name(const char *name)
{
	_cleanup_strv_ char **words = strv_split(name, ' ');
	assert_in_range(strv_count(words), 1, 2);
	if (words[1])
		assert_non_null(command_group_find(words[0]));
	else
		assert_null(command_group_find(words[0]));
}

static void test_rows(void **state)
{
	const char *before = "";
	for (const struct command *const *at = COMMANDS; *at; at++) {
		const struct command *command = *at;
		const char *name = command->name;
		assert_true(strcmp(before, name) < 0);
		before = name;
		check_name(name);
		for (const char *const *alias = command->aliases; alias && *alias; alias++)
			check_name(*alias);
		assert_non_null(command->run);
		assert_non_null(command->usage);
		assert_true(isupper((unsigned char)command->summary[0]));
		assert_false(str_ends_with(command->summary, "."));
		assert_true(command->max_args == ARGS_ANY || command->max_args >= command->min_args);
		assert_false(command->defaults && command->options_size == 0);
	}
}

static void test_names_are_unique(void **state)
{
	for (const struct command *const *at = COMMANDS; *at; at++) {
		const struct command *found;
		size_t used;
		_cleanup_strv_ char **names = NULL;
		strv_append(&names, (*at)->name);
		for (const char *const *alias = (*at)->aliases; alias && *alias; alias++)
			strv_append(&names, *alias);
		for (char **name = names; *name; name++) {
			_cleanup_strv_ char **words = strv_split(*name, ' ');
			assert_int_equal(command_find(words, &found, &used, NULL), 0);
			assert_ptr_equal(found, *at);
			assert_int_equal(used, strv_count(words));
		}
	}
}

static void check_options(const struct command *command)
{
	_cleanup_strv_ char **seen = NULL;
	for (option_tables table = command->options; table && *table; table++) {
		for (const struct option *option = *table; option->name; option++) {
			char letter[] = { option->letter, '\0' };
			assert_false(strv_contains(seen, option->name) ||
				     (option->letter && strv_contains(seen, letter)));
			strv_append(&seen, option->name);
			strv_append(&seen, letter);
			assert_true(option->kind == OPTION_BOOL || option->kind == OPTION_REFUSED || option->metavar);
			assert_true(option->kind != OPTION_PARSED || option->parse);
			assert_true(option->kind != OPTION_CHOICE || option->choices);
			assert_true(option->kind == OPTION_REFUSED || option->offset < command->options_size);
			assert_true(option->help || option->kind != OPTION_REFUSED);
			assert_false(option->help && str_ends_with(option->help, "."));
		}
	}
}

static void test_flags_are_unique(void **state)
{
	for (const struct command *const *command = COMMANDS; *command; command++)
		check_options(*command);
}

static void test_find(void **state)
{
	static const struct {
		char *words[4];
		const char *name; /* or NULL, and ... */
		const char *hint;
		size_t used;
	} rows[] = {
		{ { (char *)"ps" }, "ps", "", 1 },
		{ { (char *)"ps", (char *)"-a" }, "ps", "", 1 },
		{ { (char *)"container", (char *)"ls", (char *)"-a" }, "ps", "", 2 },
		{ { (char *)"image", (char *)"rm", (char *)"x" }, "rmi", "", 2 },
		{ { (char *)"image", (char *)"inspect" }, "image inspect", "", 2 },
		{ { (char *)"container", (char *)"cleanup" }, "container cleanup", "", 2 },
		{ { (char *)"rnu" }, NULL, "did you mean coffer run", 0 },
		{ { (char *)"image", (char *)"lst" }, NULL, "did you mean coffer image ls", 0 },
		{ { (char *)"container", (char *)"nosuch" }, NULL, "coffer container --help", 0 },
		{ { (char *)"nosuch", (char *)"ps" }, NULL, "coffer --help", 0 },
		{ { (char *)"container", (char *)"cleanpu" }, NULL, "coffer container --help", 0 }, /* hidden */
		{ { (char *)"" }, NULL, "coffer --help", 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct command *command = NULL;
		struct error err = { 0 };
		size_t used = 0;
		int r = command_find(rows[i].words, &command, &used, &err);
		assert_int_equal(r, rows[i].name ? 0 : -ERR_USAGE);
		assert_string_equal(err.hint, rows[i].hint);
		assert_int_equal(used, rows[i].used);
		if (rows[i].name)
			assert_string_equal(command->name, rows[i].name);
	}
}

static void test_exit_statuses(void **state)
{
	const struct error not_found = { .code = ERR_EXEC_NOTFOUND }, usage = { .code = ERR_USAGE };
	const struct error no_image = { .code = ERR_IMG_NOT_FOUND };
	assert_int_equal(command_exit_status(&command_run, &not_found), 127);
	assert_int_equal(command_exit_status(&command_run, &no_image), 125);
	assert_int_equal(command_exit_status(&command_tag, &no_image), 1);
	assert_int_equal(command_exit_status(&command_tag, &usage), 125);
	const struct error no_user = { .code = ERR_USER, .stage = STAGE_EXEC },
			   no_container = { .code = ERR_NO_CONTAINER };
	const struct error lost = { .code = ERR_INTERNAL, .stage = STAGE_APP };
	const struct error entered = { .code = ERR_EXEC_NOTFOUND, .stage = STAGE_EXEC };
	const struct error template = { .code = ERR_TEMPLATE };
	assert_int_equal(command_exit_status(&command_inspect, &template), 64);
	assert_int_equal(command_exit_status(&command_tag, &template), 1);
	assert_int_equal(command_exit_status(&command_exec, &entered), 127);
	assert_int_equal(command_exit_status(&command_exec, &no_user), 126);
	assert_int_equal(command_exit_status(&command_exec, &no_container), 1);
	assert_int_equal(command_exit_status(&command_exec, &lost), 125);
	assert_int_equal(command_exit_status(&command_start, &entered), 1);
}

static void test_names_in_groups(void **state)
{
	const struct command_group *container = command_group_find("container"), *image = command_group_find("image");
	assert_string_equal(command_name_in_group(&command_ps, container), "ls");
	assert_null(command_name_in_group(&command_ps, image));
	assert_string_equal(command_name_in_group(&command_image_inspect, image), "inspect");
	assert_null(command_name_in_group(&command_images, container));
	assert_null(command_group_find("nosuch"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_names_are_unique),
		cmocka_unit_test(test_flags_are_unique),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_exit_statuses),
		cmocka_unit_test(test_names_in_groups),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
