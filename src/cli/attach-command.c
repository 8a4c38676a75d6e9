/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/foreground.h"
#include "cli/targets.h"

struct attach_command_options {
	struct targets targets;
	bool no_stdin, sig_proxy;
	struct detach_keys detach_keys;
};

static int attach_to(struct cli *cli, const struct attach_command_options *options, const char *name, struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	int r = engine_container_find(cli->engine, name, &record, err);
	if (r < 0)
		return r;
	const struct foreground foreground = {
		.container = record,
		.attach = {
			.input = record->open_stdin && !options->no_stdin,
			.tty = record->tty,
			.sig_proxy = options->sig_proxy,
			.detach_keys = options->detach_keys,
		},
	};
	r = foreground_check_terminal(foreground.attach.tty, foreground.attach.input, err);
	return r < 0 ? r : foreground_attach(cli, &foreground, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct attach_command_options *options = data;
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &options->targets, args, TARGETS_ANY, &names, err);
	return r < 0 ? r : attach_to(cli, options, names[0], err);
}

static const struct option OPTIONS[] = {
	OPT_PARSED(struct attach_command_options, detach_keys, detach_keys_parse, 0, "detach-keys", "string",
		   "Keys that leave the container alone (default \"ctrl-p,ctrl-q\")"),
	OPT_TARGETS_LATEST(struct attach_command_options, 'l'),
	OPT_BOOL(struct attach_command_options, no_stdin, 0, "no-stdin", "Do not pass standard input on"),
	OPT_BOOL(struct attach_command_options, sig_proxy, 0, "sig-proxy",
		 "Pass signals on to the process (default true)"),
	OPT_END,
};

const struct command command_attach = {
	.name = "attach",
	.aliases = (const char *const[]){ "container attach", NULL },
	.flags = COMMAND_ENGINE | COMMAND_TARGETS,
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Stay with a running container: its output, and standard input",
	.description =
		"Shows what the container prints from now on, for what it printed before see *coffer-logs*(1), and exits "
		"with its exit status. Whatever else ends it, the container goes on.",
	.max_args = 1,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct attach_command_options),
	.defaults = &(const struct attach_command_options){ .sig_proxy = true, .detach_keys = DETACH_KEYS_DEFAULT },
	.run = run,
};
