/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/targets.h"
#include "engine/network.h"

/* "[::]:8080" */
static void print_host(const struct port_binding *binding)
{
	bool v6 = strchr(binding->host, ':');
	printf("%s%s%s:%u\n", v6 ? "[" : "", binding->host, v6 ? "]" : "", binding->host_port);
}

/* What stands behind the container's name: "80", or "80/udp". */
static bool is_wanted(const struct port_binding *binding, const char *wanted)
{
	_cleanup_free_ char *number = mem_printf("%u", binding->container_port);
	const char *rest = str_after(wanted, number);
	return rest && (*rest ? *rest == '/' && streq(rest + 1, binding->protocol) : streq(binding->protocol, "tcp"));
}

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	_cleanup_free_ struct port_binding *bindings = NULL;
	size_t count, shown = 0;
	int r = engine_container_ports(cli->engine, args[0], &bindings, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (args[1] && !is_wanted(&bindings[i], args[1]))
			continue;
		if (!args[1])
			printf("%u/%s -> ", bindings[i].container_port, bindings[i].protocol);
		print_host(&bindings[i]);
		shown++;
	}
	if (args[1] && shown == 0)
		return err_set(err, ERR_NOT_FOUND, "no public port '%s%s' published for %s", args[1],
			       strchr(args[1], '/') ? "" : "/tcp", args[0]);
	return 0;
}

const struct command command_port = {
	.name = "port",
	.aliases = (const char *const[]){ "container port", NULL },
	.flags = COMMAND_ENGINE | COMMAND_LATEST | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [PORT[/PROTOCOL]]",
	.summary = "List the published ports of a container",
	.min_args = 1,
	.max_args = 2,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ LATEST_OPTIONS, NULL },
	.options_size = sizeof(struct latest_options),
	.run = run,
};
