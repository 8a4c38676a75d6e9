/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "programs/runtime/bundle.h"

static int create(const struct runtime_globals *globals, const struct bundle_options *options, const char *id,
		  struct error *err)
{
	_cleanup_bundle_ struct bundle bundle = { .fd = -1, .cache_dir = -1 };
	_cleanup_container_ struct container *container = NULL;
	struct container_init init;
	int r = bundle_open(globals, options, id, &bundle, err);
	if (r < 0)
		return r;
	if (bundle.spec->process->terminal && !options->console_socket)
		return err_set(err, ERR_TTY, "cannot allocate a terminal for '%s' without --console-socket", id);
	if (!bundle.spec->process->terminal && options->console_socket)
		return err_set(err, ERR_USAGE, "--console-socket is for a process with a terminal");
	struct container_create_options create_options = bundle_create_options(globals, options, &bundle, id);
	r = container_create(&create_options, &container, &init, err);
	if (r < 0)
		return r;
	r = bundle_announce(options, &init, false, err);
	if (r < 0)
		(void)container_delete(container, true, NULL);
	container_init_done(&init);
	return r;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	struct bundle_options options = { 0 };
	const struct option *const tables[] = { verb->options, NULL };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 1, 1, &args, err);
	if (r == 0) {
		r = create(globals, &options, args[0], err);
		if (r < 0)
			err_wrap(err, "create container '%s'", args[0]);
	}
	options_done(tables, &options);
	return r < 0 ? r : 0;
}

static const struct option OPTIONS[] = {
	BUNDLE_OPTIONS,
	OPT_BOOL(struct bundle_options, no_subreaper, 0, "no-subreaper", NULL), /* crun's; we never are one here */
	OPT_END,
};

const struct runtime_verb verb_create = {
	.name = "create",
	.arguments = "ID",
	.summary = "Create a container; start it with `start`",
	.options = OPTIONS,
	.flags = VERB_ENTERS,
	.run = run,
};
