/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-policy.h"

#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/netlink.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/network-cni-row.h"
#include "engine/network-driver.h"
#include "engine/network-filter.h"
#include "engine/network-own.h"
#include "engine/network-user.h"
#include "engine/network-row.h"
#include "engine/record.h"
#include "network/conntrack.h"
#include "network/firewall.h"
#include "network/link.h"
#include "network/policy.h"

enum { TABLE_MAX = FIREWALL_TABLE_MAX + sizeof "-policy" };

static const char *table_name(const struct engine *engine, char buf[TABLE_MAX])
{
	char table[FIREWALL_TABLE_MAX];
	snprintf(buf, TABLE_MAX, "%s-policy", filter_table_name(engine, table));
	return buf;
}

/* --- what there is --- */

struct view {
	struct policy *policies;
	int64_t *created_at;
	size_t n_policies;
	struct policy_endpoint *endpoints;
	char **names;	/* of the endpoints' containers */
	char **bridges; /* that have endpoints */
	char **strict;	/* links of those that send with their own addresses only */
	size_t n_endpoints;
};

static void view_done(struct view *view)
{
	for (size_t i = 0; i < view->n_policies; i++)
		policy_done(&view->policies[i]);
	for (size_t i = 0; i < view->n_endpoints; i++) {
		strv_free(view->endpoints[i].labels);
		strv_free(view->endpoints[i].network_labels);
		free(view->endpoints[i].network);
		free(view->endpoints[i].relayed);
	}
	free(view->policies);
	free(view->created_at);
	free(view->endpoints);
	strv_free(view->names);
	strv_free(view->bridges);
	strv_free(view->strict);
}
#define _cleanup_view_ _cleanup_(view_done)

static int load_policies(struct engine *engine, struct view *view, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_query(db, "SELECT name, document, created_at FROM policies ORDER BY network, name", DB_NO_VALUES,
			     &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		_cleanup_json_document_ struct json_document document = { 0 };
		struct policy policy;
		const char *text = db_text(&query, 1);
		r = json_parse(text, strlen(text), db_text(&query, 0), ERR_DB, &document, err);
		if (r >= 0)
			r = policy_parse(&document, &policy, err);
		if (r < 0)
			break;
		size_t count = view->n_policies;
		*ARRAY_APPEND(view->policies, view->n_policies) = policy;
		*ARRAY_APPEND(view->created_at, count) = db_number(&query, 2);
	}
	return r;
}

static int load_container(struct engine *engine, const char *id, struct policy_endpoint *endpoint, struct view *view,
			  struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = container_load_row(engine, id, &row, err);
	if (r < 0)
		return r;
	endpoint->labels = strv_copy(row.config.labels);
	strv_append(&view->names, row.name);
	return 0;
}

/* Who does not pass by this host is not held up by it. */
static int check_enforceable(const struct view *view, const struct network_record *network, struct error *err)
{
	const struct policy_endpoint *endpoint = &view->endpoints[view->n_endpoints - 1];
	const char *name = view->names[view->n_endpoints - 1];
	for (size_t i = 0; i < view->n_policies && !network_is_bridge(network); i++) {
		if (!policy_selects(&view->policies[i], endpoint))
			continue;
		err_set(err, ERR_UNSUPPORTED,
			"enforce the network policy \"%s\": it selects container %s, which is on the network \"%s\" (%s) and "
			"does not pass by this host",
			view->policies[i].name, name, network->name, network->driver);
		return err_hint(err,
				"coffer network disconnect %s %s, and connect it to a network of the driver bridge",
				network->name, name);
	}
	return 0;
}

static bool is_relayed(const struct published *published, const struct policy_endpoint *endpoint)
{
	const struct cidr *host = &published->port.host;
	return published->address.family == AF_INET && cidr_same_address(&published->address, &endpoint->address) &&
	       (!host->family || host->family == AF_INET6) && !published_is_opening(published);
}

static int load_relayed(struct db *db, const char *id, struct policy_endpoint *endpoint, struct error *err)
{
	_cleanup_published_list_ struct published_list ports = { 0 };
	int r = published_row_list(db, id, &ports, err);
	for (size_t i = 0; i < ports.count; i++) {
		const struct port *port = &ports.items[i].port;
		if (is_relayed(&ports.items[i], endpoint))
			*ARRAY_APPEND(endpoint->relayed, endpoint->n_relayed) =
				(struct policy_relayed){ port->protocol, port->host_port };
	}
	return r;
}

static int load_network(struct engine *engine, struct db *db, const struct network_record *network, struct view *view,
			struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	int r = endpoint_row_list(db, NULL, network->name, &list, err);
	for (size_t i = 0; r >= 0 && i < list.count; i++) {
		struct policy_endpoint *endpoint = ARRAY_APPEND(view->endpoints, view->n_endpoints);
		endpoint->network = mem_strdup(network->name);
		endpoint->network_labels = strv_copy(network->labels);
		endpoint->address = list.items[i].address;
		endpoint->address6 = list.items[i].address6;
		if (filter_is_strict(network, view->n_policies > 0))
			strv_append(&view->strict, list.items[i].link);
		r = load_container(engine, list.items[i].container, endpoint, view, err);
		if (r >= 0)
			r = load_relayed(db, list.items[i].container, endpoint, err);
		if (r >= 0)
			r = check_enforceable(view, network, err);
	}
	if (list.count > 0 && network_is_bridge(network))
		strv_append(&view->bridges, network->bridge);
	return r;
}

static int load_endpoints(struct engine *engine, struct view *view, struct error *err)
{
	struct network_record **networks;
	struct db *db;
	size_t count;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = network_row_list(db, &networks, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (r >= 0)
			r = load_network(engine, db, networks[i], view, err);
		network_record_free(networks[i]);
	}
	free(networks);
	return r;
}

static int load(struct engine *engine, struct view *view, struct error *err)
{
	int r = load_policies(engine, view, err);
	return r < 0 ? r : load_endpoints(engine, view, err);
}

/* --- where we filter nothing --- */

/* @where it is, as the error has it. */
static int check_selected(const struct view *view, const char *name, char *const *labels, const char *network,
			  const char *where, struct error *err)
{
	const struct policy_endpoint endpoint = { .network = (char *)network, .labels = (char **)labels };
	for (size_t i = 0; i < view->n_policies; i++)
		if (policy_selects(&view->policies[i], &endpoint))
			return err_set(err, ERR_UNSUPPORTED,
				       "enforce the network policy \"%s\": it selects container %s, which is %s",
				       view->policies[i].name, name, where);
	return 0;
}

static int check_place(const struct view *view, const char *name, char *const *labels, const struct cni_place *place,
		       struct error *err)
{
	_cleanup_free_ char *network = mem_printf("cni:%s", place->network->name);
	_cleanup_free_ char *where = mem_printf("on the network \"%s\", where its plugins decide", network);
	return check_selected(view, name, labels, network, where, err);
}

/*
 * Other places without a packet filter of ours. As in Kubernetes, policies are not about who is on the host's network; and
 * who has joined another container has its addresses, and what is about them.
 */
static int check_own_way(const struct view *view, const char *name, const struct container_config *config,
			 struct error *err)
{
	const struct container_spec *spec = config_spec(config);
	if (spec->network == NETWORK_PATH)
		return check_selected(view, name, config->labels, "", "in a network namespace that somebody else made",
				      err);
	if (spec->network == NETWORK_BRIDGE && network_user_suffices(spec))
		return check_selected(view, name, config->labels, NETWORK_DEFAULT_NAME,
				      "on a user's default network, where nothing is filtered", err);
	return 0;
}

int policy_check_own_way(struct engine *engine, const char *name, const struct container_config *config,
			 struct error *err)
{
	_cleanup_view_ struct view view = { 0 };
	int r = load_policies(engine, &view, err);
	return r < 0 ? r : check_own_way(&view, name, config, err);
}

static int check_all_own_ways(struct engine *engine, struct db *db, const struct view *view, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	int r = container_row_running(db, engine->runroot, &ids, err);
	for (char **id = ids; r >= 0 && id && *id; id++) {
		_cleanup_container_row_ struct container_row row = { 0 };
		r = container_load_row(engine, *id, &row, err);
		if (r >= 0)
			r = check_own_way(view, row.name, &row.config, err);
	}
	return r;
}

static int check_places(const struct view *view, const char *name, char *const *labels, const struct cni_places *places,
			struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < places->count; i++)
		r = check_place(view, name, labels, &places->items[i], err);
	return r;
}

int policy_check_places(struct engine *engine, const char *name, char *const *labels, const struct cni_places *places,
			struct error *err)
{
	_cleanup_view_ struct view view = { 0 };
	int r = load_policies(engine, &view, err);
	return r < 0 ? r : check_places(&view, name, labels, places, err);
}

/* Those that are there. */
static int check_all_places(struct engine *engine, const struct view *view, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = cni_place_all(db, &ids, err);
	for (char **id = ids; r >= 0 && id && *id; id++) {
		_cleanup_container_row_ struct container_row row = { 0 };
		_cleanup_cni_places_ struct cni_places places = { 0 };
		r = container_load_row(engine, *id, &row, err);
		if (r >= 0)
			r = cni_places_load(db, *id, &places, err);
		if (r >= 0)
			r = check_places(view, row.name, row.config.labels, &places, err);
	}
	return r < 0 ? r : check_all_own_ways(engine, db, view, err);
}

/* --- the packet filter --- */

/* Most of what policies are about never leaves its bridge. */
static int filter_bridges(const struct view *view, struct error *err)
{
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
	int r = rtnl;
	for (char **bridge = view->bridges; r >= 0 && bridge && *bridge; bridge++)
		r = bridge_filter_ports(rtnl, *bridge, err);
	return r;
}

static void put_sets(struct firewall_change *change, const char *table, const struct view *view)
{
	firewall_change_begin(change, table, false);
	policy_put_sets(change, view->policies, view->n_policies, view->endpoints, view->n_endpoints);
}

/* The packet filter lets through what belongs to a flow that it knows. */
static void forget_flows(struct cidr *addresses, size_t count)
{
	struct error why = { 0 };
	if (conntrack_forget_addresses(addresses, count, &why) < 0)
		log_failure(LOG_LEVEL_DEBUG, "forget the flows of containers", &why);
}

static void forget_all_flows(const struct view *view)
{
	_cleanup_free_ struct cidr *addresses = NULL;
	size_t count = 0;
	for (size_t i = 0; i < view->n_endpoints; i++) {
		*ARRAY_APPEND(addresses, count) = view->endpoints[i].address;
		*ARRAY_APPEND(addresses, count) = view->endpoints[i].address6;
	}
	forget_flows(addresses, count);
}

/* With the database's write lock. */
static int enforce(struct engine *engine, const struct view *view, struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change sets = { .sock = -1 };
	_cleanup_str_ struct str commands = { 0 };
	char table[TABLE_MAX];
	table_name(engine, table);
	if (view->n_policies == 0) {
		policy_write_removal(table, &commands);
	} else {
		put_sets(&sets, table, view);
		policy_write_rules(table, view->policies, view->n_policies, &commands);
		policy_write_sets(&sets, &commands);
	}
	int r = view->n_policies > 0 ? filter_bridges(view, err) : 0;
	if (r >= 0)
		r = filter_set_strict(engine, view->strict, err); /* who may forge addresses is above policies */
	if (r >= 0)
		r = firewall_run_nft(str_text(&commands), table, err);
	if (r >= 0 && view->n_policies > 0)
		forget_all_flows(view);
	return r < 0 ? err_wrap(err, "enforce the network policies") : 0;
}

/* Only the sets; or everything, if the table is not what we left. */
static int refresh(struct engine *engine, const struct view *view, struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change sets = { .sock = -1 };
	char table[TABLE_MAX];
	put_sets(&sets, table_name(engine, table), view);
	int r = filter_bridges(view, err);
	if (r < 0)
		return err_wrap(err, "enforce the network policies");
	r = firewall_apply(&sets, NULL) >= 0 ? 0 : enforce(engine, view, err);
	child_close(engine, TAKE_FD(sets.sock));
	return r;
}

int policy_any(struct db *db, struct error *err)
{
	_cleanup_free_ char *one = NULL;
	return db_get_text(db, "SELECT 1 FROM policies LIMIT 1", DB_NO_VALUES, &one, err);
}

typedef int (*action)(struct engine *engine, const struct view *view, struct error *err);

struct deed {
	action act;
	struct engine *engine;
	const struct view *view;
};

static int do_there(void *argument, struct error *err)
{
	struct deed *deed = argument;
	return deed->act(deed->engine, deed->view, err);
}

/* Where the bridges are. */
static int act_there(struct engine *engine, const struct view *view, action act, struct error *err)
{
	struct deed deed = { act, engine, view };
	return network_own_work(engine, false, do_there, &deed, err);
}

static int with_view(struct engine *engine, action act, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	_cleanup_view_ struct view view = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r < 0 || (r = policy_any(db, err)) <= 0 || (r = db_begin(db, &transaction, err)) < 0 ||
	    (r = load(engine, &view, err)) < 0 || (r = act_there(engine, &view, act, err)) < 0)
		return r;
	return db_commit(&transaction, err);
}

int policy_follow(struct engine *engine, struct error *err)
{
	return with_view(engine, refresh, err);
}

int policy_follow_new(struct engine *engine, const struct endpoint *endpoints, size_t count, struct error *err)
{
	_cleanup_free_ struct cidr *addresses = NULL;
	size_t n_addresses = 0;
	struct db *db;
	int any = engine_db(engine, &db, err);
	if (any >= 0)
		any = policy_any(db, err);
	if (any <= 0)
		return any;
	for (size_t i = 0; i < count; i++) {
		*ARRAY_APPEND(addresses, n_addresses) = endpoints[i].address;
		*ARRAY_APPEND(addresses, n_addresses) = endpoints[i].address6;
	}
	forget_flows(addresses, n_addresses);
	return policy_follow(engine, err);
}

/* 1 if all rules are there, whatever they say; *ret: the sets that lack something. */
static int look(struct engine *engine, const struct view *view, char ***ret, struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change sets = { .sock = -1 };
	_cleanup_str_ struct str commands = { 0 };
	char table[TABLE_MAX];
	size_t rules;
	table_name(engine, table);
	policy_write_rules(table, view->policies, view->n_policies, &commands);
	int r = firewall_count_rules(NFPROTO_INET, table, &rules, err);
	if (r < 0 || rules != policy_count_rules(str_text(&commands)))
		return r < 0 ? r : 0;
	put_sets(&sets, table, view);
	r = firewall_find_missing(&sets, ret, err);
	return r == -ERR_NOT_FOUND ? 0 : r < 0 ? r : 1;
}

static int make_missing(struct engine *engine, const struct view *view, struct error *err)
{
	_cleanup_strv_ char **missing = NULL;
	int r = look(engine, view, &missing, err);
	if (r == 0)
		return enforce(engine, view, err);
	return r > 0 && missing ? refresh(engine, view, err) : r;
}

int policy_repair(struct engine *engine, struct error *err)
{
	return with_view(engine, make_missing, err);
}

int policy_look(struct engine *engine, char ***ret, struct error *err)
{
	_cleanup_view_ struct view view = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r < 0 || (r = policy_any(db, err)) <= 0)
		return r < 0 ? r : 1;
	r = load(engine, &view, err);
	return r < 0 ? r : look(engine, &view, ret, err);
}

/* --- one flow --- */

static const struct policy_endpoint *find_endpoint(const struct view *view, const struct cidr *address)
{
	for (size_t i = 0; i < view->n_endpoints; i++)
		if (cidr_same_address(&view->endpoints[i].address, address) ||
		    cidr_same_address(&view->endpoints[i].address6, address))
			return &view->endpoints[i];
	return NULL;
}

int policy_judge(struct engine *engine, const struct cidr *from, const struct cidr *to, uint8_t protocol, uint16_t port,
		 struct policy_verdict *ret_egress, struct policy_verdict *ret_ingress, struct error *err)
{
	_cleanup_view_ struct view view = { 0 };
	int r = load(engine, &view, err);
	if (r < 0)
		return r;
	const struct policy_endpoint *begin = find_endpoint(&view, from), *end = find_endpoint(&view, to);
	const struct policy_flow out = { end, *to, protocol, port }, in = { begin, *from, protocol, port };
	*ret_egress = *ret_ingress = (struct policy_verdict){ 0 };
	if (begin)
		policy_decide(view.policies, view.n_policies, true, begin, &out, ret_egress);
	if (end)
		policy_decide(view.policies, view.n_policies, false, end, &in, ret_ingress);
	return 0;
}

/* --- changes --- */

static int store(struct db *db, struct json_object *document, const char *source, char ***names, struct error *err)
{
	_cleanup_json_document_ struct json_document wrapped = { 0 };
	struct policy policy;
	json_document_wrap(json_object_get(document), source, ERR_INVALID, &wrapped);
	int r = policy_parse(&wrapped, &policy, err);
	if (r < 0)
		return r;
	const char *network = policy.namespace ? policy.namespace : "";
	r = db_run(db,
		   "INSERT INTO policies (network, name, document, created_at) VALUES (?1, ?2, ?3, ?4) "
		   "ON CONFLICT (network, name) DO UPDATE SET document = excluded.document",
		   DB_VALUES(DB_TEXT(network), DB_TEXT(policy.name), DB_TEXT(json_text(document)),
			     DB_NUMBER(time_now_ns())),
		   err);
	if (r >= 0)
		strv_append(names, policy.name);
	policy_done(&policy);
	return r;
}

static int change(struct engine *engine, struct db_transaction *transaction, struct error *err)
{
	_cleanup_view_ struct view view = { 0 };
	int r = load(engine, &view, err);
	if (r >= 0)
		r = check_all_places(engine, &view, err);
	if (r >= 0)
		r = act_there(engine, &view, enforce, err);
	return r < 0 ? r : db_commit(transaction, err);
}

int engine_policy_apply(struct engine *engine, struct json_object *documents, const char *source, char ***ret_names,
			struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	_cleanup_strv_ char **names = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_begin(db, &transaction, err);
	for (size_t i = 0; r >= 0 && i < json_object_array_length(documents); i++)
		r = store(db, json_object_array_get_idx(documents, i), source, &names, err);
	if (r >= 0 && !names)
		r = err_set(err, ERR_INVALID, "%s: there is no document in it", source);
	if (r >= 0)
		r = change(engine, &transaction, err);
	if (r >= 0)
		*ret_names = TAKE_PTR(names);
	return r < 0 ? r : 0;
}

/* --- finding --- */

static int policy_not_found(const char *name, struct error *err)
{
	err_set(err, ERR_NET, "network policy %s not found", name);
	return err_hint(err, "coffer network policy ls");
}

/* NAME alone is that of one policy, whatever its network. */
static int find(struct db *db, const char *name, char **ret_network, char **ret_name, struct error *err)
{
	const char *slash = strchr(name, '/');
	_cleanup_free_ char *network = slash ? mem_strndup(name, (size_t)(slash - name)) : NULL;
	const char *rest = slash ? slash + 1 : name;
	_cleanup_strv_ char **networks = NULL;
	int r = db_get_texts(db, "SELECT network FROM policies WHERE name = ?1 AND (?2 IS NULL OR network = ?2)",
			     DB_VALUES(DB_TEXT(rest), DB_TEXT(network)), &networks, err);
	if (r < 0)
		return r;
	if (!networks)
		return policy_not_found(name, err);
	if (networks[1]) {
		err_set(err, ERR_NET, "several networks have a policy %s", name);
		return err_hint(err, "%s/%s", *networks[0] ? networks[0] : networks[1], name);
	}
	*ret_network = mem_strdup(networks[0]);
	*ret_name = mem_strdup(rest);
	return 0;
}

int engine_policy_remove(struct engine *engine, const char *given, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	_cleanup_free_ char *network = NULL, *name = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r < 0 || (r = db_begin(db, &transaction, err)) < 0 || (r = find(db, given, &network, &name, err)) < 0 ||
	    (r = db_run(db, "DELETE FROM policies WHERE network = ?1 AND name = ?2",
			DB_VALUES(DB_TEXT(network), DB_TEXT(name)), err)) < 0)
		return r;
	return change(engine, &transaction, err);
}

int engine_policy_inspect(struct engine *engine, const char *given, struct json_object **ret, struct error *err)
{
	_cleanup_free_ char *network = NULL, *name = NULL, *text = NULL;
	_cleanup_json_document_ struct json_document document = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r < 0 || (r = find(db, given, &network, &name, err)) < 0 ||
	    (r = db_get_text(db, "SELECT document FROM policies WHERE network = ?1 AND name = ?2",
			     DB_VALUES(DB_TEXT(network), DB_TEXT(name)), &text, err)) < 0)
		return r;
	if (r == 0)
		return policy_not_found(given, err);
	r = json_parse(text, strlen(text), name, ERR_DB, &document, err);
	if (r >= 0)
		*ret = json_object_get(document.root);
	return r;
}

/* --- lists --- */

void policy_record_free(struct policy_record *record)
{
	if (!record)
		return;
	free(record->name);
	free(record->network);
	strv_free(record->containers);
	free(record);
}

static struct policy_record *new_record(const struct view *view, size_t index)
{
	const struct policy *policy = &view->policies[index];
	struct policy_record *record = NEW(struct policy_record);
	record->name = mem_strdup(policy->name);
	record->network = mem_strdup(policy->namespace ? policy->namespace : "");
	record->ingress = policy->ingress.selected;
	record->egress = policy->egress.selected;
	record->n_rules = policy->ingress.n_rules + policy->egress.n_rules;
	record->created_at = view->created_at[index];
	for (size_t i = 0; i < view->n_endpoints; i++)
		if (policy_selects(policy, &view->endpoints[i]) && !strv_contains(record->containers, view->names[i]))
			strv_append(&record->containers, view->names[i]);
	return record;
}

int engine_policy_list(struct engine *engine, struct policy_record ***ret, size_t *ret_count, struct error *err)
{
	_cleanup_view_ struct view view = { 0 };
	struct policy_record **records = NULL;
	size_t count = 0;
	int r = load(engine, &view, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < view.n_policies; i++)
		*ARRAY_APPEND(records, count) = new_record(&view, i);
	*ret = records;
	*ret_count = count;
	return 0;
}
