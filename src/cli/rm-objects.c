/* SPDX-License-Identifier: Apache-2.0 */
/* `network rm`, `secret rm` and `volume rm`. */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/report.h"
#include "engine/network.h"
#include "engine/secret.h"
#include "engine/volume.h"

struct rm_options {
	bool all, force;
};

struct removal {
	const struct rm_options *options;
	int (*remove)(struct engine *engine, const char *name, struct error *err);
	int missing;	     /* the error's code for one that is not there */
	bool prints_missing; /* its name nevertheless, as Docker does for volumes */
};

static int remove_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct removal *removal = data;
	struct error why = { 0 };
	int r = removal->remove(cli->engine, name, &why);
	bool forgiven = r == -removal->missing && removal->options->force;
	if (r >= 0 || (forgiven && removal->prints_missing))
		puts(name);
	else if (!forgiven && err)
		*err = why;
	return forgiven ? 0 : r;
}

static int remove_each(struct cli *cli, const struct removal *removal, char **args, struct error *err)
{
	return report_each(cli, removal, args, remove_one);
}

static int run_network(struct cli *cli, void *options, char **args, struct error *err)
{
	const struct removal removal = { options, engine_network_remove, ERR_NET, false };
	return remove_each(cli, &removal, args, err);
}

static int run_volume(struct cli *cli, void *options, char **args, struct error *err)
{
	const struct removal removal = { options, engine_volume_remove, ERR_NO_VOLUME, true };
	return remove_each(cli, &removal, args, err);
}

static int remove_all_secrets(struct cli *cli, const struct removal *removal, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	struct secret **list = NULL;
	size_t count = 0;
	int r = engine_secret_list(cli->engine, &list, &count, err);
	for (size_t i = 0; i < count; i++) {
		strv_append(&names, list[i]->name);
		secret_free(list[i]);
	}
	free(list);
	return r < 0 || !names ? r : remove_each(cli, removal, names, err);
}

static int run_secret(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct rm_options *options = data;
	const struct removal removal = { options, engine_secret_remove, ERR_NO_SECRET, false };
	if (options->all == (args[0] != NULL))
		return err_set(err, ERR_USAGE, options->all ? "--all takes no names" : "name a secret, or say --all");
	return options->all ? remove_all_secrets(cli, &removal, err) : remove_each(cli, &removal, args, err);
}

#define FORCE(name, letter) OPT_BOOL(struct rm_options, force, letter, name, "Do not mind one that is not there")

static const struct option OPTIONS[] = { FORCE("force", 'f'), OPT_END };

static const struct option SECRET_OPTIONS[] = {
	OPT_BOOL(struct rm_options, all, 'a', "all", "Remove all secrets"),
	FORCE("ignore", 'i'),
	OPT_END,
};

const struct command command_network_rm = {
	.name = "network rm",
	.aliases = (const char *const[]){ "network remove", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] NETWORK [NETWORK...]",
	.summary = "Remove networks",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_NETWORKS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct rm_options),
	.run = run_network,
};

const struct command command_secret_rm = {
	.name = "secret rm",
	.aliases = (const char *const[]){ "secret remove", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] SECRET [SECRET...]",
	.summary = "Remove secrets",
	.description = "A container that has it goes on, and cannot be started again until there is one of this name.",
	.max_args = ARGS_ANY,
	.completes = COMPLETE_SECRETS,
	.options = (const struct option *const[]){ SECRET_OPTIONS, NULL },
	.options_size = sizeof(struct rm_options),
	.run = run_secret,
};

const struct command command_volume_rm = {
	.name = "volume rm",
	.aliases = (const char *const[]){ "volume remove", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] VOLUME [VOLUME...]",
	.summary = "Remove volumes",
	.description = "The files are removed with the volume. One that a container has, running or not, stays.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_VOLUMES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct rm_options),
	.run = run_volume,
};
