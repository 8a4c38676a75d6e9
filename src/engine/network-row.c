/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-row.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/db-list.h"
#include "engine/network-driver.h"

/* --- values --- */

/* "" is no address. */
static struct cidr cidr_column(const struct db_query *query, int column)
{
	struct cidr cidr = { 0 };
	if (*db_text(query, column))
		(void)cidr_parse(db_text(query, column), &cidr, NULL);
	return cidr;
}

/* --- networks --- */

#define NETWORK_COLUMNS                                                                                \
	"name, id, driver, bridge, subnet, gateway, range, subnet6, gateway6, internal, routed, mtu, " \
	"options, labels, created_at, range6, auxiliary"

void network_record_free(struct network_record *record)
{
	if (!record)
		return;
	free(record->id);
	free(record->name);
	free(record->driver);
	free(record->bridge);
	free(record->parent);
	free(record->prefix);
	strv_free(record->auxiliary);
	strv_free(record->options);
	strv_free(record->labels);
	free(record);
}

static int read_network(const struct db_query *query, struct network_record **ret, struct error *err)
{
	_cleanup_network_ struct network_record *record = NEW(struct network_record);
	record->name = mem_strdup(db_text(query, 0));
	record->id = mem_strdup(db_text(query, 1));
	record->driver = mem_strdup(db_text(query, 2));
	record->bridge = mem_strdup(db_text(query, 3));
	record->subnet = cidr_column(query, 4);
	record->gateway = cidr_column(query, 5);
	record->range = cidr_column(query, 6);
	record->subnet6 = cidr_column(query, 7);
	record->gateway6 = cidr_column(query, 8);
	record->internal = db_number(query, 9);
	record->unmasked = db_number(query, 10);
	record->mtu = (unsigned)db_number(query, 11);
	record->created_at = db_number(query, 14);
	record->range6 = cidr_column(query, 15);
	int r = db_list(query, 12, &record->options, err);
	if (r >= 0)
		r = db_list(query, 13, &record->labels, err);
	if (r >= 0)
		r = db_list(query, 16, &record->auxiliary, err);
	if (r >= 0)
		r = network_driver_take_options(record, record->options, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(record);
	return 0;
}

int network_row_insert(struct db *db, const struct network_record *record, struct error *err)
{
	static const char sql[] = "INSERT INTO networks (" NETWORK_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
				  "?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
	char subnet[CIDR_TEXT_MAX], gateway[CIDR_TEXT_MAX], range[CIDR_TEXT_MAX], subnet6[CIDR_TEXT_MAX],
		gateway6[CIDR_TEXT_MAX], range6[CIDR_TEXT_MAX];
	_cleanup_free_ char *options = db_list_text(record->options);
	_cleanup_free_ char *labels = db_list_text(record->labels);
	_cleanup_free_ char *auxiliary = db_list_text(record->auxiliary);
	return db_run(
		db, sql,
		DB_VALUES(DB_TEXT(record->name), DB_TEXT(record->id), DB_TEXT(record->driver), DB_TEXT(record->bridge),
			  DB_TEXT(cidr_text(&record->subnet, subnet)), DB_TEXT(cidr_text(&record->gateway, gateway)),
			  DB_TEXT(cidr_text(&record->range, range)), DB_TEXT(cidr_text(&record->subnet6, subnet6)),
			  DB_TEXT(cidr_text(&record->gateway6, gateway6)), DB_NUMBER(record->internal),
			  DB_NUMBER(record->unmasked), DB_NUMBER(record->mtu), DB_TEXT(options), DB_TEXT(labels),
			  DB_NUMBER(record->created_at), DB_TEXT(cidr_text(&record->range6, range6)),
			  DB_TEXT(auxiliary)),
		err);
}

int network_row_load(struct db *db, const char *name, struct network_record **ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "SELECT " NETWORK_COLUMNS " FROM networks WHERE name = ?1", DB_VALUES(DB_TEXT(name)),
			 &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r <= 0)
		return r;
	r = read_network(&query, ret, err);
	return r < 0 ? r : 1;
}

int network_row_find(struct db *db, const char *text, char **ret_name, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	_cleanup_free_ char *end = mem_printf("%sg", text); /* behind all hexadecimal digits */
	_cleanup_free_ char *found = NULL;
	int r = db_get_text(db, "SELECT name FROM networks WHERE name = ?1 OR id = ?1 ORDER BY name = ?1 DESC LIMIT 1",
			    DB_VALUES(DB_TEXT(text)), ret_name, err);
	if (r != 0)
		return r;
	r = db_query(db, "SELECT name FROM networks WHERE id >= ?1 AND id < ?2 LIMIT 2",
		     DB_VALUES(DB_TEXT(text), DB_TEXT(end)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		if (found)
			return err_set(err, ERR_INVALID, "network %s is ambiguous: several IDs begin with it", text);
		found = mem_strdup(db_text(&query, 0));
	}
	if (r < 0 || !found)
		return r;
	*ret_name = TAKE_PTR(found);
	return 1;
}

int network_row_list(struct db *db, struct network_record ***ret, size_t *ret_count, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct network_record **records = NULL;
	size_t count = 0;
	int r = db_query(db, "SELECT " NETWORK_COLUMNS " FROM networks ORDER BY name", DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		r = read_network(&query, ARRAY_APPEND(records, count), err);
	if (r < 0) {
		for (size_t i = 0; i < count; i++)
			network_record_free(records[i]);
		free(records);
		return r;
	}
	*ret = records;
	*ret_count = count;
	return 0;
}

int network_row_delete(struct db *db, const char *name, struct error *err)
{
	return db_run(db, "DELETE FROM networks WHERE name = ?1", DB_VALUES(DB_TEXT(name)), err);
}

/* --- endpoints --- */

#define ENDPOINT_COLUMNS "container, network, link, interface, mac, address, address6, aliases"

void endpoint_done(struct endpoint *endpoint)
{
	free(endpoint->container);
	free(endpoint->network);
	free(endpoint->link);
	free(endpoint->interface);
	free(endpoint->mac);
	strv_free(endpoint->aliases);
	*endpoint = (struct endpoint){ 0 };
}

void endpoint_list_done(struct endpoint_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		endpoint_done(&list->items[i]);
	free(list->items);
	*list = (struct endpoint_list){ 0 };
}

int endpoint_row_insert(struct db *db, const struct endpoint *endpoint, struct error *err)
{
	char address[CIDR_TEXT_MAX], address6[CIDR_TEXT_MAX];
	_cleanup_free_ char *aliases = db_list_text(endpoint->aliases);
	return db_run(db,
		      "INSERT INTO endpoints (" ENDPOINT_COLUMNS
		      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, ''), ?8)",
		      DB_VALUES(DB_TEXT(endpoint->container), DB_TEXT(endpoint->network), DB_TEXT(endpoint->link),
				DB_TEXT(endpoint->interface), DB_TEXT(endpoint->mac),
				DB_TEXT(cidr_text(&endpoint->address, address)),
				DB_TEXT(cidr_text(&endpoint->address6, address6)), DB_TEXT(aliases)),
		      err);
}

static int read_endpoint(const struct db_query *query, struct endpoint *ret, struct error *err)
{
	*ret = (struct endpoint){
		.container = mem_strdup(db_text(query, 0)),
		.network = mem_strdup(db_text(query, 1)),
		.link = mem_strdup(db_text(query, 2)),
		.interface = mem_strdup(db_text(query, 3)),
		.mac = mem_strdup(db_text(query, 4)),
		.address = cidr_column(query, 5),
		.address6 = cidr_column(query, 6),
	};
	return db_list(query, 7, &ret->aliases, err);
}

int endpoint_row_list(struct db *db, const char *container, const char *network, struct endpoint_list *ret,
		      struct error *err)
{
	static const char of_container[] = "SELECT " ENDPOINT_COLUMNS " FROM endpoints WHERE container = ?1 "
					   "ORDER BY interface";
	static const char of_network[] = "SELECT " ENDPOINT_COLUMNS " FROM endpoints WHERE network = ?1";
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, container ? of_container : of_network, DB_VALUES(DB_TEXT(container ? container : network)),
			 &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		r = read_endpoint(&query, ARRAY_APPEND(list.items, list.count), err);
	if (r < 0)
		return r;
	*ret = list;
	list = (struct endpoint_list){ 0 };
	return 0;
}

int endpoint_row_any(struct db *db, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "SELECT 1 FROM endpoints LIMIT 1", DB_NO_VALUES, &query, err);
	return r < 0 ? r : db_next(&query, err);
}

int endpoint_row_any_running(struct db *db, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db,
			 "SELECT 1 FROM endpoints e JOIN containers c ON c.id = e.container WHERE c.state = ?1 LIMIT 1",
			 DB_VALUES(DB_NUMBER(STATE_RUNNING)), &query, err);
	return r < 0 ? r : db_next(&query, err);
}

int endpoint_row_serving(struct db *db, const char *network, const char *besides, char ***ret, struct error *err)
{
	return db_get_texts(
		db,
		"SELECT e.container FROM endpoints e JOIN networks n ON n.name = e.network "
		"WHERE e.network != ?2 AND e.container IN (SELECT container FROM endpoints WHERE network = ?1) "
		"GROUP BY e.container HAVING count(*) > 1 OR max(n.driver != 'bridge')",
		DB_VALUES(DB_TEXT(network), DB_TEXT(besides)), ret, err);
}

int endpoint_row_abandoned(struct db *db, char ***ret, struct error *err)
{
	return db_get_texts(db,
			"SELECT DISTINCT e.container FROM endpoints e JOIN containers c ON c.id = e.container "
			"WHERE c.state != ?1",
			DB_VALUES(DB_NUMBER(STATE_RUNNING)), ret, err);
}

int endpoint_row_delete(struct db *db, const char *container, const char *network, struct error *err)
{
	return db_run(db, "DELETE FROM endpoints WHERE container = ?1 AND network = ?2",
		      DB_VALUES(DB_TEXT(container), DB_TEXT(network)), err);
}

int published_rows_delete(struct db *db, const char *container, struct error *err)
{
	return db_run(db, "DELETE FROM ports WHERE container = ?1", DB_VALUES(DB_TEXT(container)), err);
}

int endpoint_rows_delete(struct db *db, const char *container, struct error *err)
{
	int r = published_rows_delete(db, container, err);
	return r < 0 ? r : db_run(db, "DELETE FROM endpoints WHERE container = ?1", DB_VALUES(DB_TEXT(container)), err);
}

/* --- ports; host is "" for each address --- */

#define PORT_COLUMNS "container, host, protocol, host_port, address, container_port"

void published_list_done(struct published_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].container);
	free(list->items);
	*list = (struct published_list){ 0 };
}

bool published_is_opening(const struct published *published)
{
	return published->port.host_port == published->port.container_port &&
	       cidr_same_address(&published->port.host, &published->address);
}

int published_row_insert(struct db *db, const struct published *published, struct error *err)
{
	/*
	 * An address of its own and "each address" are not the same, and yet exclude each other; the families do not,
	 * neither those of containers' addresses nor those of the host's in front of one. '' is of both.
	 */
	static const char holder[] =
		"SELECT CASE WHEN c.id = ?5 THEN '' ELSE c.name END FROM ports p "
		"JOIN containers c ON c.id = p.container WHERE "
		"p.protocol = ?1 AND p.host_port = ?2 AND p.host <> p.address "
		"AND (p.host = ?3 OR p.host IN ('', '0.0.0.0', '::') OR ?3 IN ('', '0.0.0.0', '::')) "
		"AND (p.address LIKE '%:%') = (?4 LIKE '%:%') "
		"AND (?4 LIKE '%:%' OR '' IN (p.host, ?3) OR "
		"(p.host LIKE '%:%') = (?3 LIKE '%:%')) LIMIT 1";
	const struct port *port = &published->port;
	char host[CIDR_TEXT_MAX], address[CIDR_TEXT_MAX];
	_cleanup_free_ char *name = NULL;
	cidr_address_text(&port->host, host);
	cidr_address_text(&published->address, address);
	int r = published_is_opening(published)
			? 0
			: db_get_text(db, holder,
				      DB_VALUES(DB_NUMBER(port->protocol), DB_NUMBER(port->host_port), DB_TEXT(host),
						DB_TEXT(address), DB_TEXT(published->container)),
				      &name, err);
	if (r > 0) {
		err_set(err, ERR_PORT_ALLOCATED, "port %u/%s is already allocated", port->host_port,
			port_protocol_name(port->protocol));
		if (!*name)
			return err_cause(err, "it is published twice here");
		err_cause(err, "container %s has published it", name);
		return err_hint(err, "coffer stop %s; or publish another port of the host", name);
	}
	return r < 0 ? r
		     : db_run(db, "INSERT INTO ports (" PORT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
			      DB_VALUES(DB_TEXT(published->container), DB_TEXT(host), DB_NUMBER(port->protocol),
					DB_NUMBER(port->host_port), DB_TEXT(address), DB_NUMBER(port->container_port)),
			      err);
}

int published_row_any(struct db *db, const struct port *port, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "SELECT 1 FROM ports WHERE protocol = ?1 AND host_port = ?2 AND host <> address LIMIT 1",
			 DB_VALUES(DB_NUMBER(port->protocol), DB_NUMBER(port->host_port)), &query, err);
	return r < 0 ? r : db_next(&query, err);
}

static void read_published(const struct db_query *query, struct published *ret)
{
	*ret = (struct published){
		.container = mem_strdup(db_text(query, 0)),
		.port = {
			.host = cidr_column(query, 1),
			.protocol = (uint8_t)db_number(query, 2),
			.host_port = (uint16_t)db_number(query, 3),
			.container_port = (uint16_t)db_number(query, 5),
		},
		.address = cidr_column(query, 4),
	};
}

int published_row_list(struct db *db, const char *container, struct published_list *ret, struct error *err)
{
	static const char of_container[] = "SELECT " PORT_COLUMNS " FROM ports WHERE container = ?1 "
					   "ORDER BY container_port, protocol, host_port";
	static const char of_all[] = "SELECT " PORT_COLUMNS " FROM ports "
				     "WHERE container IN (SELECT container FROM endpoints)";
	_cleanup_published_list_ struct published_list list = { 0 };
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = container ? db_query(db, of_container, DB_VALUES(DB_TEXT(container)), &query, err)
			  : db_query(db, of_all, DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		read_published(&query, ARRAY_APPEND(list.items, list.count));
	if (r < 0)
		return r;
	*ret = list;
	list = (struct published_list){ 0 };
	return 0;
}
