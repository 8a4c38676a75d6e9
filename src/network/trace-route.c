/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/netlink.h"
#include "base/str.h"
#include "base/util.h"
#include "network/netns-work.h"
#include "network/trace.h"

static int open_socket(void *argument, struct error *err)
{
	return netlink_open(NETLINK_ROUTE, err);
}

int trace_open(int netns, struct error *err)
{
	return netns_work(netns, open_socket, NULL, err);
}

static struct cidr read_address(const struct nlattr *attribute, sa_family_t family)
{
	struct cidr address = { .family = family };
	if (!attribute || netlink_length(attribute) < cidr_length(&address))
		return (struct cidr){ 0 };
	memcpy(address.bytes, netlink_data(attribute), cidr_length(&address));
	address.prefix = cidr_bits(&address);
	return address;
}

static uint32_t read_number(const struct nlattr *attribute)
{
	uint32_t number = 0;
	if (attribute && netlink_length(attribute) >= sizeof number)
		memcpy(&number, netlink_data(attribute), sizeof number);
	return number;
}

/* --- links --- */

static int look_at_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const struct nlattr *table[IFLA_MTU + 1];
	struct trace_link *link = context;
	netlink_attributes(message, sizeof *info, table, ARRAY_SIZE(table));
	if (table[IFLA_IFNAME])
		str_copy(link->name, sizeof link->name, netlink_data(table[IFLA_IFNAME]));
	link->mtu = read_number(table[IFLA_MTU]);
	link->is_up = info->ifi_flags & IFF_UP;
	return 0;
}

/* By its name, or with NULL by its index. */
static int query_link(int rtnl, const char *name, int index, struct trace_link *ret, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct trace_link link = { 0 };
	struct error why = { 0 };
	netlink_begin(&batch, RTM_GETLINK, 0, &head, sizeof head, "look at a network interface");
	if (name)
		netlink_put_string(&batch, IFLA_IFNAME, name);
	int r = netlink_query(rtnl, &batch, look_at_link, &link, &why);
	if (r < 0 && why.sys_errno == ENODEV)
		return err_set(err, ERR_NOT_FOUND, "there is no network interface \"%s\"", name ? name : "?");
	if (r < 0 && err)
		*err = why;
	if (r >= 0)
		*ret = link;
	return r;
}

int trace_link(int rtnl, const char *name, struct trace_link *ret, struct error *err)
{
	return query_link(rtnl, name, 0, ret, err);
}

/* --- routes --- */

static int look_at_route(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = NLMSG_DATA(message);
	const struct nlattr *table[RTA_METRICS + 1], *metrics[RTAX_MTU + 1];
	struct trace_route *ret = context;
	netlink_attributes(message, sizeof *route, table, ARRAY_SIZE(table));
	netlink_nested(table[RTA_METRICS], metrics, ARRAY_SIZE(metrics));
	ret->is_local = route->rtm_type == RTN_LOCAL;
	ret->network = read_address(table[RTA_DST], route->rtm_family);
	ret->network.family = route->rtm_family; /* a default route names none */
	ret->network.prefix = route->rtm_dst_len;
	ret->gateway = read_address(table[RTA_GATEWAY], route->rtm_family);
	ret->source = read_address(table[RTA_PREFSRC], route->rtm_family);
	ret->index = (int)read_number(table[RTA_OIF]);
	ret->mtu = read_number(metrics[RTAX_MTU]);
	return 0;
}

/* @flags: 0 for what one packet would do, RTM_F_FIB_MATCH for the route that says so. */
static int query_route(int rtnl, const struct cidr *address, unsigned flags, struct trace_route *ret, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	char text[CIDR_TEXT_MAX];
	const struct rtmsg head = {
		.rtm_family = (uint8_t)address->family,
		.rtm_dst_len = (uint8_t)cidr_bits(address),
		.rtm_flags = flags,
	};
	netlink_begin(&batch, RTM_GETROUTE, 0, &head, sizeof head, "find the way to %s",
		      cidr_address_text(address, text));
	netlink_put(&batch, RTA_DST, address->bytes, cidr_length(address));
	return netlink_query(rtnl, &batch, look_at_route, ret, err);
}

static bool means_none(int sys_errno)
{
	return sys_errno == ENETUNREACH || sys_errno == EHOSTUNREACH || sys_errno == EACCES || sys_errno == EINVAL;
}

int trace_route(int rtnl, const struct cidr *address, struct trace_route *ret, struct error *err)
{
	struct trace_route route = { 0 }, rule = { 0 };
	struct trace_link link = { 0 };
	struct error why = { 0 };
	char text[CIDR_TEXT_MAX];
	int r = query_route(rtnl, address, 0, &route, &why);
	if (r < 0 && means_none(why.sys_errno))
		return err_set(err, ERR_NOT_FOUND, "no route to %s", cidr_address_text(address, text));
	if (r >= 0)
		r = query_link(rtnl, NULL, route.index, &link, &why);
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	if (query_route(rtnl, address, RTM_F_FIB_MATCH, &rule, NULL) >= 0)
		route.network = rule.network;
	str_copy(route.device, sizeof route.device, link.name);
	route.mtu = route.mtu && route.mtu < link.mtu ? route.mtu : link.mtu;
	*ret = route;
	return 0;
}

/* --- neighbours --- */

static int look_at_neighbour(const struct nlmsghdr *message, void *context)
{
	const struct ndmsg *neighbour = NLMSG_DATA(message);
	*(uint16_t *)context = neighbour->ndm_state;
	return 0;
}

static const char *state_name(uint16_t state)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} names[] = {
		{ NUD_REACHABLE, "reachable" }, { NUD_STALE, "stale" },		  { NUD_DELAY, "delay" },
		{ NUD_PROBE, "probe" },		{ NUD_PERMANENT, "permanent" },	  { NUD_NOARP, "noarp" },
		{ NUD_FAILED, "failed" },	{ NUD_INCOMPLETE, "incomplete" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (state & names[i].bit)
			return names[i].name;
	return NULL;
}

int trace_neighbour(int rtnl, int index, const struct cidr *address, const char **ret, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct ndmsg head = { .ndm_family = (uint8_t)address->family, .ndm_ifindex = index };
	struct error why = { 0 };
	uint16_t state = 0;
	netlink_begin(&batch, RTM_GETNEIGH, 0, &head, sizeof head, "look for a neighbour");
	netlink_put(&batch, NDA_DST, address->bytes, cidr_length(address));
	int r = netlink_query(rtnl, &batch, look_at_neighbour, &state, &why);
	if (r < 0 && why.sys_errno != ENOENT) {
		if (err)
			*err = why;
		return r;
	}
	*ret = state_name(state);
	return 0;
}
