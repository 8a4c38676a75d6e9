/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-trace.h"

#include "cli/command.h"
#include "cli/network-steps.h"

struct trace_options {
	bool connect;
	char *format;
};

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct trace_options *options = data;
	_cleanup_rows_ struct rows rows = { 0 };
	_cleanup_network_trace_ struct network_trace trace = { 0 };
	int r = network_steps_begin(&rows, options->format, err);
	if (r >= 0)
		r = engine_network_trace(cli->engine, args[0], args[1], options->connect, &trace, err);
	return r < 0 ? r : network_steps_show(&trace, &rows, err);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct trace_options, connect, 0, "connect", "Try to connect, too, if it is a port of tcp"),
	OPT_FORMAT(struct trace_options, format, 0),
	OPT_END,
};

const struct command command_network_trace = {
	.name = "network trace",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] CONTAINER TARGET[:PORT[/PROTOCOL]]",
	.summary = "Show what is on the way from a container to somebody",
	.description =
		"TARGET is a container, one of its aliases, the name of any host, or an address: [ADDRESS]:PORT if it is one of "
		"IPv6. PROTOCOL is tcp, udp or sctp.\n\n"
		"Each line is a step, and where it was read: the *name*, asked of the name server that the container asks; the "
		"*route* and the *neighbour* that packets go to first; the container that a *published* port leads to; what "
		"network *policy* says; whether one *network* may reach the other; another program's packet *filter*; the least "
		"*mtu* on the way; whether there is a *listener*; and by which way an *answer* goes back. A step with the result "
		"*stop* is one where it ends, a *note* may be one.\n\n"
		"A chain of another program's that drops what its rules do not accept (Docker's FORWARD, a firewall's) is asked "
		"besides ours: there, somebody has to let the network's bridge through, such as by *iptables -I DOCKER-USER -i "
		"BRIDGE -j ACCEPT* and the same with *-o*.\n\n"
		"The last line is the conclusion. The exit status is 0 if nothing is in the way, and 1 otherwise. Nothing is sent "
		"but a question to the name server and, with *--connect*, what a connection needs.\n\n"
		"Fields of templates: .Stage .Result .Found .Source; the last row is the conclusion.",
	.examples =
		(const struct example[]){
			{ "network trace web db:5432", "Why does web not reach its database" },
			{ "network trace --connect web example.org:443", "And is there an answer" },
			{ 0 },
		},
	.min_args = 2,
	.max_args = 2,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct trace_options),
	.run = run,
};
