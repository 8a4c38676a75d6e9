/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"
#include "cli/command.h"
#include "cli/network-options.h"
#include "engine/network.h"

struct connect_options {
	struct endpoint_request request;
};

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct connect_options *options = data;
	struct endpoint_request request = options->request;
	request.network = args[0];
	int r = network_endpoint_check(&request, err);
	return r < 0 ? r : engine_network_connect(cli->engine, args[1], &request, err);
}

static int parse_priority(const char *text, void *field, struct error *err)
{
	return parse_i64(text, INT32_MIN, INT32_MAX, field, err);
}

typedef struct connect_options self;

static const struct option OPTIONS[] = {
	OPT_LIST(self, request.aliases, 0, "alias", "Name the container on this network"),
	OPT_LIST(self, request.options, 0, "driver-opt", "Options of this place on the network"),
	OPT_PARSED(self, request.priority, parse_priority, 0, "gw-priority", "int",
		   "The network with the highest one is the way out of the container"),
	OPT_STRING(self, request.address, 0, "ip", "address", "IPv4 address (\"172.30.100.104\")"),
	OPT_STRING(self, request.address6, 0, "ip6", "address", "IPv6 address (\"2001:db8::33\")"),
	OPT_REFUSED(0, "link", "use --alias"),
	OPT_REFUSED(0, "link-local-ip", "the kernel gives link-local addresses"),
	OPT_END,
};

const struct command command_network_connect = {
	.name = "network connect",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] NETWORK CONTAINER",
	.summary = "Plug a container into one more network",
	.description =
		"One that runs has another network interface at once. One that does not is plugged in when it is "
		"started. The way out of a container is the network with the highest *--gw-priority* that leads out; "
		"of several, the first by its name. Published ports lead to the container through it as well.",
	.examples =
		(const struct example[]){
			{ "network connect front web", "Let web be reached from front, too" },
			{ "network connect --ip 10.89.1.80 --alias www front web", "By an address and a name" },
			{ 0 },
		},
	.min_args = 2,
	.max_args = 2,
	.completes = COMPLETE_NETWORKS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct connect_options),
	.run = run,
};
