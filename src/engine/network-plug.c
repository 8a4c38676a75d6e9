/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-plug.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/network-driver.h"
#include "network/link.h"
#include "network/shape.h"
#include "network/stacked.h"

enum { PATIENCE_MS = 5000, PAUSE_MS = 10 };

/* --- the way out --- */

static int64_t priority_of(const struct container_spec *spec, const char *network)
{
	for (size_t i = 0; i < spec->n_endpoints; i++)
		if (streq(spec->endpoints[i].network, network))
			return spec->endpoints[i].priority;
	return 0;
}

static bool is_better(const struct container_spec *spec, const struct network_record *a, const struct network_record *b)
{
	int64_t first = priority_of(spec, a->name), second = priority_of(spec, b->name);
	return first != second ? first > second : strcmp(a->name, b->name) < 0;
}

int network_way_out(const struct container_spec *spec, struct network_record *const *networks,
		    const struct endpoint_list *endpoints)
{
	int best = -1;
	for (size_t i = 0; i < endpoints->count; i++)
		if (!networks[i]->internal && (best < 0 || is_better(spec, networks[i], networks[best])))
			best = (int)i;
	return best;
}

int network_way_in(struct network_record *const *networks, const struct endpoint_list *endpoints, int way_out)
{
	size_t place = (size_t)MAX(way_out, 0);
	return place < endpoints->count && network_is_bridge(networks[place]) ? (int)place : -1;
}

void network_say_unpublished(const struct container_spec *spec, const struct network_record *network)
{
	if (spec->ports || spec->publish_all)
		log_warn(
			"ports are not published: the container's way out is the network \"%s\" (%s), which does not pass "
			"by this host; from outside it has an address of its own there",
			network->name, network->driver);
}

/* In the third layer there are no neighbours, and so no gateway. */
static void set_gateways(const struct network_record *network, struct link_setup *setup)
{
	bool direct = streq(network->driver, "ipvlan") && network->mode != IPVLAN_MODE_L2;
	setup->gateway = direct ? (struct cidr){ .family = network->gateway.family } : network->gateway;
	setup->gateway6 = direct ? (struct cidr){ .family = network->gateway6.family } : network->gateway6;
}

int network_lead_out(const struct netns *netns, const struct network_record *network, const struct endpoint *endpoint,
		     struct error *err)
{
	struct link_setup setup = { .name = endpoint->interface };
	set_gateways(network, &setup);
	return link_configure(netns->rtnl, &setup, err);
}

/* --- a place --- */

static void parse_mac(const char *text, uint8_t mac[MAC_LENGTH])
{
	char *at = (char *)text;
	for (int i = 0; i < MAC_LENGTH; i++) {
		mac[i] = (uint8_t)strtoul(at, &at, 16);
		at += *at == ':';
	}
}

static int configure(const struct netns *netns, const struct network_record *network, const struct endpoint *endpoint,
		     bool leads_out, struct error *err)
{
	struct link_setup setup = {
		.name = endpoint->interface,
		.address = endpoint->address,
		.address6 = endpoint->address6,
	};
	if (leads_out)
		set_gateways(network, &setup);
	return link_configure(netns->rtnl, &setup, err);
}

int network_pin(int rtnl, const struct network_record *network, const struct endpoint *endpoint, struct error *err)
{
	uint8_t mac[MAC_LENGTH];
	parse_mac(endpoint->mac, mac);
	return network->spoof == SPOOF_ALLOW ? 0 : link_pin(rtnl, endpoint->link, mac, err);
}

static int make_pair(int rtnl, const struct netns *netns, const struct network_record *network,
		     const struct endpoint *endpoint, const char *name, struct error *err)
{
	struct veth veth = {
		.name = endpoint->link,
		.alias = name,
		.bridge = network->bridge,
		.inside = endpoint->interface,
		.netns = netns->fd,
		.mtu = network->mtu,
		.apart = network->apart,
	};
	parse_mac(endpoint->mac, veth.mac);
	int r = veth_make(rtnl, &veth, err);
	return r < 0 ? r : network_pin(rtnl, network, endpoint, err);
}

static int make_stacked(int rtnl, const struct netns *netns, const struct network_record *network,
			const struct endpoint *endpoint, struct error *err)
{
	struct stacked stacked = {
		.kind = network->driver,
		.parent = network_parent(network),
		.inside = endpoint->interface,
		.netns = netns->fd,
		.mode = network->mode,
		.flags = network->flags,
		.mtu = network->mtu,
	};
	parse_mac(endpoint->mac, stacked.mac);
	return stacked_make(rtnl, &stacked, err);
}

/*
 * The kernel takes its time to remove the links of a container that has ended, and meanwhile no other one on that parent can
 * have the MAC address.
 */
static int configure_patiently(const struct netns *netns, const struct network_record *network,
			       const struct endpoint *endpoint, bool leads_out, struct error *err)
{
	static const struct timespec moment = { .tv_nsec = PAUSE_MS * NSEC_PER_MSEC };
	struct error why = { 0 };
	int r = configure(netns, network, endpoint, leads_out, &why);
	for (int i = 0; i < PATIENCE_MS / PAUSE_MS && r < 0 && why.sys_errno == EADDRINUSE; i++) {
		(void)nanosleep(&moment, NULL);
		err_clear(&why);
		r = configure(netns, network, endpoint, leads_out, &why);
	}
	if (r < 0 && why.sys_errno == EADDRINUSE)
		return err_set(err, ERR_BUSY, "MAC address %s: another interface on \"%s\" has it", endpoint->mac,
			       network_parent(network));
	if (r < 0 && err)
		*err = why;
	return r;
}

int network_plug(int rtnl, const struct netns *netns, const struct network_record *network,
		 const struct endpoint *endpoint, const char *name, bool leads_out, struct error *err)
{
	int r = network_is_bridge(network) ? make_pair(rtnl, netns, network, endpoint, name, err)
					   : make_stacked(rtnl, netns, network, endpoint, err);
	if (r >= 0 && endpoint->address6.family && !netns->ipv6)
		r = netns_allow_ipv6(netns, endpoint->interface, err);
	return r < 0 ? r : configure_patiently(netns, network, endpoint, leads_out, err);
}

int network_unplug(int rtnl, const struct netns *netns, const struct network_record *network,
		   const struct endpoint *endpoint, struct error *err)
{
	return network_is_bridge(network) ? link_remove(rtnl, endpoint->link, err)
					  : link_remove(netns->rtnl, endpoint->interface, err);
}

int network_shape(int rtnl, const struct netns *netns, const struct network_record *network,
		  const struct endpoint *endpoint, const struct endpoint_request *request, struct error *err)
{
	const char *text = env_value(request->options, ENDPOINT_RATE_OPTION);
	uint64_t rate;
	if (text && !network_is_bridge(network))
		return err_set(
			err, ERR_UNSUPPORTED,
			"limit the rate on the network \"%s\": this host sees nothing of what a %s network sends to "
			"a container",
			network->name, network->driver);
	int r = text ? shape_parse_rate(text, &rate, err) : 0;
	if (r >= 0 && text)
		r = shape_link(rtnl, endpoint->link, rate, err);
	if (r >= 0 && text)
		r = shape_link(netns->rtnl, endpoint->interface, rate, err);
	return r;
}
