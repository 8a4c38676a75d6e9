/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-plug.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "network/link.h"
#include "network/shape.h"

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

int network_lead_out(const struct netns *netns, const struct network_record *network, const struct endpoint *endpoint,
		     struct error *err)
{
	const struct link_setup setup = {
		.name = endpoint->interface,
		.gateway = network->gateway,
		.gateway6 = network->gateway6,
	};
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
	if (leads_out) {
		setup.gateway = network->gateway;
		setup.gateway6 = network->gateway6;
	}
	return link_configure(netns->rtnl, &setup, err);
}

int network_plug(int rtnl, const struct netns *netns, const struct network_record *network,
		 const struct endpoint *endpoint, const char *name, bool leads_out, struct error *err)
{
	struct veth veth = {
		.name = endpoint->link,
		.alias = name,
		.bridge = network->bridge,
		.inside = endpoint->interface,
		.netns = netns->fd,
		.mtu = network->mtu,
	};
	parse_mac(endpoint->mac, veth.mac);
	int r = veth_make(rtnl, &veth, err);
	if (r >= 0 && endpoint->address6.family && !netns->ipv6)
		r = netns_allow_ipv6(netns, endpoint->interface, err);
	return r < 0 ? r : configure(netns, network, endpoint, leads_out, err);
}

int network_shape(int rtnl, const struct netns *netns, const struct endpoint *endpoint,
		  const struct endpoint_request *request, struct error *err)
{
	const char *text = env_value(request->options, ENDPOINT_RATE_OPTION);
	uint64_t rate;
	int r = text ? shape_parse_rate(text, &rate, err) : 0;
	if (r >= 0 && text)
		r = shape_link(rtnl, endpoint->link, rate, err);
	if (r >= 0 && text)
		r = shape_link(netns->rtnl, endpoint->interface, rate, err);
	return r;
}
