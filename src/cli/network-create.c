/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "engine/network.h"

struct create_options {
	char *driver, *ipam_driver, *scope, *interface;
	char **subnets, **gateways, **ranges, **auxiliary, **driver_options, **labels;
	bool ipv4, ipv6, internal, attachable, ignore;
};

static const struct create_options DEFAULTS = { .ipv4 = true };

/* What other programs have several of, and coffer one. */
static int check_only_ones(const struct create_options *options, struct error *err)
{
	if (!options->ipv4)
		return err_set(err, ERR_UNSUPPORTED,
			       "networks without IPv4 are not available: --ipv6 gives addresses of IPv6 besides");
	if (options->ipam_driver && !streq(options->ipam_driver, "default") &&
	    !streq(options->ipam_driver, "host-local"))
		return err_set(err, ERR_UNSUPPORTED,
			       "IPAM driver \"%s\" is not available: addresses are given by coffer itself",
			       options->ipam_driver);
	if (options->scope && !streq(options->scope, "local"))
		return err_set(err, ERR_UNSUPPORTED, "scope \"%s\" is not available: there is no swarm",
			       options->scope);
	return 0;
}

/* Podman's word for what has another one with each driver. */
static void take_interface(struct create_options *options)
{
	bool bridge = !options->driver || streq(options->driver, "bridge");
	if (options->interface)
		strv_take(&options->driver_options,
			  mem_printf("%s=%s", bridge ? "com.docker.network.bridge.name" : "parent",
				     options->interface));
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	struct create_options *options = data;
	take_interface(options);
	const struct network_request request = {
		.name = args[0],
		.driver = options->driver,
		.subnets = options->subnets,
		.gateways = options->gateways,
		.ranges = options->ranges,
		.auxiliary = options->auxiliary,
		.ipv6 = options->ipv6,
		.internal = options->internal,
		.options = options->driver_options,
		.labels = options->labels,
	};
	_cleanup_network_ struct network_record *record = NULL;
	struct error why = { 0 };
	int r = check_only_ones(options, err);
	if (r < 0)
		return r;
	r = engine_network_create(cli->engine, &request, &record, &why);
	if (r == -ERR_EXISTS && options->ignore)
		r = engine_network_find(cli->engine, args[0], &record, err);
	else if (r < 0 && err)
		*err = why;
	if (r >= 0)
		puts(record->id);
	return r < 0 ? r : 0;
}

typedef struct create_options self;

static const struct option OPTIONS[] = {
	OPT_BOOL(self, attachable, 0, "attachable", "As without it: all containers can be plugged into all networks"),
	OPT_LIST(self, auxiliary, 0, "aux-address", "Give nobody this address of somebody else's, as NAME=ADDRESS"),
	OPT_STRING(self, driver, 'd', "driver", "string",
		   "Driver of the network: bridge, macvlan or ipvlan (\"bridge\")"),
	OPT_LIST(self, gateways, 0, "gateway",
		 "Address of the bridge itself, or of the router behind a parent interface"),
	OPT_BOOL(self, ignore, 0, "ignore", "Do not mind if there is one of that name, and print its ID"),
	OPT_STRING(self, interface, 0, "interface-name", "string",
		   "Name of the bridge, or the parent interface of another driver"),
	OPT_BOOL(self, internal, 0, "internal", "Let nothing in or out but by the host itself"),
	OPT_LIST(self, ranges, 0, "ip-range", "Give containers addresses from this part of the subnet"),
	OPT_STRING(self, ipam_driver, 0, "ipam-driver", "string", "Who gives addresses: coffer itself (\"default\")"),
	OPT_BOOL(self, ipv4, 0, "ipv4", "Give containers IPv4 addresses, which is always so"),
	OPT_BOOL(self, ipv6, 0, "ipv6", "Give containers IPv6 addresses as well"),
	OPT_LIST(self, labels, 0, "label", "Set metadata on the network"),
	OPT_LIST(self, driver_options, 'o', "opt",
		 "Options of the driver, such as parent=eth0 or com.docker.network.driver.mtu=1400"),
	OPT_STRING(self, scope, 0, "scope", "string", "How far it reaches: to the end of this host (\"local\")"),
	OPT_LIST(self, subnets, 0, "subnet", "Subnet, such as 10.89.0.0/16 or fd00:1::/64"),
	OPT_REFUSED(0, "config-from", "there are no networks of options alone; give them to each network"),
	OPT_REFUSED(0, "config-only", "there are no networks of options alone; give them to each network"),
	OPT_REFUSED(0, "disable-dns", "names are served on each network but the default one"),
	OPT_REFUSED(0, "dns",
		    "names of the world are asked of the host's name servers, or those of `coffer run --dns`"),
	OPT_REFUSED(0, "ingress", "there is no swarm"),
	OPT_REFUSED(0, "ipam-opt", "addresses are given by coffer itself"),
	OPT_REFUSED(0, "route", "containers have one way out, the gateway of the network with the highest gw-priority"),
	OPT_END,
};

const struct command command_network_create = {
	.name = "network create",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] NETWORK",
	.summary = "Create a network",
	.description =
		"Prints its ID. Without *--subnet* one is chosen that neither another network nor the host uses. What "
		"needs links of the kernel is made when the first container is started on the network.\n\n"
		"The containers of a *macvlan* or *ipvlan* network are machines of their own on the network that the host's "
		"interface *parent* is on (*eth0*, or a VLAN of it such as *eth0.50*, which is made if it is missing). Without "
		"a parent they are among themselves. They do not reach the host, nor does it reach them; ports are not "
		"published, and need not be. Options: *macvlan_mode* (*bridge*, *private*, *vepa*, *passthru*), *ipvlan_mode* "
		"(*l2*, *l3*, *l3s*), *ipvlan_flag* (*bridge*, *private*, *vepa*).\n\n"
		"Options of a *bridge*, each behind *com.docker.network.bridge.*: *name*, *enable_icc*, "
		"*enable_ip_masquerade*, *gateway_mode_ipv4*, *gateway_mode_ipv6*, *host_binding_ipv4*.\n\n"
		"With the gateway mode *nat*, containers are seen by the world as the host, and reached by ports of the host. With "
		"*routed* they are seen and reached by their own addresses, which others have to route to this host: *--publish* opens "
		"the container's port to them, ping is answered, and nothing else gets in; the number of a port of the host does not "
		"matter. With *nat-unprotected*, each port of each container is reached by its own address as well.\n\n"
		"No container of a *bridge* can send packets with the address of another one, or of the network's gateway, whatever its "
		"capabilities. Addresses that nobody was given are nobody's: containers may route, or share an address that "
		"moves among them. With *--opt com.coffer.spoof=deny* those of the network send with nothing but what they "
		"were given, which is so on all networks while there are policies (see coffer-network-policy(1)); with "
		"*--opt com.coffer.spoof=allow*, they may send with what they like.",
	.examples =
		(const struct example[]){
			{ "network create front", "A network with a subnet that is free" },
			{ "network create --internal --subnet 10.89.1.0/24 db", "One that leads nowhere" },
			{ "network create -d macvlan -o parent=eth0 --subnet 192.0.2.0/24 --gateway 192.0.2.1 lan",
			  "Containers on the network of the host's eth0" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct create_options),
	.defaults = &DEFAULTS,
	.run = run,
};
