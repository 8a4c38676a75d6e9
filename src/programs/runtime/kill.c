/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/str.h"
#include "programs/runtime/select.h"
#include "runtime/container.h"

struct kill_options {
	bool all, regex;
	int sig;
};

static const struct option OPTIONS[] = {
	OPT_BOOL(struct kill_options, all, 'a', "all", "Every process of the container, not only its first"),
	OPT_BOOL(struct kill_options, regex, 'r', "regex",
		 "ID is a regular expression: all containers that it matches"),
	OPT_END,
};

static int kill_one(const struct runtime_globals *globals, const char *id, void *target, struct error *err)
{
	const struct kill_options *options = target;
	_cleanup_container_ struct container *container = NULL;
	int r = container_load(globals->root, id, &container, err);
	return r < 0 ? r : container_kill(container, options->sig, options->all, err);
}

/* 0 is no signal, but a question that kill(2) answers: is it there? */
static int parse(const char *word, int *ret, struct error *err)
{
	if (!streq(word, "0"))
		return parse_signal(word, ret, err);
	*ret = 0;
	return 0;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	struct kill_options options = { .sig = SIGTERM };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 1, 2, &args, err);
	if (r != 0)
		return MIN(r, 0);
	if (args[1] && (r = parse(args[1], &options.sig, err)) < 0)
		return r;
	return select_and_act(globals, args[0], options.regex, kill_one, &options, err);
}

const struct runtime_verb verb_kill = {
	.name = "kill",
	.arguments = "ID [SIGNAL]",
	.summary = "Send a signal (default: TERM) to a container",
	.options = OPTIONS,
	.run = run,
};
