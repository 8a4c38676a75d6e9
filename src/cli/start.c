/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>

#include "base/json.h"
#include "cli/foreground.h"
#include "cli/report.h"

struct start_options {
	bool attach, interactive;
	bool sig_proxy;
	struct detach_keys detach_keys;
};

/* What the container was made with stands in its `inspect` document. */
static int has_terminal(struct cli *cli, const char *id, bool *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_object *object;
	struct json_node config;
	bool tty = false;
	int r = engine_container_inspect(cli->engine, id, &object, err);
	if (r < 0)
		return r;
	json_document_wrap(object, "inspect", ERR_INTERNAL, &document);
	struct json_node root = json_root(&document);
	r = json_need_object(&root, "Config", &config, err);
	if (r >= 0)
		r = json_get_bool(&config, "Tty", &tty, err);
	if (r < 0)
		return r;
	*ret = tty;
	return 0;
}

static int start_in_foreground(struct cli *cli, const struct start_options *options, const char *name,
			       struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	int r = engine_container_find(cli->engine, name, &record, err);
	if (r < 0)
		return r;
	struct foreground foreground = {
		.container = record,
		.attach = {
			.input = options->interactive,
			.sig_proxy = options->sig_proxy,
			.detach_keys = options->detach_keys,
		},
	};
	r = has_terminal(cli, record->id, &foreground.attach.tty, err);
	if (r >= 0)
		r = foreground_check_terminal(foreground.attach.tty, options->interactive, err);
	if (r < 0)
		return r;
	bool started;
	return foreground_start(cli, &foreground, &started, err);
}

static int start_one(struct cli *cli, const void *options, const char *name, struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	int r = engine_container_find(cli->engine, name, &record, err);
	if (r < 0)
		return r;
	int connection = -1;
	r = engine_container_start(cli->engine, record->id, true, &connection, err);
	if (r < 0)
		return r;
	puts(name);
	return 0;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct start_options *options = data;
	if (!options->attach && !options->interactive) {
		if (args[1])
			return report_each(cli, options, args, start_one);
		int r = start_one(cli, options, args[0], err);
		return r < 0 ? r : 0;
	}
	if (args[1])
		return err_set(err, ERR_USAGE, "cannot start and attach multiple containers at once");
	return start_in_foreground(cli, options, args[0], err);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct start_options, attach, 'a', "attach", "Stay with it: print its output, pass signals on"),
	OPT_PARSED(struct start_options, detach_keys, detach_keys_parse, 0, "detach-keys", "string",
		   "Keys that leave the container alone (default \"ctrl-p,ctrl-q\")"),
	OPT_BOOL(struct start_options, interactive, 'i', "interactive", "Pass standard input on, too"),
	OPT_BOOL(struct start_options, sig_proxy, 0, "sig-proxy", "Pass signals on to the process (default true)"),
	OPT_END,
};

const struct command command_start = {
	.name = "start",
	.aliases = (const char *const[]){ "container start", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE | COMMAND_STARTS,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Start one or more containers that do not run",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct start_options),
	.defaults = &(const struct start_options){ .sig_proxy = true, .detach_keys = DETACH_KEYS_DEFAULT },
	.run = run,
};
