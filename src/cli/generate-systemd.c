/* SPDX-License-Identifier: Apache-2.0 */
/* `generate systemd`: a unit that starts and stops a container that is there. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/report.h"

struct generate_options {
	bool files, no_header, name;
	char *restart_policy, *restart_sec;
	char *prefix, *separator;
	char **after, **wants, **requires;
};

/* systemd's words for Restart=. Source: systemd.service(5). */
static const char *const RESTARTS[] = { "no",	       "on-success", "on-failure", "on-abnormal",
					"on-watchdog", "on-abort",   "always",	   NULL };

static void add_each(struct str *text, const char *key, char *const *values)
{
	for (; values && *values; values++)
		str_appendf(text, "%s=%s\n", key, *values);
}

/* How coffer is called here: with the same roots, where a service would not have them by itself. */
static char *program(const struct cli *cli)
{
	struct str command = { 0 };
	str_append(&command, BINDIR "/coffer");
	if (cli->own_root)
		str_appendf(&command, " --root %s", cli->root);
	if (cli->own_runroot)
		str_appendf(&command, " --runroot %s", cli->runroot);
	return str_take(&command);
}

static void describe(const struct cli *cli, const struct generate_options *options, const char *container,
		     struct str *text)
{
	_cleanup_free_ char *coffer = program(cli);
	if (!options->no_header)
		str_append(text, "# Made by coffer generate systemd\n\n");
	str_appendf(text,
		    "[Unit]\nDescription=Container %s\nDocumentation=man:coffer-generate-systemd(1)\n"
		    "Wants=network-online.target\nAfter=network-online.target\nRequiresMountsFor=%s\n",
		    container, cli->root);
	add_each(text, "Wants", options->wants);
	add_each(text, "After", options->after);
	add_each(text, "Requires", options->requires);
	/* coffer says when the container runs, and has the manager watch its monitor, which ends with its exit code. */
	str_appendf(text, "\n[Service]\nType=notify\nNotifyAccess=all\nKillMode=process\nSendSIGKILL=no\nRestart=%s\n",
		    options->restart_policy ? options->restart_policy : "on-failure");
	if (options->restart_sec)
		str_appendf(text, "RestartSec=%s\n", options->restart_sec);
	str_appendf(text, "TimeoutStopSec=infinity\nExecStart=%s start %s\nExecStop=-%s stop %s\n", coffer, container,
		    coffer, container);
	str_append(text, "\n[Install]\nWantedBy=default.target\n");
}

static int write_unit(const struct generate_options *options, const char *container, const struct str *text,
		      struct error *err)
{
	const char *prefix = options->prefix ? options->prefix : "container";
	const char *separator = options->separator ? options->separator : "-";
	_cleanup_free_ char *name = mem_printf("%s%s%s.service", prefix, *prefix ? separator : "", container);
	if (!options->files) {
		printf("# %s\n%s\n", name, str_text(text));
		return 0;
	}
	int r = file_write_atomic(AT_FDCWD, name, text->data, text->len, 0644, 0, err);
	if (r >= 0)
		puts(name);
	return r;
}

static int generate(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct generate_options *options = data;
	_cleanup_record_ struct container_record *record = NULL;
	_cleanup_str_ struct str text = { 0 };
	int r = engine_container_find(cli->engine, name, &record, err);
	if (r < 0)
		return r;
	if (record->auto_remove) {
		err_set(err, ERR_STATE,
			"container \"%s\" is removed when it ends (--rm), and could not be started again",
			record->name);
		return err_hint(err, "write a file for Quadlet, man coffer-quadlet");
	}
	describe(cli, options, options->name ? record->name : record->id, &text);
	return write_unit(options, options->name ? record->name : record->id, &text, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct generate_options *options = data;
	if (options->restart_policy && !strv_contains((char *const *)RESTARTS, options->restart_policy))
		return err_set(err, ERR_USAGE,
			       "\"%s\" is not a word of systemd's for Restart=", options->restart_policy);
	return report_each(cli, options, args, generate);
}

static const struct option OPTIONS[] = {
	OPT_LIST(struct generate_options, after, 0, "after", "Units that are to be started before"),
	OPT_STRING(struct generate_options, prefix, 0, "container-prefix", "string",
		   "What the unit's name begins with (default \"container\")"),
	OPT_BOOL(struct generate_options, files, 'f', "files", "Write files into the working directory"),
	OPT_BOOL(struct generate_options, name, 'n', "name", "Use the container's name (default true)"),
	OPT_REFUSED(0, "new", "a unit that makes its container is a file for Quadlet: see coffer-quadlet(8)"),
	OPT_BOOL(struct generate_options, no_header, 0, "no-header", "Leave the first line out"),
	OPT_LIST(struct generate_options, requires, 0, "requires", "Units that it cannot do without"),
	OPT_STRING(struct generate_options, restart_policy, 0, "restart-policy", "string",
		   "When systemd starts it again (default \"on-failure\")", .choices = RESTARTS),
	OPT_STRING(struct generate_options, restart_sec, 0, "restart-sec", "duration", "How long it waits before that"),
	OPT_STRING(struct generate_options, separator, 0, "separator", "string",
		   "What stands between prefix and name (default \"-\")"),
	OPT_LIST(struct generate_options, wants, 0, "wants", "Units that are to be started, too"),
	OPT_END,
};

const struct command command_generate_systemd = {
	.name = "generate systemd",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Print a unit of systemd for each container",
	.description =
		"The unit starts and stops a container that is there. systemd then watches its monitor, which ends as the "
		"container does, so that *Restart=* works; the container's own restart policy should be *no*.\n\n"
		"For a service that makes its container anew, write a *.container* file: see *coffer-quadlet*(8).",
	.examples =
		(const struct example[]){
			{ "generate systemd --files web", "Writes container-web.service into the working directory" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct generate_options),
	.defaults = &(const struct generate_options){ .name = true },
	.run = run,
};
