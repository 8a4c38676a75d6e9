/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/netlink.h"
#include "base/util.h"
#include "engine/live.h"
#include "engine/network-bridge.h"
#include "engine/network-cni.h"
#include "engine/network-dns.h"
#include "engine/network-driver.h"
#include "engine/network-event.h"
#include "engine/network-filter.h"
#include "engine/network-listen.h"
#include "engine/network-netns.h"
#include "engine/network-own.h"
#include "engine/network-parent.h"
#include "engine/network-plug.h"
#include "engine/network-policy.h"
#include "engine/network-reserve.h"
#include "engine/network-user.h"
#include "engine/record.h"
#include "engine/schema.h"
#include "network/link.h"
#include "network/netns.h"
#include "runtime/namespace-join.h"

struct attachment {
	struct engine *engine;
	struct db *db;
	const char *id, *name;
	const struct container_config *config;
	const struct container_spec *spec;
	int userns;			  /* that the network namespace is to belong to, or -1 */
	struct network_record **networks; /* one for each endpoint */
	struct endpoint_list *endpoints;
	int way_out, way_in; /* places among them, or -1 */
	struct published_list ports;
	struct netns netns;
};

void attachment_free(struct attachment *attach)
{
	if (!attach)
		return;
	for (size_t i = 0; attach->networks && i < attach->spec->n_endpoints; i++)
		network_record_free(attach->networks[i]);
	free(attach->networks);
	netns_done(&attach->netns);
	published_list_done(&attach->ports);
	free(attach);
}

/* --- rows --- */

static int find_networks(struct attachment *attach, struct error *err)
{
	const struct container_spec *spec = attach->spec;
	attach->networks = mem_alloc((spec->n_endpoints + 1) * sizeof *attach->networks);
	int r = 0;
	for (size_t i = 0; r >= 0 && i < spec->n_endpoints; i++)
		r = engine_network_find(attach->engine, spec->endpoints[i].network, &attach->networks[i], err);
	return r;
}

static int reserve(struct attachment *attach, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	char table[FIREWALL_TABLE_MAX];
	int r = db_begin(attach->db, &transaction, err);
	for (size_t i = 0; r >= 0 && i < attach->spec->n_endpoints; i++) {
		struct endpoint endpoint;
		r = reserve_endpoint(attach->db, attach->id, attach->networks[i], &attach->spec->endpoints[i],
				     (unsigned)i, &endpoint, err);
		if (r >= 0)
			*ARRAY_APPEND(attach->endpoints->items, attach->endpoints->count) = endpoint;
	}
	attach->way_out = network_way_out(attach->spec, attach->networks, attach->endpoints);
	attach->way_in = network_way_in(attach->networks, attach->endpoints, attach->way_out);
	if (r >= 0 && attach->way_in >= 0)
		r = reserve_ports(attach->db, filter_table_name(attach->engine, table), attach->id, attach->config,
				  attach->networks[attach->way_in], &attach->endpoints->items[attach->way_in],
				  &attach->ports, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

/* --- the kernel --- */

/* See network-own.h for where. */
static int make_namespace(void *argument, struct error *err)
{
	struct attachment *attach = argument;
	bool ipv6 = false;
	for (size_t i = 0; i < attach->endpoints->count; i++)
		ipv6 |= attach->endpoints->items[i].address6.family != 0;
	return attach->userns >= 0 ? netns_make_apart(attach->userns, ipv6, &attach->netns, err)
				   : netns_make(ipv6, &attach->netns, err);
}

static int plug(struct attachment *attach, int rtnl, size_t i, struct error *err)
{
	const struct endpoint *endpoint = &attach->endpoints->items[i];
	const struct netns *netns = &attach->netns;
	int r = network_bring_up(attach->engine, attach->db, rtnl, attach->networks[i], err);
	if (r >= 0)
		r = network_plug(rtnl, netns, attach->networks[i], endpoint, attach->name, (int)i == attach->way_out,
				 err);
	return r < 0 ? r : network_shape(rtnl, netns, attach->networks[i], endpoint, &attach->spec->endpoints[i], err);
}

static int build(void *argument, struct error *err)
{
	struct attachment *attach = argument;
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
	int r = rtnl;
	for (size_t i = 0; r >= 0 && i < attach->endpoints->count; i++)
		r = plug(attach, rtnl, i, err);
	for (size_t i = 0; r >= 0 && i < attach->endpoints->count; i++)
		r = filter_add(attach->engine, attach->networks[i], &attach->endpoints->items[i],
			       (int)i == attach->way_in ? &attach->ports : NULL, err);
	return r < 0 ? r : policy_follow_new(attach->engine, attach->endpoints->items, attach->endpoints->count, err);
}

static void give_up(const struct attachment *attach)
{
	struct error failure = { 0 };
	if (network_detach(attach->engine, attach->id, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "take a container from its networks", &failure);
}

/* Its rows and its namespace, which is all that others have to know of before it runs. */
static int begin(struct attachment *attach, int *ret_netns, struct error *err)
{
	int r = engine_db(attach->engine, &attach->db, err);
	if (r >= 0)
		r = find_networks(attach, err);
	if (r >= 0)
		r = reserve(attach, err);
	if (r < 0)
		return r;
	r = network_own_work(attach->engine, false, make_namespace, attach, err);
	int netns = r < 0 ? r : fcntl(attach->netns.fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (r >= 0 && netns < 0)
		r = err_sys(err, errno, "duplicate a file descriptor");
	if (r < 0) {
		give_up(attach);
		return r;
	}
	*ret_netns = netns;
	return 0;
}

int network_plug_in(struct attachment *attach, struct error *err)
{
	int r = network_own_work(attach->engine, true, build, attach, err);
	if (r < 0) {
		give_up(attach);
		(void)err_stage(err, STAGE_NETWORK);
		return r;
	}
	if (attach->way_in < 0 && attach->endpoints->count > 0)
		network_say_unpublished(attach->spec, attach->networks[MAX(attach->way_out, 0)]);
	for (size_t i = 0; i < attach->endpoints->count; i++)
		network_event(attach->engine, attach->networks[i], "connect", attach->id);
	return 0;
}

/* --- namespaces of others --- */

static int not_running(const struct container_row *row, enum container_state state, struct error *err)
{
	err_set(err, ERR_NET, "cannot join network namespace of a non running container: container %s is %s", row->name,
		container_state_name(state));
	return err_hint(err, "coffer start %s", row->name);
}

static int join_container(struct engine *engine, const char *name, int *ret_netns, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_live_ struct live live = LIVE_NONE;
	int r = container_load_row(engine, name, &row, err);
	if (r >= 0)
		r = live_open(engine, &row, &live, err);
	if (r < 0)
		return err_wrap(err, "join the network of container \"%s\"", name);
	if (r == 0)
		return not_running(&row, row.state == STATE_RUNNING ? STATE_EXITED : row.state, err);
	int fd = live_open_netns(&live.status);
	if (fd == -ESRCH)
		return not_running(&row, STATE_EXITED, err);
	if (fd < 0)
		return err_sys_code(err, ERR_NET, -fd, "join the network of container \"%s\"", row.name);
	*ret_netns = fd;
	return 0;
}

/* --- */

static int attach_networks(struct engine *engine, const struct launch *launch, const struct container_config *config,
			   int *ret_netns, struct endpoint_list *ret_endpoints, struct attachment **ret,
			   struct error *err)
{
	_cleanup_attachment_ struct attachment *attach = NEW(struct attachment);
	*attach = (struct attachment){
		.engine = engine,
		.id = launch->id,
		.name = launch->name,
		.config = config,
		.spec = config_spec(config),
		.userns = launch->userns,
		.endpoints = ret_endpoints,
		.netns = NETNS_NONE,
	};
	int r = begin(attach, ret_netns, err);
	if (r >= 0)
		*ret = TAKE_PTR(attach);
	return r;
}

int network_attach(struct engine *engine, const struct launch *launch, const struct container_config *config,
		   int *ret_netns, struct endpoint_list *ret_endpoints, struct attachment **ret, struct error *err)
{
	const struct container_spec *spec = config_spec(config);
	bool own_way = spec->network == NETWORK_PATH || (spec->network == NETWORK_BRIDGE && network_user_suffices(spec));
	int r = own_way ? policy_check_own_way(engine, launch->name, config, err) : 0;
	if (r < 0)
		return r;
	switch (spec->network) {
	case NETWORK_BRIDGE:
		r = own_way ? network_user_attach(engine, launch, config, ret_netns, err)
			    : attach_networks(engine, launch, config, ret_netns, ret_endpoints, ret, err);
		break;
	case NETWORK_CNI:
		r = network_cni_attach(engine, launch, config, ret_netns, ret_endpoints, err);
		break;
	case NETWORK_CONTAINER:
		r = join_container(engine, spec->network_target, ret_netns, err);
		break;
	case NETWORK_PATH:
		r = namespace_open(spec->network_target, NAMESPACE_NETWORK, err);
		if (r >= 0)
			*ret_netns = r;
		break;
	case NETWORK_NONE:
	case NETWORK_HOST:
		break;
	}
	if (r < 0)
		(void)err_stage(err, STAGE_NETWORK);
	return r < 0 ? r : 0;
}

static void record_detached(struct engine *engine, struct db *db, const char *id, const struct endpoint_list *endpoints)
{
	for (size_t i = 0; i < endpoints->count; i++) {
		_cleanup_network_ struct network_record *network = NULL;
		if (network_row_load(db, endpoints->items[i].network, &network, NULL) > 0)
			network_event(engine, network, "disconnect", id);
	}
}

/* What is to be taken back. */
struct detach {
	struct engine *engine;
	struct db *db;
	const char *id;
	const struct endpoint_list *endpoints;
};

static bool any_joined(struct db *db)
{
	_cleanup_free_ char *one = NULL;
	return db_get_text(db, "SELECT 1 FROM containers WHERE state = 1 AND " CONTAINER_JOINS_NETWORK " LIMIT 1",
			   DB_NO_VALUES, &one, NULL) != 0;
}

/*
 * Who has joined the container keeps its namespace, and would keep its links there: with addresses that others are given
 * soon, and past a packet filter that does not know them any more.
 */
static int unplug_joined(const struct detach *detach, struct error *err)
{
	if (!any_joined(detach->db))
		return 0;
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
	int r = rtnl;
	for (size_t i = 0; r >= 0 && i < detach->endpoints->count; i++) {
		const struct endpoint *endpoint = &detach->endpoints->items[i];
		_cleanup_network_ struct network_record *network = NULL;
		r = network_row_load(detach->db, endpoint->network, &network, err);
		if (r > 0 && network_is_bridge(network))
			r = link_remove(rtnl, endpoint->link, err);
	}
	return r < 0 ? r : 0;
}

/* The links go with the namespace, or a moment later: nobody waits for the kernel. */
static int remove_elements_and_rows(const struct detach *detach, struct error *err)
{
	_cleanup_published_list_ struct published_list ports = { 0 };
	_cleanup_close_ int held = filter_hold(detach->engine, err);
	int r = held < 0 ? held : published_row_list(detach->db, detach->id, &ports, err);
	if (r >= 0)
		r = filter_remove(detach->engine, detach->endpoints, &ports, err);
	return r < 0 ? r : network_names_remove(detach->engine, detach->id, detach->endpoints, err);
}

static int take_back(void *argument, struct error *err)
{
	struct detach *detach = argument;
	network_listen_close(detach->engine, detach->id, false);
	int r = unplug_joined(detach, err);
	if (r >= 0)
		r = remove_elements_and_rows(detach, err);
	if (r >= 0)
		record_detached(detach->engine, detach->db, detach->id, detach->endpoints);
	return r < 0 ? r : policy_follow(detach->engine, err);
}

int network_detach(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list endpoints = { 0 };
	struct detach detach = { .engine = engine, .id = id, .endpoints = &endpoints };
	struct error failure = { 0 };
	network_netns_forget(engine, id);
	if (network_cni_detach(engine, id, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "take a container from its network", &failure);
	int r = engine_db(engine, &detach.db, err);
	if (r >= 0)
		r = endpoint_row_list(detach.db, id, NULL, &endpoints, err);
	if (r >= 0 && endpoints.count == 0 && network_is_of_user())
		return network_user_detach(engine, id, err);
	return r < 0 || endpoints.count == 0 ? r : network_own_work(engine, false, take_back, &detach, err);
}

struct removal {
	struct engine *engine;
	const struct network_record *record;
};

static int take_down(void *argument, struct error *err)
{
	struct removal *removal = argument;
	int r = network_names_stop(removal->engine, removal->record, err);
	if (r >= 0)
		r = filter_remove_network(removal->engine, removal->record, err);
	if (r < 0)
		return r;
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
	if (rtnl < 0)
		return rtnl;
	if (network_is_bridge(removal->record))
		return link_remove(rtnl, removal->record->bridge, err);
	struct db *db;
	r = engine_db(removal->engine, &db, err);
	return r < 0 ? r : network_parent_take_down(db, rtnl, removal->record, err);
}

int network_take_down(struct engine *engine, const struct network_record *record, struct error *err)
{
	struct removal removal = { engine, record };
	return network_own_work(engine, false, take_down, &removal, err);
}
