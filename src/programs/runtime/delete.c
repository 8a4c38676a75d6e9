/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "programs/runtime/select.h"
#include "runtime/container.h"

struct delete_options {
	bool force, regex;
};

static const struct option OPTIONS[] = {
	OPT_BOOL(struct delete_options, force, 'f', "force", "Kill it if it runs; one that does not exist is fine"),
	OPT_BOOL(struct delete_options, regex, 'r', "regex",
		 "ID is a regular expression: all containers that it matches"),
	OPT_END,
};

static int delete_one(const struct runtime_globals *globals, const char *id, void *target, struct error *err)
{
	const struct delete_options *options = target;
	_cleanup_container_ struct container *container = NULL;
	struct error why = { 0 };
	int r = container_load(globals->root, id, &container, &why);
	if (r == 0)
		r = container_delete(container, options->force, &why);
	else if (r == -ERR_INTERNAL && options->force) {
		log_failure(LOG_LEVEL_WARN, "remove what is left of a container", &why);
		why = (struct error){ 0 };
		r = container_forget(globals->root, id, &why);
	}
	if (r == -ERR_NO_CONTAINER && options->force)
		return 0;
	if (r < 0 && err)
		*err = why;
	return r;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	struct delete_options options = { 0 };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 1, 1, &args, err);
	return r != 0 ? MIN(r, 0) : select_and_act(globals, args[0], options.regex, delete_one, &options, err);
}

const struct runtime_verb verb_delete = {
	.name = "delete",
	.arguments = "ID",
	.summary = "Remove a container that has not been started or has ended",
	.options = OPTIONS,
	.run = run,
};
