/* SPDX-License-Identifier: Apache-2.0 */
#include "network/stacked.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"
#include "network/link-request.h"

/* --- in containers --- */

static void put_mode(struct netlink_batch *batch, const struct stacked *stacked)
{
	size_t info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, stacked->kind);
	size_t data = netlink_nest(batch, IFLA_INFO_DATA);
	if (streq(stacked->kind, "macvlan")) {
		netlink_put_u32(batch, IFLA_MACVLAN_MODE, stacked->mode);
	} else {
		netlink_put_u16(batch, IFLA_IPVLAN_MODE, (uint16_t)stacked->mode);
		netlink_put_u16(batch, IFLA_IPVLAN_FLAGS, (uint16_t)stacked->flags);
	}
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, info);
}

/* A parent has one handler of what it receives, and that one mode. */
static int used_otherwise(const struct stacked *stacked, const struct error *why, struct error *err)
{
	err_set(err, ERR_BUSY, "make a %s interface on \"%s\": it is used in another way", stacked->kind,
		stacked->parent);
	return err_cause(err, "%s: it is part of a bridge or a bond, or has interfaces of another kind or mode",
			 strerror(why->sys_errno));
}

int stacked_make(int rtnl, const struct stacked *stacked, struct error *err)
{
	static const uint8_t none[MAC_LENGTH];
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	struct error why = { 0 };
	int parent = link_find(rtnl, stacked->parent, err);
	if (parent < 0)
		return parent;
	link_begin(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, stacked->inside, false,
		   "make the network interface");
	netlink_put_u32(&batch, IFLA_LINK, (uint32_t)parent);
	netlink_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)stacked->netns);
	if (memcmp(stacked->mac, none, sizeof none) != 0)
		netlink_put(&batch, IFLA_ADDRESS, stacked->mac, sizeof stacked->mac);
	if (stacked->mtu > 0)
		netlink_put_u32(&batch, IFLA_MTU, stacked->mtu);
	put_mode(&batch, stacked);
	int r = link_commit_kind(rtnl, &batch, stacked->kind, &why);
	if (r < 0 && (why.sys_errno == EBUSY || why.sys_errno == EINVAL))
		return used_otherwise(stacked, &why, err);
	if (r < 0 && err)
		*err = why;
	return r;
}

/* --- parents --- */

bool vlan_parse(const char *name, char parent[IFNAMSIZ], unsigned *ret_id)
{
	const char *dot = strrchr(name, '.');
	uint64_t id;
	if (!dot || dot == name || dot - name >= IFNAMSIZ || parse_u64(dot + 1, VLAN_ID_MAX, &id, NULL) < 0 || id == 0)
		return false;
	str_copy(parent, (size_t)(dot - name) + 1, name);
	*ret_id = (unsigned)id;
	return true;
}

static int bring_up(int rtnl, const char *name, const char *alias, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	link_begin(&batch, RTM_NEWLINK, 0, name, true, "bring up the network interface");
	netlink_put(&batch, IFLA_IFALIAS, alias, strlen(alias));
	return netlink_commit(rtnl, &batch, err);
}

static void put_vlan(struct netlink_batch *batch, unsigned id)
{
	size_t info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, "vlan");
	size_t data = netlink_nest(batch, IFLA_INFO_DATA);
	netlink_put_u16(batch, IFLA_VLAN_ID, (uint16_t)id);
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, info);
}

int vlan_make(int rtnl, const char *name, const char *alias, const char *parent, unsigned id, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	int index = link_find(rtnl, parent, err);
	if (index < 0)
		return index;
	link_begin(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name, false, "make the VLAN");
	netlink_allow(&batch, EEXIST);
	netlink_put_u32(&batch, IFLA_LINK, (uint32_t)index);
	put_vlan(&batch, id);
	int r = link_commit_kind(rtnl, &batch, "8021q", err);
	return r < 0 ? r : bring_up(rtnl, name, alias, err);
}

int dummy_make(int rtnl, const char *name, const char *alias, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	link_begin(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name, false, "make the network interface");
	netlink_allow(&batch, EEXIST);
	link_put_kind(&batch, "dummy");
	int r = link_commit_kind(rtnl, &batch, "dummy", err);
	return r < 0 ? r : bring_up(rtnl, name, alias, err);
}
