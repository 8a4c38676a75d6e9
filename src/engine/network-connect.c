/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `network connect` and `disconnect`: what a container is to be plugged into is in its configuration, out of which it is
 * started; what one that runs is plugged into, in rows of endpoints.
 *
 * The configuration changes last. Whoever is killed before leaves one that asks for the same command again, and each step
 * of it can be done twice.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/netlink.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/live.h"
#include "engine/network-bridge.h"
#include "engine/network-cni-show.h"
#include "engine/network-dns.h"
#include "engine/network-event.h"
#include "engine/network-filter.h"
#include "engine/network-inspect.h"
#include "engine/network-listen.h"
#include "engine/network-own.h"
#include "engine/network-plug.h"
#include "engine/network-policy.h"
#include "engine/network-reserve.h"
#include "engine/network-row.h"
#include "engine/network-user.h"
#include "engine/record.h"
#include "network/link.h"

/* A container that runs, and the network that it comes to or leaves. */
struct change {
	struct engine *engine;
	struct db *db;
	const struct network_record *network;
	const char *id, *name;
	struct container_config *config; /* as it will be */
	struct netns netns;
	int rtnl, dir;
};

static void change_done(struct change *change)
{
	netns_done(&change->netns);
	fd_close(change->rtnl);
}

/* --- what may not be --- */

static int check_mode(const struct container_spec *spec, struct error *err)
{
	switch (spec->network) {
	case NETWORK_HOST:
		return err_set(err, ERR_NET,
			       "container cannot be disconnected from host network or connected to host network");
	case NETWORK_NONE:
		return err_set(err, ERR_NET,
			       "container cannot be connected to multiple networks with one of the networks in "
			       "private (none) mode");
	case NETWORK_CONTAINER:
	case NETWORK_PATH:
		return err_set(err, ERR_NET,
			       "container sharing network namespace with another container or host cannot be "
			       "connected to any other network");
	case NETWORK_CNI:
		return err_set(err, ERR_NET, "container on a CNI network cannot be connected to any other network");
	case NETWORK_BRIDGE:
		break;
	}
	return 0;
}

/* "host" and "none" have nothing to plug a container into. */
static int find_network(struct engine *engine, const char *name, struct network_record **ret, struct error *err)
{
	_cleanup_network_ struct network_record *network = NULL;
	int r = network_find_any(engine, name, &network, err);
	if (r < 0)
		return r;
	if (streq(network->driver, CNI_DRIVER)) {
		err_set(err, ERR_NET, "container cannot be connected to %s while it runs, or disconnected from it",
			network->name);
		return err_cause(err, "who is on it is said when the container is made: --network %s", network->name);
	}
	if (streq(network->name, "host") || streq(network->name, "none")) {
		err_set(err, ERR_NET, "container cannot be disconnected from %s network or connected to %s network",
			network->name, network->name);
		return err_cause(err, "who is on it is said when the container is made: --network %s", network->name);
	}
	*ret = TAKE_PTR(network);
	return 0;
}

static ssize_t find_request(const struct container_spec *spec, const char *network)
{
	for (size_t i = 0; i < spec->n_endpoints; i++)
		if (streq(spec->endpoints[i].network, network))
			return (ssize_t)i;
	return -1;
}

/* --- its configuration --- */

static void add_request(struct container_spec *spec, const struct endpoint_request *request, const char *network)
{
	*ARRAY_APPEND(spec->endpoints, spec->n_endpoints) = (struct endpoint_request){
		.network = mem_strdup(network),
		.address = mem_strdup(request->address),
		.address6 = mem_strdup(request->address6),
		.mac = mem_strdup(request->mac),
		.aliases = strv_copy(request->aliases),
		.options = strv_copy(request->options),
		.priority = request->priority,
	};
}

static void remove_request(struct container_spec *spec, const char *network)
{
	ssize_t found = find_request(spec, network);
	if (found < 0)
		return;
	endpoint_request_done(&spec->endpoints[found]);
	for (size_t i = (size_t)found; i + 1 < spec->n_endpoints; i++)
		spec->endpoints[i] = spec->endpoints[i + 1];
	spec->n_endpoints--;
}

/* @request is NULL for a network that it leaves. */
static void change_request(struct container_spec *spec, const struct endpoint_request *request, const char *network)
{
	remove_request(spec, network);
	if (request)
		add_request(spec, request, network);
}

/* Read again, so that of two changes at a time neither is lost. */
static int store(struct engine *engine, struct db *db, const char *id, const struct endpoint_request *request,
		 const char *network, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	int r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = container_load_row(engine, id, &row, err);
	if (r < 0)
		return r;
	change_request(&row.config.own, request, network);
	r = container_row_set_config(db, id, &row.config, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

/* --- one that runs --- */

static int open_netns(const struct live *live, const struct container_row *row, struct netns *ret, struct error *err)
{
	int fd = live_open_netns(&live->status);
	if (fd == -ESRCH || fd == -ENOENT)
		return live_not_running(row, "reach the network of", err);
	return fd < 0 ? err_sys(err, -fd, "open the network namespace of container \"%s\"", row->name)
		      : netns_open(fd, ret, err);
}

/* A way out that is nobody else's (network-user.h) does not go together with bridges. */
static int check_plugged(const struct container_row *row, struct error *err)
{
	if (!network_user_suffices(&row->config.own))
		return 0;
	err_set(err, ERR_NET, "without root, a container that runs on the default network can have no other one");
	return err_hint(err, "coffer stop %s, and do it again before the next start", row->name);
}

/* 1 and what is needed to change it, or 0 for one that does not run. */
static int open_running(struct container_row *row, struct live *live, struct change *change, struct error *err)
{
	int r;
	for (;;) {
		if ((r = live_await(change->engine, row, live, err)) <= 0)
			return r;
		change->name = row->name;
		r = check_plugged(row, err);
		if (r < 0 || (r = open_netns(live, row, &change->netns, err)) != -ERR_STATE)
			break;
		err_clear(err); /* it has ended meanwhile, and nothing was done to it yet */
		live_done(live);
	}
	if (r >= 0)
		r = change->rtnl = netlink_open(NETLINK_ROUTE, err);
	change->dir = live->dir;
	return r < 0 ? r : 1;
}

static int load_networks(struct change *change, const struct endpoint_list *endpoints, struct network_record **ret,
			 struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < endpoints->count; i++)
		r = network_row_load(change->db, endpoints->items[i].network, &ret[i], err);
	return r;
}

/* --- the way out --- */

/* They stay the host's that they were; openings of addresses are not the host's, and say no more what was asked for. */
static bool are_to_stay(const struct published_list *before, const struct network_record *network)
{
	for (size_t i = 0; i < before->count; i++)
		if (published_is_opening(&before->items[i]))
			return false;
	return before->count > 0 && network->gateway_mode != GATEWAY_ROUTED && network->gateway_mode6 != GATEWAY_ROUTED;
}

static int reserve_afresh(struct change *change, const struct network_record *network, const struct endpoint *endpoint,
			  struct published_list *ret, struct error *err)
{
	char table[FIREWALL_TABLE_MAX];
	int r = published_rows_delete(change->db, change->id, err);
	return r < 0 ? r
		     : reserve_ports(change->db, filter_table_name(change->engine, table), change->id, change->config,
				     network, endpoint, ret, err);
}

/* @endpoint is NULL where no network is left that they could lead through. */
static int move_ports(struct change *change, const struct network_record *network, const struct endpoint *endpoint,
		      const struct published_list *before, struct published_list *ret, struct error *err)
{
	_cleanup_close_ int held = filter_hold(change->engine, err);
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	int r = held;
	if (r >= 0 && before->count > 0)
		r = filter_remove(change->engine, NULL, before, err);
	if (r >= 0)
		r = db_begin(change->db, &transaction, err);
	if (r >= 0 && !endpoint)
		r = published_rows_delete(change->db, change->id, err);
	else if (r >= 0)
		r = are_to_stay(before, network)
			    ? reserve_ports_again(change->db, change->id, before, endpoint, ret, err)
			    : reserve_afresh(change, network, endpoint, ret, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

static bool leads_to(const struct published_list *ports, const struct endpoint *endpoint)
{
	const struct cidr *address = ports->count > 0 ? &ports->items[0].address : NULL;
	return endpoint && address &&
	       (cidr_same_address(address, &endpoint->address) || cidr_same_address(address, &endpoint->address6));
}

static int settle_ports(struct change *change, const struct network_record *network, const struct endpoint *endpoint,
			struct error *err)
{
	_cleanup_published_list_ struct published_list before = { 0 };
	_cleanup_published_list_ struct published_list after = { 0 };
	int r = published_row_list(change->db, change->id, &before, err);
	if (r < 0)
		return r;
	/* In the rows already; whoever was killed then has told nobody else. */
	if (leads_to(&before, endpoint)) {
		r = filter_add(change->engine, network, endpoint, &before, err);
		if (r >= 0)
			network_listen_mend(change->engine, change->id);
		return r;
	}
	network_listen_close(change->engine, change->id, true);
	r = move_ports(change, network, endpoint, &before, &after, err);
	if (r >= 0 && after.count > 0)
		r = filter_add(change->engine, network, endpoint, &after, err);
	if (r >= 0)
		network_listen_open(change->engine, change->id);
	return r;
}

/* The default routes and the published ports lead through the network that is the best one now. */
static int settle_way_out(struct change *change, const struct endpoint_list *endpoints, struct error *err)
{
	struct network_record **networks = mem_alloc((endpoints->count + 1) * sizeof *networks);
	int r = load_networks(change, endpoints, networks, err);
	int best = r < 0 ? -1 : network_way_out(&change->config->own, networks, endpoints);
	int in = r < 0 ? -1 : network_way_in(networks, endpoints, best);
	if (best >= 0)
		r = network_lead_out(&change->netns, networks[best], &endpoints->items[best], err);
	if (r >= 0)
		r = settle_ports(change, in < 0 ? NULL : networks[in], in < 0 ? NULL : &endpoints->items[in], err);
	if (r >= 0 && in < 0 && endpoints->count > 0)
		network_say_unpublished(&change->config->own, networks[MAX(best, 0)]);
	for (size_t i = 0; i < endpoints->count; i++)
		network_record_free(networks[i]);
	free(networks);
	return r;
}

/* All that depends on which networks there are, and not on one of them. */
static int settle(struct change *change, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list endpoints = { 0 };
	_cleanup_free_ char *resolver = NULL;
	int r = endpoint_row_list(change->db, change->id, NULL, &endpoints, err);
	if (r >= 0)
		r = settle_way_out(change, &endpoints, err);
	if (r < 0)
		return r;
	network_names_add(change->engine, &endpoints, -1, &resolver);
	return launch_update_files(change->engine, change->config, &endpoints, resolver, change->dir, err);
}

/* --- connect --- */

static struct endpoint *find_endpoint(const struct endpoint_list *list, const char *network)
{
	for (size_t i = 0; i < list->count; i++)
		if (streq(list->items[i].network, network))
			return &list->items[i];
	return NULL;
}

/* The first "ethN" that none of them has. */
static unsigned free_number(const struct endpoint_list *list, const char *prefix)
{
	for (unsigned number = 0;; number++) {
		_cleanup_free_ char *name = mem_printf("%s%u", prefix ? prefix : "eth", number);
		bool taken = false;
		for (size_t i = 0; i < list->count; i++)
			taken |= streq(list->items[i].interface, name);
		if (!taken)
			return number;
	}
}

static int reserve(struct change *change, const struct endpoint_request *request, struct endpoint *ret,
		   struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	int r = db_begin(change->db, &transaction, err);
	if (r >= 0)
		r = endpoint_row_list(change->db, change->id, NULL, &list, err);
	if (r >= 0)
		r = reserve_endpoint(change->db, change->id, change->network, request,
				     free_number(&list, change->network->prefix), ret, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

/* What is there of its place on the network. Goes on after an error, and returns the first. */
static int unplug(struct change *change, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	struct error failure = { 0 };
	int r = endpoint_row_list(change->db, change->id, NULL, &list, err);
	const struct endpoint *endpoint = find_endpoint(&list, change->network->name);
	if (r < 0 || !endpoint)
		return r;
	const struct endpoint_list place = { (struct endpoint *)endpoint, 1 };
	_cleanup_close_ int held = filter_hold(change->engine, err);
	r = held < 0 ? held : network_unplug(change->rtnl, &change->netns, change->network, endpoint, err);
	if (r >= 0)
		r = filter_remove(change->engine, &place, NULL, err);
	int left = network_names_leave(change->engine, change->id, change->network->name, &failure);
	if (r >= 0 && left < 0 && err)
		*err = failure;
	return r < 0 ? r : left;
}

static int plug(struct change *change, const struct endpoint_request *request, struct endpoint *endpoint,
		struct error *err)
{
	int r = unplug(change, err);
	if (r >= 0)
		r = reserve(change, request, endpoint, err);
	if (r >= 0)
		r = network_bring_up(change->engine, change->db, change->rtnl, change->network, err);
	/* Before it can send anything. */
	if (r >= 0)
		r = filter_add(change->engine, change->network, endpoint, NULL, err);
	if (r >= 0)
		r = policy_follow_new(change->engine, endpoint, 1, err);
	if (r >= 0)
		r = network_plug(change->rtnl, &change->netns, change->network, endpoint, change->name, false, err);
	return r < 0 ? r : network_shape(change->rtnl, &change->netns, change->network, endpoint, request, err);
}

static int connect_running(struct change *change, const struct endpoint_request *request, struct error *err)
{
	struct endpoint endpoint = { 0 };
	int r = plug(change, request, &endpoint, err);
	if (r >= 0)
		r = settle(change, err);
	if (r < 0) {
		struct error failure = { 0 };
		change_request(&change->config->own, NULL, change->network->name);
		if (unplug(change, &failure) < 0 || settle(change, &failure) < 0)
			log_failure(LOG_LEVEL_WARN, "take back a connection to a network", &failure);
	}
	endpoint_done(&endpoint);
	return r;
}

static int connect_row(struct engine *engine, struct container_row *row, const struct network_record *network,
		       const struct endpoint_request *request, struct error *err)
{
	_cleanup_live_ struct live live = LIVE_NONE;
	struct change change = {
		.engine = engine,
		.network = network,
		.id = row->id,
		.name = row->name,
		.config = &row->config,
		.netns = NETNS_NONE,
		.rtnl = -1,
	};
	int r = engine_db(engine, &change.db, err), runs = 0;
	if (r >= 0)
		r = runs = open_running(row, &live, &change, err);
	change_request(&row->config.own, request, network->name);
	if (r > 0)
		r = request ? connect_running(&change, request, err) : unplug(&change, err);
	if (r >= 0 && runs > 0 && !request)
		r = settle(&change, err);
	if (r >= 0)
		r = store(engine, change.db, row->id, request, network->name, err);
	change_done(&change);
	return r < 0 ? r : runs;
}

struct connection {
	struct engine *engine;
	struct container_row *row;
	const struct network_record *network;
	const struct endpoint_request *request;
};

static int connect_there(void *argument, struct error *err)
{
	struct connection *connection = argument;
	return connect_row(connection->engine, connection->row, connection->network, connection->request, err);
}

static int connect_or_disconnect(struct engine *engine, struct container_row *row, const struct network_record *network,
				 const struct endpoint_request *request, struct error *err)
{
	struct connection connection = { engine, row, network, request };
	return network_own_work(engine, true, connect_there, &connection, err);
}

/* Who, and to or from where; and whether that can be at all. */
static int find_both(struct engine *engine, const char *container, const char *name, struct container_row *row,
		     struct network_record **network, struct error *err)
{
	int r = find_network(engine, name, network, err);
	if (r >= 0)
		r = container_load_row(engine, container, row, err);
	return r < 0 ? r : check_mode(&row->config.own, err);
}

int engine_network_connect(struct engine *engine, const char *container, const struct endpoint_request *request,
			   struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_network_ struct network_record *network = NULL;
	int r = find_both(engine, container, request->network, &row, &network, err);
	if (r < 0)
		return r;
	if (find_request(&row.config.own, network->name) >= 0)
		return err_set(err, ERR_EXISTS, "endpoint with name %s already exists in network %s", row.name,
			       network->name);
	r = connect_or_disconnect(engine, &row, network, request, err);
	if (r < 0)
		return err_wrap(err, "connect container \"%s\" to the network \"%s\"", row.name, network->name);
	network_event(engine, network, "connect", row.id);
	return policy_follow(engine, err); /* published ports may be another place's now */
}

/* --- disconnect --- */

int engine_network_disconnect(struct engine *engine, const char *container, const char *name, bool force,
			      struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_network_ struct network_record *network = NULL;
	int r = find_both(engine, container, name, &row, &network, err);
	if (r < 0)
		return r;
	if (find_request(&row.config.own, network->name) < 0 && !force)
		return err_set(err, ERR_NET, "container %s is not connected to network %s", row.name, network->name);
	r = connect_or_disconnect(engine, &row, network, NULL, err);
	if (r < 0)
		return err_wrap(err, "disconnect container \"%s\" from the network \"%s\"", row.name, network->name);
	network_event(engine, network, "disconnect", row.id);
	return policy_follow(engine, err);
}
