/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/net-devices.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/netlink.h"
#include "base/str.h"
#include "base/util.h"

bool net_device_name_is_valid(const char *name)
{
	if (!*name || strlen(name) >= IFNAMSIZ || streq(name, ".") || streq(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	return true;
}

/* --- what is there --- */

/* The parts of an address that have a meaning elsewhere. */
struct address {
	struct ifaddrmsg header;
	uint32_t flags, priority;
	struct {
		unsigned char bytes[16];
		size_t len; /* 0: none */
	} address, local, broadcast;
};

struct addresses {
	unsigned index; /* of the device */
	struct address *items;
	size_t count;
};

static void addresses_done(struct addresses *addresses)
{
	free(addresses->items);
}

static void copy_part(const struct nlattr *attribute, void *bytes, size_t size, size_t *len)
{
	if (!attribute || netlink_length(attribute) > size)
		return;
	*len = netlink_length(attribute);
	memcpy(bytes, netlink_data(attribute), *len);
}

static uint32_t number_in(const struct nlattr *attribute, uint32_t otherwise)
{
	uint32_t number = otherwise;
	if (attribute && netlink_length(attribute) == sizeof number)
		memcpy(&number, netlink_data(attribute), sizeof number);
	return number;
}

/* Only those that are to last, and are good beyond the link: the others the kernel makes again by itself. */
static int take_address(const struct nlmsghdr *message, void *context)
{
	struct addresses *addresses = context;
	const struct nlattr *attributes[IFA_MAX + 1] = { NULL };
	struct address address = { 0 };
	if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof address.header))
		return 0;
	memcpy(&address.header, NLMSG_DATA(message), sizeof address.header);
	netlink_attributes(message, sizeof address.header, attributes, ARRAY_SIZE(attributes));
	address.flags = number_in(attributes[IFA_FLAGS], address.header.ifa_flags);
	address.priority = number_in(attributes[IFA_RT_PRIORITY], 0);
	if (address.header.ifa_index != addresses->index || !(address.flags & IFA_F_PERMANENT) ||
	    address.header.ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	copy_part(attributes[IFA_ADDRESS], address.address.bytes, sizeof address.address.bytes, &address.address.len);
	copy_part(attributes[IFA_LOCAL], address.local.bytes, sizeof address.local.bytes, &address.local.len);
	copy_part(attributes[IFA_BROADCAST], address.broadcast.bytes, sizeof address.broadcast.bytes,
		  &address.broadcast.len);
	*ARRAY_APPEND(addresses->items, addresses->count) = address;
	return 0;
}

static int read_addresses(int sock, struct addresses *addresses, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };
	netlink_begin(&batch, RTM_GETADDR, NLM_F_DUMP, &header, sizeof header, "read the addresses of network devices");
	return netlink_query(sock, &batch, take_address, addresses, err);
}

struct link {
	unsigned index;
	char name[IFNAMSIZ];
};

struct links {
	struct link *items;
	size_t count;
};

static void links_done(struct links *links)
{
	free(links->items);
}

static int take_link(const struct nlmsghdr *message, void *context)
{
	struct links *links = context;
	const struct nlattr *attributes[IFLA_MAX + 1] = { NULL };
	struct ifinfomsg header;
	if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof header))
		return 0;
	memcpy(&header, NLMSG_DATA(message), sizeof header);
	netlink_attributes(message, sizeof header, attributes, ARRAY_SIZE(attributes));
	struct link *link = ARRAY_APPEND(links->items, links->count);
	size_t len = 0;
	link->index = (unsigned)header.ifi_index;
	copy_part(attributes[IFLA_IFNAME], link->name, sizeof link->name, &len); /* with its terminator */
	link->name[sizeof link->name - 1] = '\0';
	return 0;
}

static int read_links(int sock, struct links *links, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	netlink_begin(&batch, RTM_GETLINK, NLM_F_DUMP, &header, sizeof header, "list the container's network devices");
	return netlink_query(sock, &batch, take_link, links, err);
}

static bool has_index(const struct links *links, unsigned index)
{
	for (size_t i = 0; i < links->count; i++)
		if (links->items[i].index == index)
			return true;
	return false;
}

static bool has_name(const struct links *links, const char *name)
{
	for (size_t i = 0; i < links->count; i++)
		if (streq(links->items[i].name, name))
			return true;
	return false;
}

/* A device keeps its index if that is free in its new namespace; else it gets one that was not there before. */
static unsigned index_inside(unsigned index, const struct links *before, const struct links *after)
{
	if (!has_index(before, index) && has_index(after, index))
		return index;
	for (size_t i = 0; i < after->count; i++)
		if (!has_index(before, after->items[i].index))
			return after->items[i].index;
	return 0;
}

/* --- moving --- */

struct move {
	int outside, inside; /* sockets in both namespaces */
	int target;
};

static const char *name_inside(const struct spec_net_device *device)
{
	return device->new_name ? device->new_name : device->name;
}

/* The kernel would move it first, and refuse the name then. */
static int check_name(const struct spec_net_device *device, const struct links *there, struct error *err)
{
	const char *name = name_inside(device);
	if (!has_name(there, name))
		return 0;
	return err_sys_code(err, ERR_NET, EEXIST,
			    "move network device \"%s\" into the container: a device \"%s\" is there", device->name,
			    name);
}

static int change_namespace(const struct move *move, const struct spec_net_device *device, unsigned index,
			    struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	netlink_begin(&batch, RTM_NEWLINK, 0, &header, sizeof header,
		      "move network device \"%s\" into the container as \"%s\"", device->name, name_inside(device));
	netlink_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)move->target);
	netlink_put_string(&batch, IFLA_IFNAME, name_inside(device));
	return netlink_commit(move->outside, &batch, err);
}

static void put_address(struct netlink_batch *batch, const struct address *address, unsigned index, const char *device)
{
	struct ifaddrmsg header = address->header;
	header.ifa_index = index;
	header.ifa_flags = 0;
	netlink_begin(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header,
		      "give network device \"%s\" an address again", device);
	if (address->address.len)
		netlink_put(batch, IFA_ADDRESS, address->address.bytes, address->address.len);
	if (address->local.len)
		netlink_put(batch, IFA_LOCAL, address->local.bytes, address->local.len);
	if (address->broadcast.len)
		netlink_put(batch, IFA_BROADCAST, address->broadcast.bytes, address->broadcast.len);
	if (address->priority)
		netlink_put_u32(batch, IFA_RT_PRIORITY, address->priority);
	/* What the kernel found out about it (that it is no duplicate, say) it will find out again. */
	netlink_put_u32(batch, IFA_FLAGS,
			address->flags & (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
					  IFA_F_MCAUTOJOIN));
}

static int set_up(const struct move *move, const struct spec_net_device *device, unsigned index,
		  const struct addresses *addresses, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	for (size_t i = 0; i < addresses->count; i++)
		put_address(&batch, &addresses->items[i], index, device->name);
	const struct ifinfomsg up = {
		.ifi_family = AF_UNSPEC, .ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP
	};
	netlink_begin(&batch, RTM_NEWLINK, 0, &up, sizeof up, "bring network device \"%s\" up", device->name);
	return netlink_commit(move->inside, &batch, err);
}

static int move_device(const struct move *move, const struct spec_net_device *device, struct error *err)
{
	_cleanup_(addresses_done) struct addresses addresses = { .index = if_nametoindex(device->name) };
	_cleanup_(links_done) struct links before = { 0 }, after = { 0 };
	if (addresses.index == 0)
		return err_sys_code(err, ERR_NET, errno, "move network device \"%s\" into the container", device->name);
	int r;
	if ((r = read_addresses(move->outside, &addresses, err)) < 0 ||
	    (r = read_links(move->inside, &before, err)) < 0 || (r = check_name(device, &before, err)) < 0 ||
	    (r = change_namespace(move, device, addresses.index, err)) < 0 ||
	    (r = read_links(move->inside, &after, err)) < 0)
		return r;
	unsigned index = index_inside(addresses.index, &before, &after);
	if (index == 0)
		return err_set(err, ERR_NET, "network device \"%s\" is not in the container's network namespace",
			       device->name);
	return set_up(move, device, index, &addresses, err);
}

/* A socket stays in the namespace that it was made in; we do not. */
static int open_inside(int target, struct error *err)
{
	_cleanup_close_ int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0 || setns(target, CLONE_NEWNET) < 0)
		return err_sys_code(err, ERR_NET, errno, "enter the container's network namespace");
	int sock = netlink_open(NETLINK_ROUTE, err);
	if (setns(own, CLONE_NEWNET) == 0)
		return sock;
	int r = err_sys_code(err, ERR_NET, errno, "leave the container's network namespace");
	fd_close(sock);
	return r;
}

int net_devices_move(const struct spec *spec, int target, struct error *err)
{
	_cleanup_close_ int outside = netlink_open(NETLINK_ROUTE, err);
	if (outside < 0)
		return outside;
	_cleanup_close_ int inside = open_inside(target, err);
	const struct move move = { outside, inside, target };
	int r = MIN(inside, 0);
	for (size_t i = 0; r == 0 && i < spec->n_net_devices; i++)
		r = move_device(&move, &spec->net_devices[i], err);
	return r;
}
