/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/confirm.h"
#include "engine/network.h"

struct gc_options {
	bool force;
};

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct gc_options *options = data;
	int r = confirm(
		"WARNING! This will have the plugins remove all that belongs to no container of coffer, also what "
		"other programs have on that network.",
		options->force, err);
	for (; r >= 0 && *args; args++)
		r = engine_network_gc(cli->engine, *args, err);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct gc_options, force, 'f', "force", "Do not ask"),
	OPT_END,
};

const struct command command_network_gc = {
	.name = "network gc",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] NETWORK [NETWORK...]",
	.summary = "Have the plugins of a CNI network remove what has no container",
	.description =
		"What dead containers of coffer have left is removed anyway. This is for addresses and interfaces that "
		"nobody knows any more, say after the state of a machine was restored. The network's version has to "
		"be 1.1.0 or newer.\n\n"
		"Networks are files in */etc/cni/net.d* or *COFFER_CNI_CONF_DIR*, plugins programs in */opt/cni/bin*, "
		"*/usr/lib/cni* and */usr/libexec/cni* or *COFFER_CNI_PATH*; each may take two minutes, or "
		"*COFFER_CNI_TIMEOUT*.",
	.examples =
		(const struct example[]){
			{ "network gc cni:web", "Ask its plugins" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = -1,
	.completes = COMPLETE_NETWORKS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct gc_options),
	.run = run,
};
