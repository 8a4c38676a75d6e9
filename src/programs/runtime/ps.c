/* SPDX-License-Identifier: Apache-2.0 */
/* `ps`: what the host's ps(1) says about the container's processes; its pid column tells which lines are those. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"
#include "runtime/ps.h"

struct ps_options {
	enum output_format format;
};

static const struct option OPTIONS[] = {
	OPT_CHOICE(struct ps_options, format, 'f', "format", output_formats, "table (the default) or json"),
	OPT_END,
};

struct pids {
	pid_t *list;
	size_t count;
};

static void pids_done(struct pids *pids)
{
	free(pids->list);
}

static void print_json(const struct pids *pids)
{
	_cleanup_json_ struct json_object *array = json_object_new_array();
	for (size_t i = 0; i < pids->count; i++)
		json_object_array_add(array, json_object_new_int(pids->list[i]));
	puts(pids->count ? json_text(array) : "null"); /* as runc prints an empty list */
}

static int print_table(struct pids *pids, char *const *ps_options, struct error *err)
{
	_cleanup_strv_ char **lines = NULL;
	int r = ps_lines(pids->list, pids->count, ps_options, &lines, err);
	for (char **line = lines; line && *line; line++)
		puts(*line);
	return r;
}

static int ps(const struct runtime_globals *globals, const struct ps_options *options, char *const *args,
	      struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	_cleanup_(pids_done) struct pids pids = { 0 };
	int r = container_load(globals->root, args[0], &container, err);
	if (r < 0 || (r = container_pids(container, &pids.list, &pids.count, err)) < 0)
		return r;
	if (options->format == OUTPUT_TABLE)
		return print_table(&pids, args + 1, err);
	print_json(&pids);
	return 0;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	enum { MOST_ARGUMENTS = 1024 };
	struct ps_options options = { 0 };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 1, MOST_ARGUMENTS, &args, err);
	return r != 0 ? MIN(r, 0) : ps(globals, &options, args, err);
}

const struct runtime_verb verb_ps = {
	.name = "ps",
	.arguments = "ID [PS-OPTIONS]",
	.summary = "Print the processes of a container",
	.options = OPTIONS,
	.flags = VERB_STOPS_AT_ARGUMENT,
	.run = run,
};
