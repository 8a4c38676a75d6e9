/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-filter.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/network-driver.h"
#include "engine/network-foreign.h"
#include "engine/network-policy.h"
#include "engine/network-relay.h"
#include "network/conntrack.h"
#include "network/firewall.h"

/* Each root has a table of its own, so that none takes away what is another's. FNV-1a, so that it has the same each time. */
const char *filter_table_name(const struct engine *engine, char buf[FIREWALL_TABLE_MAX])
{
	uint32_t hash = 2166136261u;
	for (const char *c = engine->root; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	if (streq(engine->root, DEFAULT_ROOT))
		str_copy(buf, FIREWALL_TABLE_MAX, "coffer");
	else
		snprintf(buf, FIREWALL_TABLE_MAX, "coffer-%08x", hash);
	return buf;
}

/* --- what is put into it --- */

/* Each may be missing. */
struct content {
	const struct network_record *network;
	const struct firewall_place *places;
	size_t n_places;
	const struct published_list *ports;
};

bool filter_is_strict(const struct network_record *network, bool policies)
{
	return network_is_bridge(network) &&
	       (network->spoof == SPOOF_DENY || (network->spoof == SPOOF_UNOWNED && policies));
}

static struct firewall_place place_of(const struct endpoint *endpoint, const struct network_record *network,
				      bool policies)
{
	return (struct firewall_place){
		.link = endpoint->link,
		.address = endpoint->address,
		.address6 = endpoint->address6,
		.guarded = network->spoof != SPOOF_ALLOW,
		.strict = filter_is_strict(network, policies),
	};
}

/* What stands on a parent of its own is not seen by the packet filter. */
static void put_network(struct firewall_change *change, const struct network_record *record)
{
	if (!network_is_bridge(record))
		return;
	const struct firewall_network network = {
		.bridge = record->bridge,
		.subnet = record->subnet,
		.subnet6 = record->subnet6,
		.gateway = record->gateway,
		.gateway6 = record->gateway6,
		.internal = record->internal,
		.unmasked = record->unmasked || record->gateway_mode == GATEWAY_ROUTED,
		.unmasked6 = record->unmasked || record->gateway_mode6 == GATEWAY_ROUTED,
		.pinged = record->gateway_mode == GATEWAY_ROUTED,
		.pinged6 = record->gateway_mode6 == GATEWAY_ROUTED,
		.unprotected = record->gateway_mode == GATEWAY_NAT_UNPROTECTED,
		.unprotected6 = record->gateway_mode6 == GATEWAY_NAT_UNPROTECTED,
		.apart = record->apart,
	};
	firewall_put_network(change, &network);
}

static void put_port(struct firewall_change *change, const struct published *published)
{
	if (published_is_opening(published)) {
		firewall_put_opening(change, &published->address, published->port.protocol,
				     published->port.container_port);
		return;
	}
	if (published->port.host.family && published->port.host.family != published->address.family)
		return; /* network-listen.h leads there */
	const struct firewall_port port = {
		.host = published->port.host,
		.protocol = published->port.protocol,
		.host_port = published->port.host_port,
		.container = published->address,
		.container_port = published->port.container_port,
	};
	firewall_put_port(change, &port);
}

static void put(struct firewall_change *change, const struct content *content)
{
	if (content->network)
		put_network(change, content->network);
	for (size_t i = 0; i < content->n_places; i++)
		firewall_put_place(change, &content->places[i]);
	for (size_t i = 0; content->ports && i < content->ports->count; i++)
		put_port(change, &content->ports->items[i]);
}

static int add(const char *table, const struct content *content, bool unguarded, struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change change = { .sock = -1 };
	firewall_change_begin(&change, table, false);
	change.unguarded = unguarded;
	put(&change, content);
	return firewall_apply(&change, err);
}

/*
 * What was sent before goes on to where it went: to the host, before a port was published; to a container that is gone,
 * after. Nothing but time is lost when this fails.
 */
static void forget_flows(const struct published_list *ports)
{
	for (size_t i = 0; ports && i < ports->count; i++) {
		const struct port *port = &ports->items[i].port;
		struct error why = { 0 };
		if (port->protocol == IPPROTO_UDP && conntrack_forget(port->protocol, &port->host, port->host_port,
								      ports->items[i].address.family, &why) < 0)
			log_failure(LOG_LEVEL_DEBUG, "forget the flows of a published port", &why);
	}
}

/* --- all of it --- */

#define LOCK_FILE "packet-filter.lock" /* in the run root */

/* A network comes with the first who is on it, so nothing is missing of one that nobody is on. */
static int put_whole_network(struct firewall_change *change, struct db *db, const struct network_record *network,
			     char *const *abandoned, bool policies, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list endpoints = { 0 };
	bool is_used = false;
	int r = endpoint_row_list(db, NULL, network->name, &endpoints, err);
	for (size_t i = 0; i < endpoints.count && network_is_bridge(network); i++) {
		const struct firewall_place place = place_of(&endpoints.items[i], network, policies);
		if (strv_contains(abandoned, endpoints.items[i].container))
			continue;
		if (!is_used)
			put_network(change, network);
		is_used = true;
		firewall_put_place(change, &place);
	}
	return r < 0 ? r : 0;
}

static int put_networks(struct firewall_change *change, struct db *db, char *const *abandoned, bool policies,
			struct error *err)
{
	struct network_record **records;
	size_t count;
	int r = network_row_list(db, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (r >= 0)
			r = put_whole_network(change, db, records[i], abandoned, policies, err);
		network_record_free(records[i]);
	}
	free(records);
	return r;
}

static void put_ports(struct firewall_change *change, const struct published_list *ports, char *const *abandoned)
{
	for (size_t i = 0; i < ports->count; i++)
		if (!strv_contains(abandoned, ports->items[i].container))
			put_port(change, &ports->items[i]);
}

/* Everything that the rows say, but of containers that do not run: their rows are about to go (N3). */
static int put_all(struct engine *engine, struct firewall_change *change, const char *table, struct error *err)
{
	_cleanup_published_list_ struct published_list ports = { 0 };
	_cleanup_strv_ char **abandoned = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err), policies = 0;
	if (r >= 0)
		r = endpoint_row_abandoned(db, &abandoned, err);
	if (r >= 0)
		r = policies = policy_any(db, err);
	firewall_change_begin(change, table, false);
	change->unguarded = firewall_is_unguarded(table);
	if (r >= 0)
		r = put_networks(change, db, abandoned, policies > 0, err);
	if (r >= 0)
		r = published_row_list(db, NULL, &ports, err);
	if (r >= 0)
		put_ports(change, &ports, abandoned);
	return r < 0 ? r : 0;
}

static int make_anew(struct engine *engine, const char *table, const char *why, struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change all = { .sock = -1 };
	log_debug("make the packet filter's table \"%s\" anew: %s", table, why);
	int r = firewall_make_table(table, err);
	if (r >= 0)
		r = put_all(engine, &all, table, err);
	return r < 0 ? r : firewall_apply(&all, err);
}

int filter_look(struct engine *engine, char ***ret, struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change all = { .sock = -1 };
	char table[FIREWALL_TABLE_MAX];
	int r = firewall_is_whole(filter_table_name(engine, table), err);
	if (r <= 0)
		return r;
	r = put_all(engine, &all, table, err);
	if (r >= 0)
		r = firewall_find_missing(&all, ret, err);
	return r == -ERR_NOT_FOUND ? 0 : r < 0 ? r : 1;
}

static int lock_rows(struct engine *engine, bool alone, struct error *err)
{
	_cleanup_free_ char *path = mem_printf("%s/" LOCK_FILE, engine->runroot);
	return file_lock(AT_FDCWD, path, alone, !alone, err);
}

int filter_hold(struct engine *engine, struct error *err)
{
	return lock_rows(engine, false, err);
}

/*
 * What is there already may be added once more, unless it leads elsewhere. Rows of what somebody takes back right now are
 * there a moment longer than its elements: then it is left to a later command.
 */
static int add_missing(struct engine *engine, const char *table, struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change all = { .sock = -1 };
	struct error why = { 0 };
	_cleanup_close_ int alone = lock_rows(engine, true, &why);
	if (alone < 0) {
		log_failure(LOG_LEVEL_DEBUG, "put back what is missing of the packet filter", &why);
		return 0;
	}
	int r = put_all(engine, &all, table, err);
	if (r < 0)
		return r;
	return firewall_apply(&all, &why) < 0 ? make_anew(engine, table, why.message, err) : 0;
}

int filter_repair(struct engine *engine, struct error *err)
{
	_cleanup_strv_ char **missing = NULL;
	char table[FIREWALL_TABLE_MAX];
	int r = filter_look(engine, &missing, err);
	filter_table_name(engine, table);
	if (r == 0)
		return make_anew(engine, table, "it has not all of its rules", err);
	return r > 0 && missing ? add_missing(engine, table, err) : r;
}

/* --- whether anything has changed --- */

/* In the run root: of which network namespace, and after which of its changes all was found to be there. */
#define GENERATION_FILE "packet-filter"
enum { GENERATION_MAX = 64 };

static int generation_text(char buf[GENERATION_MAX], struct error *err)
{
	struct stat st;
	uint32_t generation;
	int r = firewall_generation(&generation, err);
	if (r < 0)
		return r;
	if (stat("/proc/thread-self/ns/net", &st) < 0)
		return err_sys(err, errno, "look at our network namespace");
	snprintf(buf, GENERATION_MAX, "%ju %u", (uintmax_t)st.st_ino, generation);
	return 0;
}

int filter_repair_all(struct engine *engine, struct error *err)
{
	_cleanup_free_ char *path = mem_printf("%s/" GENERATION_FILE, engine->runroot);
	char now[GENERATION_MAX], known[GENERATION_MAX];
	int r = generation_text(now, err);
	if (r < 0 || (file_read_line(AT_FDCWD, path, known, sizeof known) > 0 && streq(known, now)))
		return r;
	r = filter_repair(engine, err);
	if (r >= 0)
		r = policy_repair(engine, err);
	if (r < 0)
		return r;
	/* Where something was mended, it is another one now, and the next command looks once more. */
	_cleanup_close_ int dir = open(engine->runroot, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		(void)file_write_atomic(dir, GENERATION_FILE, now, strlen(now), 0600, 0, NULL);
	return 0;
}

int filter_set_strict(struct engine *engine, char *const *links, struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change change = { .sock = -1 };
	char table[FIREWALL_TABLE_MAX];
	int r = filter_repair(engine, err);
	if (r < 0)
		return r;
	firewall_change_begin(&change, filter_table_name(engine, table), false);
	change.unguarded = firewall_is_unguarded(table);
	firewall_put_strict(&change, links);
	return firewall_apply(&change, err);
}

/* --- parts of it --- */

static int any_policies(struct engine *engine, struct db **ret_db, struct error *err)
{
	int r = engine_db(engine, ret_db, err);
	return r < 0 ? r : policy_any(*ret_db, err);
}

/* For @network, that somebody is coming to. */
static int make_table(struct engine *engine, const char *table, const struct network_record *network, const char *why,
		      struct error *err)
{
	int r = make_anew(engine, table, why, err);
	if (r >= 0)
		foreign_warn(network);
	return r;
}

int filter_add(struct engine *engine, const struct network_record *network, const struct endpoint *endpoint,
	       const struct published_list *ports, struct error *err)
{
	char table[FIREWALL_TABLE_MAX];
	struct error why = { 0 };
	struct db *db;
	int policies = any_policies(engine, &db, err);
	if (policies < 0)
		return policies;
	const struct firewall_place place = place_of(endpoint, network, policies > 0);
	const struct content content = { network, &place, network_is_bridge(network) ? 1 : 0, ports };
	int r = add(filter_table_name(engine, table), &content, false, &why);
	if (r == -ERR_NOT_FOUND && firewall_is_unguarded(table))
		r = add(table, &content, true, &why);
	/* Nobody has made the table yet, or somebody has flushed it, or left elements of a container that is gone. */
	if (r == -ERR_NOT_FOUND || r == -ERR_EXISTS || r == -ERR_BUSY)
		r = make_table(engine, table, network, why.message, err);
	else if (r < 0 && err)
		*err = why;
	if (r >= 0)
		forget_flows(ports);
	return r < 0 ? r : relay_open(engine, ports, err);
}

/* @links are removed with it, or NULL. */
static int remove_content(struct engine *engine, const struct content *content, char *const *links, struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change change = { .sock = -1 };
	char table[FIREWALL_TABLE_MAX];
	firewall_change_begin(&change, filter_table_name(engine, table), true);
	put(&change, content);
	int r = firewall_apply(&change, err);
	child_remove_links(engine, links, TAKE_FD(change.sock));
	return r;
}

int filter_remove(struct engine *engine, const struct endpoint_list *endpoints, const struct published_list *ports,
		  struct error *err)
{
	size_t count = endpoints ? endpoints->count : 0, n_places = 0;
	_cleanup_free_ struct firewall_place *places = mem_alloc((count + 1) * sizeof *places);
	_cleanup_strv_ char **links = NULL;
	struct db *db;
	relay_close(engine, ports);
	int r = any_policies(engine, &db, err), policies = r;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		_cleanup_network_ struct network_record *network = NULL;
		r = network_row_load(db, endpoints->items[i].network, &network, err);
		if (r <= 0 || !network_is_bridge(network))
			continue;
		places[n_places++] = place_of(&endpoints->items[i], network, policies > 0);
		strv_append(&links, endpoints->items[i].link);
	}
	if (r >= 0)
		r = remove_content(engine, &(struct content){ NULL, places, n_places, ports }, links, err);
	forget_flows(ports);
	return r;
}

int filter_remove_network(struct engine *engine, const struct network_record *network, struct error *err)
{
	return remove_content(engine, &(struct content){ .network = network }, NULL, err);
}
