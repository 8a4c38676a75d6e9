/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pull-name.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"

/* As Podman says it; where nothing is configured there is nothing to be said. */
static void show_resolution(const struct short_name *name, const char *text)
{
	_cleanup_free_ char *repository = mem_strndup(text, strcspn(text, ":@"));
	if (name->rule == SHORT_NAME_ALIAS)
		fprintf(stderr, "Resolved \"%s\" as an alias (%s)\n", repository, name->origin);
	else if (name->rule == SHORT_NAME_SEARCH)
		fprintf(stderr, "Resolving \"%s\" using unqualified-search registries (%s)\n", repository,
			name->origin);
}

static int choose(struct short_name *name, const char *text, struct error *err)
{
	size_t count = strv_count(name->names);
	_cleanup_free_ char *answer = NULL;
	uint64_t number = 0;
	printf("Image \"%s\" may be of several registries:\n", text);
	for (size_t i = 0; i < count; i++)
		printf("  %zu  %s\n", i + 1, name->names[i]);
	int r = ask_line("Number of the one that is meant: ", false, &answer, err);
	if (r < 0)
		return r;
	if (parse_u64(answer, count, &number, NULL) < 0 || number == 0)
		return err_set(err, ERR_USAGE, "\"%s\" is none of the numbers 1 to %zu", answer, count);
	short_name_choose(name, number - 1);
	return 0;
}

int pull_names(const char *text, bool quiet, struct short_name *ret, bool *ret_chosen, struct error *err)
{
	_cleanup_short_name_ struct short_name name = { 0 };
	bool chosen = false;
	int r = short_name_find(text, &name, err);
	if (r >= 0 && name.asks && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
		r = choose(&name, text, err);
		chosen = true;
	}
	if (r >= 0)
		r = short_name_check(&name, text, err);
	if (r < 0)
		return err_stage(err, STAGE_PULL);
	if (!quiet && !chosen)
		show_resolution(&name, text);
	*ret = name;
	name = (struct short_name){ 0 };
	*ret_chosen = chosen;
	return 0;
}
