/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/command.h"
#include "engine/network.h"

struct netns_options {
	bool remove;
};

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct netns_options *options = data;
	_cleanup_free_ char *path = NULL;
	if (options->remove && args[1])
		return err_set(err, ERR_USAGE, "--rm takes all names of the container away, and no NAME");
	if (options->remove)
		return engine_network_netns_remove(cli->engine, args[0], err);
	int r = engine_network_netns(cli->engine, args[0], args[1], &path, err);
	if (r >= 0)
		puts(path);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct netns_options, remove, 0, "rm", "Take the names of the container away again"),
	OPT_END,
};

const struct command command_network_netns = {
	.name = "network netns",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [NAME]",
	.summary = "Let `ip netns` see the network namespace of a container",
	.description =
		"Makes */run/netns/NAME*, where *ip-netns*(8) looks for network namespaces, and prints that path. NAME is the "
		"container's if it is not given. So programs of the host, which the image need not have, are run in there.\n\n"
		"The name keeps nothing alive: it goes with the container when that ends, and so does the namespace. Other "
		"names in that directory are not touched.",
	.examples =
		(const struct example[]){
			{ "network netns web", "Then: ip netns exec web ss -tlnp" },
			{ "network netns --rm web", "Take it away before the container ends" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 2,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct netns_options),
	.run = run,
};
