/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-parent.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/netlink.h"
#include "base/str.h"
#include "engine/network-driver.h"
#include "network/stacked.h"

/* --- whether it can be --- */

/* Whether there can be both; if not, *err is the reason. */
static bool agree(const struct network_record *a, const struct network_record *b, struct error *err)
{
	const char *parent = network_parent(a);
	if (!streq(a->driver, b->driver)) {
		err_set(err, ERR_BUSY, "\"%s\" is the parent of the network \"%s\", of the driver %s", parent, b->name,
			b->driver);
		return false;
	}
	bool alone = streq(a->driver, "macvlan") &&
		     (a->mode == MACVLAN_MODE_PASSTHRU || b->mode == MACVLAN_MODE_PASSTHRU);
	if (alone) {
		err_set(err, ERR_BUSY,
			"\"%s\" is the parent of the network \"%s\", and passthru shares it with no other network",
			parent, b->name);
		return false;
	}
	bool same = streq(a->driver, "macvlan") || (a->mode == b->mode && a->flags == b->flags);
	if (!same)
		err_set(err, ERR_BUSY, "\"%s\" is the parent of the network \"%s\", of another mode of ipvlan", parent,
			b->name);
	return same;
}

static bool has_same_parent(const struct network_record *a, const struct network_record *b)
{
	return !network_is_bridge(b) && !streq(a->id, b->id) && streq(network_parent(a), network_parent(b));
}

/* The name of another network that has its parent, or NULL; free() it. With @check one that it does not go with is an error. */
static int find_other(struct db *db, const struct network_record *network, bool check, char **ret, struct error *err)
{
	struct network_record **records;
	size_t count;
	_cleanup_free_ char *other = NULL;
	int r = network_row_list(db, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (r >= 0 && has_same_parent(network, records[i])) {
			if (!other)
				other = mem_strdup(records[i]->name);
			if (check && !agree(network, records[i], err))
				r = -ERR_BUSY;
		}
		network_record_free(records[i]);
	}
	free(records);
	if (r >= 0)
		*ret = TAKE_PTR(other);
	return r;
}

static int no_parent(const char *name, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	struct if_nameindex *list = if_nameindex();
	for (struct if_nameindex *link = list; link && link->if_index; link++)
		if (!streq(link->if_name, "lo"))
			strv_append(&names, link->if_name);
	if (list)
		if_freenameindex(list);
	_cleanup_free_ char *text = strv_join(names, ", ");
	err_set(err, ERR_NET, "there is no network interface \"%s\"", name);
	return err_cause(err, "this host has %s; a VLAN of one is called as in \"%s.50\"", *text ? text : "none",
			 names ? names[0] : "eth0");
}

int network_parent_check(struct db *db, const struct network_record *network, struct error *err)
{
	char base[IFNAMSIZ];
	struct link link;
	unsigned id;
	_cleanup_free_ char *other = NULL;
	int r = find_other(db, network, true, &other, err);
	if (r < 0 || !network->parent)
		return r;
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
	if (rtnl < 0)
		return rtnl;
	if (link_look(rtnl, network->parent, &link, NULL) >= 0)
		return 0;
	if (!vlan_parse(network->parent, base, &id))
		return no_parent(network->parent, err);
	return link_look(rtnl, base, &link, NULL) < 0 ? no_parent(base, err) : 0;
}

/* --- making and removing it --- */

static char *alias_of(const char *network)
{
	return mem_printf("network %s", network);
}

static int make(int rtnl, const struct network_record *network, struct error *err)
{
	_cleanup_free_ char *alias = alias_of(network->name);
	char base[IFNAMSIZ];
	unsigned id;
	if (!network->parent)
		return dummy_make(rtnl, network->bridge, alias, err);
	if (!vlan_parse(network->parent, base, &id))
		return no_parent(network->parent, err);
	return vlan_make(rtnl, network->parent, alias, base, id, err);
}

static bool is_ours(const struct link *link, const struct network_record *network)
{
	_cleanup_free_ char *alias = alias_of(network->name);
	return streq(link->alias, alias);
}

int network_parent_bring_up(int rtnl, const struct network_record *network, struct error *err)
{
	const char *parent = network_parent(network);
	struct link link;
	int r = link_look(rtnl, parent, &link, NULL);
	if (r >= 0 && link.is_up)
		return 0;
	if (r < 0 || is_ours(&link, network))
		return make(rtnl, network, err);
	err_set(err, ERR_NET, "the parent interface \"%s\" is down", parent);
	return err_hint(err, "ip link set %s up", parent);
}

/* With other networks on it, it is one of theirs from now on. */
int network_parent_take_down(struct db *db, int rtnl, const struct network_record *network, struct error *err)
{
	_cleanup_free_ char *other = NULL;
	const char *parent = network_parent(network);
	struct link link;
	if (link_look(rtnl, parent, &link, NULL) < 0 || !is_ours(&link, network))
		return 0;
	int r = find_other(db, network, false, &other, err);
	_cleanup_free_ char *alias = other ? alias_of(other) : NULL;
	if (r >= 0)
		r = alias ? link_set_alias(rtnl, parent, alias, err) : link_remove(rtnl, parent, err);
	return r;
}
