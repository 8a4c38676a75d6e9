/* SPDX-License-Identifier: Apache-2.0 */
#include "network/link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <unistd.h>

#include "base/netlink.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "network/link-request.h"
#include "network/tool.h"

enum { LOOPBACK_INDEX = 1 }; /* of every network namespace */

/* Requests about one link have the same shape but for the flags and what follows. */
void link_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const char *name, bool up, const char *verb)
{
	const struct ifinfomsg head = {
		.ifi_family = AF_UNSPEC,
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = up ? IFF_UP : 0,
	};
	netlink_begin(batch, type, flags, &head, sizeof head, "%s \"%s\"", verb, name);
	netlink_put_string(batch, IFLA_IFNAME, name);
}

void link_put_kind(struct netlink_batch *batch, const char *kind)
{
	size_t info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, kind);
	netlink_nest_end(batch, info);
}

static int remember(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const struct nlattr *table[IFLA_IFALIAS + 1];
	struct link *link = context;
	netlink_attributes(message, sizeof *info, table, ARRAY_SIZE(table));
	link->index = info->ifi_index;
	link->is_up = info->ifi_flags & IFF_UP;
	if (table[IFLA_MASTER])
		memcpy(&link->master, netlink_data(table[IFLA_MASTER]), sizeof link->master);
	if (table[IFLA_LINK])
		memcpy(&link->peer, netlink_data(table[IFLA_LINK]), sizeof link->peer);
	if (table[IFLA_IFALIAS])
		str_copy(link->alias, MIN(sizeof link->alias, netlink_length(table[IFLA_IFALIAS]) + 1),
			 netlink_data(table[IFLA_IFALIAS]));
	return 0;
}

int link_look(int rtnl, const char *name, struct link *ret, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	struct error why = { 0 };
	struct link link = { 0 };
	link_begin(&batch, RTM_GETLINK, 0, name, false, "find the network interface");
	int r = netlink_query(rtnl, &batch, remember, &link, &why);
	if (r < 0 && why.sys_errno == ENODEV)
		return err_set(err, ERR_NOT_FOUND, "there is no network interface \"%s\"", name);
	if (r < 0 && err)
		*err = why;
	if (r >= 0)
		*ret = link;
	return r;
}

int link_find(int rtnl, const char *name, struct error *err)
{
	struct link link;
	int r = link_look(rtnl, name, &link, err);
	return r < 0 ? r : link.index;
}

/* Links of a kind that is in no part of this kernel, nor in a module that it could load. */
int link_commit_kind(int rtnl, struct netlink_batch *batch, const char *kind, struct error *err)
{
	struct error why = { 0 };
	int r = netlink_commit(rtnl, batch, &why);
	if (r < 0 && why.sys_errno == EOPNOTSUPP) {
		err_set(err, ERR_UNSUPPORTED, "this kernel has no network interfaces of the kind \"%s\"", kind);
		return err_hint(err, "modprobe %s", kind);
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

static void add_address(struct netlink_batch *batch, int index, const struct cidr *address, const char *name)
{
	char text[CIDR_TEXT_MAX];
	if (address->family == 0)
		return;
	const struct ifaddrmsg head = {
		.ifa_family = (uint8_t)address->family,
		.ifa_prefixlen = (uint8_t)address->prefix,
		.ifa_index = (uint32_t)index,
	};
	netlink_begin(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head, "give \"%s\" the address %s",
		      name, cidr_text(address, text));
	netlink_allow(batch, EEXIST);
	netlink_put(batch, IFA_LOCAL, address->bytes, cidr_length(address));
	netlink_put(batch, IFA_ADDRESS, address->bytes, cidr_length(address));
	if (address->family == AF_INET) {
		struct cidr last = cidr_last(address);
		netlink_put(batch, IFA_BROADCAST, last.bytes, cidr_length(&last));
	} else {
		/* Nobody else has it: it is ours to give, so it can be used at once. */
		netlink_put_u32(batch, IFA_FLAGS, IFA_F_NODAD);
	}
}

/* --- bridges --- */

/* Its own, so that it does not change with what is plugged in: "02:42" marks a local one, as Docker does. */
static void put_bridge_mac(struct netlink_batch *batch, const struct cidr *gateway)
{
	uint8_t mac[MAC_LENGTH] = { 0x02, 0x42 };
	if (gateway->family != AF_INET)
		return;
	memcpy(mac + 2, gateway->bytes, 4);
	netlink_put(batch, IFLA_ADDRESS, mac, sizeof mac);
}

int bridge_make(int rtnl, const struct bridge *bridge, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	link_begin(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, bridge->name, false, "make the bridge");
	netlink_allow(&batch, EEXIST);
	put_bridge_mac(&batch, &bridge->gateway);
	if (bridge->mtu > 0)
		netlink_put_u32(&batch, IFLA_MTU, bridge->mtu);
	link_put_kind(&batch, "bridge");
	int r = link_commit_kind(rtnl, &batch, "bridge", err);
	int index = r < 0 ? r : link_find(rtnl, bridge->name, err);
	if (index < 0)
		return index;
	add_address(&batch, index, &bridge->gateway, bridge->name);
	add_address(&batch, index, &bridge->gateway6, bridge->name);
	link_begin(&batch, RTM_NEWLINK, 0, bridge->name, true, "bring up the bridge");
	if (bridge->alias)
		netlink_put(&batch, IFLA_IFALIAS, bridge->alias, strlen(bridge->alias));
	return netlink_commit(rtnl, &batch, err);
}

static int need_bridge_netfilter(struct error *err)
{
	static const char setting[] = "/proc/sys/net/bridge/bridge-nf-call-iptables", module[] = "br_netfilter";
	const char *modprobe = access(setting, F_OK) == 0 ? NULL : tool_find("modprobe");
	if (modprobe) {
		char *argv[] = { (char *)"modprobe", (char *)"-q", (char *)module, NULL };
		const struct process_spawn spawn = { .path = modprobe, .argv = argv, .stdio = { -1, -1, -1 } };
		(void)process_run(&spawn, NULL);
	}
	if (access(setting, F_OK) == 0)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "cannot filter what passes within a network: the kernel's module %s is not there",
		module);
	return err_hint(err, "modprobe %s", module);
}

int bridge_filter_ports(int rtnl, const char *name, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	int r = need_bridge_netfilter(err);
	if (r < 0)
		return r;
	link_begin(&batch, RTM_NEWLINK, 0, name, false, "filter what passes through the bridge");
	size_t info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_string(&batch, IFLA_INFO_KIND, "bridge");
	size_t data = netlink_nest(&batch, IFLA_INFO_DATA);
	netlink_put_u8(&batch, IFLA_BR_NF_CALL_IPTABLES, 1);
	netlink_put_u8(&batch, IFLA_BR_NF_CALL_IP6TABLES, 1);
	netlink_nest_end(&batch, data);
	netlink_nest_end(&batch, info);
	return netlink_commit(rtnl, &batch, err);
}

int link_set_alias(int rtnl, const char *name, const char *alias, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	link_begin(&batch, RTM_NEWLINK, 0, name, false, "set up the network interface");
	netlink_put(&batch, IFLA_IFALIAS, alias, strlen(alias));
	return netlink_commit(rtnl, &batch, err);
}

int link_remove(int rtnl, const char *name, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	link_begin(&batch, RTM_DELLINK, 0, name, false, "remove the network interface");
	netlink_allow(&batch, ENODEV);
	return netlink_commit(rtnl, &batch, err);
}

/* --- pairs --- */

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

/* The peer is described as a link of its own, head and all, inside of an attribute. */
static void put_peer(struct netlink_batch *batch, const struct veth *veth)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	size_t peer = netlink_nest(batch, VETH_INFO_PEER);
	netlink_put_raw(batch, &head, sizeof head);
	netlink_put_string(batch, IFLA_IFNAME, veth->inside);
	netlink_put_u32(batch, IFLA_NET_NS_FD, (uint32_t)veth->netns);
	if (!is_zero(veth->mac, sizeof veth->mac))
		netlink_put(batch, IFLA_ADDRESS, veth->mac, sizeof veth->mac);
	if (veth->mtu > 0)
		netlink_put_u32(batch, IFLA_MTU, veth->mtu);
	netlink_nest_end(batch, peer);
}

static void put_veth(struct netlink_batch *batch, const struct veth *veth)
{
	size_t info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, "veth");
	size_t data = netlink_nest(batch, IFLA_INFO_DATA);
	put_peer(batch, veth);
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, info);
}

/*
 * A container that asks for a port of its own, published on the host, is answered through the port of the bridge that its
 * question came by. Where bridges call the packet filter (br_netfilter), the kernel does that only when told.
 */
static void put_port(struct netlink_batch *batch, bool apart)
{
	size_t info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_SLAVE_KIND, "bridge");
	size_t data = netlink_nest(batch, IFLA_INFO_SLAVE_DATA);
	netlink_put_u8(batch, IFLA_BRPORT_MODE, 1);
	netlink_put_u8(batch, IFLA_BRPORT_ISOLATED, apart);
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, info);
}

/*
 * What stands in a bridge needs no address, but would get one of IPv6, and with it routes, among which the kernel looks for its
 * own at every change of a link: that makes each link dearer than the one before. A kernel without IPv6 knows no such thing.
 */
static void put_no_address(struct netlink_batch *batch)
{
	netlink_allow(batch, EAFNOSUPPORT);
	size_t families = netlink_nest(batch, IFLA_AF_SPEC);
	size_t ipv6 = netlink_nest(batch, AF_INET6);
	netlink_put_u8(batch, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	netlink_nest_end(batch, ipv6);
	netlink_nest_end(batch, families);
}

int veth_make(int rtnl, const struct veth *veth, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	int bridge = link_find(rtnl, veth->bridge, err);
	if (bridge < 0)
		return bridge;
	link_begin(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, veth->name, false, "make the network interface");
	netlink_put_u32(&batch, IFLA_MASTER, (uint32_t)bridge);
	if (veth->mtu > 0)
		netlink_put_u32(&batch, IFLA_MTU, veth->mtu);
	put_veth(&batch, veth);
	/* What a new link cannot have from the start. */
	link_begin(&batch, RTM_NEWLINK, 0, veth->name, false, "set up the network interface");
	put_no_address(&batch);
	link_begin(&batch, RTM_NEWLINK, 0, veth->name, true, "set up the network interface");
	netlink_put(&batch, IFLA_IFALIAS, veth->alias, strlen(veth->alias));
	put_port(&batch, veth->apart);
	return link_commit_kind(rtnl, &batch, "veth", err);
}

int link_plug(int rtnl, const char *name, const char *bridge, bool apart, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	struct link link;
	int index = link_find(rtnl, bridge, err);
	if (index < 0)
		return index;
	if (link_look(rtnl, name, &link, NULL) < 0 || link.master == index)
		return 0;
	link_begin(&batch, RTM_NEWLINK, 0, name, true, "plug in the network interface");
	netlink_allow(&batch, ENODEV);
	netlink_put_u32(&batch, IFLA_MASTER, (uint32_t)index);
	link_begin(&batch, RTM_NEWLINK, 0, name, false, "set up the network interface");
	netlink_allow(&batch, ENODEV);
	put_port(&batch, apart);
	return netlink_commit(rtnl, &batch, err);
}

/* A bridge learns from what it sees, but for entries that stick (Documentation/networking/bridge.rst, bridge(8), "sticky"). */
int link_pin(int rtnl, const char *name, const uint8_t mac[static MAC_LENGTH], struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	struct link link;
	int r = is_zero(mac, MAC_LENGTH) ? -ERR_NOT_FOUND : link_look(rtnl, name, &link, err);
	if (r < 0)
		return r == -ERR_NOT_FOUND ? 0 : r;
	const struct ndmsg head = {
		.ndm_family = AF_BRIDGE,
		.ndm_ifindex = link.index,
		.ndm_state = NUD_NOARP,
		.ndm_flags = NTF_MASTER | NTF_STICKY,
	};
	netlink_begin(&batch, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head,
		      "tell the bridge what is behind \"%s\"", name);
	netlink_put(&batch, NDA_LLADDR, mac, MAC_LENGTH);
	return netlink_commit(rtnl, &batch, err);
}

static int count_link(const struct nlmsghdr *message, void *context)
{
	++*(int *)context;
	return 0;
}

int bridge_count_ports(int rtnl, int bridge, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	int count = 0;
	netlink_begin(&batch, RTM_GETLINK, NLM_F_DUMP, &head, sizeof head, "list what is plugged into a bridge");
	netlink_put_u32(&batch, IFLA_MASTER, (uint32_t)bridge);
	netlink_put_u32(&batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	int r = netlink_query(rtnl, &batch, count_link, &count, err);
	return r < 0 ? r : count;
}

/* --- inside --- */

/* A @gateway of zeroes is none: everything is on the link itself. */
static void add_default_route(struct netlink_batch *batch, int index, const struct cidr *gateway, const char *name)
{
	char text[CIDR_TEXT_MAX];
	bool direct = is_zero(gateway->bytes, sizeof gateway->bytes);
	if (gateway->family == 0)
		return;
	const struct rtmsg head = {
		.rtm_family = (uint8_t)gateway->family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	netlink_begin(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head,
		      "route by way of %s through \"%s\"", cidr_address_text(gateway, text), name);
	if (!direct)
		netlink_put(batch, RTA_GATEWAY, gateway->bytes, cidr_length(gateway));
	netlink_put_u32(batch, RTA_OIF, (uint32_t)index);
}

static void up_by_index(struct netlink_batch *batch, int index, const char *name)
{
	const struct ifinfomsg head = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	netlink_begin(batch, RTM_NEWLINK, 0, &head, sizeof head, "bring up the network interface \"%s\"", name);
}

int link_configure(int rtnl, const struct link_setup *setup, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	int index = link_find(rtnl, setup->name, err);
	if (index < 0)
		return index;
	add_address(&batch, index, &setup->address, setup->name);
	add_address(&batch, index, &setup->address6, setup->name);
	up_by_index(&batch, index, setup->name);
	add_default_route(&batch, index, &setup->gateway, setup->name);
	add_default_route(&batch, index, &setup->gateway6, setup->name);
	return netlink_commit(rtnl, &batch, err);
}

int link_loopback_up(int rtnl, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	up_by_index(&batch, LOOPBACK_INDEX, "lo");
	return netlink_commit(rtnl, &batch, err);
}

/* --- routes --- */

struct route_search {
	const struct cidr *subnet;
	bool found;
};

static int compare_route(const struct nlmsghdr *message, void *context)
{
	struct route_search *search = context;
	const struct rtmsg *route = NLMSG_DATA(message);
	const struct nlattr *table[RTA_DST + 1];
	struct cidr destination = { .family = route->rtm_family, .prefix = route->rtm_dst_len };
	netlink_attributes(message, sizeof *route, table, ARRAY_SIZE(table));
	if (!table[RTA_DST] || route->rtm_dst_len == 0 || route->rtm_type != RTN_UNICAST)
		return 0;
	memcpy(destination.bytes, netlink_data(table[RTA_DST]),
	       MIN(netlink_length(table[RTA_DST]), sizeof destination.bytes));
	search->found |= destination.family == search->subnet->family && cidr_overlaps(&destination, search->subnet);
	return 0;
}

int route_overlaps(int rtnl, const struct cidr *subnet, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	struct route_search search = { .subnet = subnet };
	const struct rtmsg head = { .rtm_family = (uint8_t)subnet->family };
	netlink_begin(&batch, RTM_GETROUTE, NLM_F_DUMP, &head, sizeof head, "read the host's routes");
	int r = netlink_query(rtnl, &batch, compare_route, &search, err);
	return r < 0 ? r : search.found;
}
