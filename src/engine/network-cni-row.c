/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-cni-row.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/container-row.h"
#include "engine/network-cni.h"
#include "engine/network-row.h"

void cni_place_done(struct cni_place *place)
{
	free(place->id);
	free(place->interface);
	free(place->path);
	cni_network_free(place->network);
	json_putp(&place->capabilities);
	json_putp(&place->result);
}

void cni_places_done(struct cni_places *places)
{
	for (size_t i = 0; i < places->count; i++)
		cni_place_done(&places->items[i]);
	free(places->items);
	*places = (struct cni_places){ 0 };
}

struct cni_call cni_place_call(const struct cni_place *place, int netns)
{
	return (struct cni_call){
		.container = place->id,
		.interface = place->interface,
		.path = place->path,
		.netns = netns,
		.capabilities = place->capabilities,
		.keep = -1,
		.timeout_ms = network_cni_timeout_ms(),
	};
}

static int read_object(const char *text, struct json_object **ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	if (!*text)
		return 0;
	int r = json_parse(text, strlen(text), "the database", ERR_INTERNAL, &document, err);
	if (r >= 0)
		*ret = json_object_get(document.root);
	return r;
}

static int read_place(const struct db_query *query, const char *id, struct cni_place *place, struct error *err)
{
	place->id = mem_strdup(id);
	place->interface = mem_strdup(db_text(query, 0));
	place->path = mem_strdup(db_text(query, 1));
	int r = cni_network_parse(db_text(query, 2), strlen(db_text(query, 2)), "the database", &place->network, err);
	if (r >= 0)
		r = read_object(db_text(query, 3), &place->capabilities, err);
	return r < 0 ? r : read_object(db_text(query, 4), &place->result, err);
}

int cni_places_load(struct db *db, const char *id, struct cni_places *ret, struct error *err)
{
	_cleanup_cni_places_ struct cni_places places = { 0 };
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db,
			 "SELECT interface, path, configuration, capabilities, result FROM cni WHERE container = ?1 "
			 "ORDER BY length(interface), interface",
			 DB_VALUES(DB_TEXT(id)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		r = read_place(&query, id, ARRAY_APPEND(places.items, places.count), err);
	if (r < 0)
		return r;
	*ret = places;
	places = (struct cni_places){ 0 };
	return 0;
}

int cni_place_insert(struct db *db, const struct cni_place *place, struct error *err)
{
	return db_run(db,
		      "INSERT INTO cni (container, interface, path, configuration, capabilities) "
		      "VALUES (?1, ?2, ?3, ?4, ?5)",
		      DB_VALUES(DB_TEXT(place->id), DB_TEXT(place->interface), DB_TEXT(place->path),
				DB_TEXT(place->network->document.text), DB_TEXT(json_text(place->capabilities))),
		      err);
}

int cni_place_save(struct db *db, const struct cni_place *place, struct error *err)
{
	return db_run(db, "UPDATE cni SET result = ?3 WHERE container = ?1 AND interface = ?2",
		      DB_VALUES(DB_TEXT(place->id), DB_TEXT(place->interface), DB_TEXT(json_text(place->result))), err);
}

int cni_place_delete(struct db *db, const struct cni_place *place, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	int r = db_begin(db, &transaction, err);
	if (r >= 0 && json_object_object_get(place->capabilities, CNI_PORT_MAPPINGS))
		r = published_rows_delete(db, place->id, err);
	if (r >= 0)
		r = db_run(db, "DELETE FROM cni WHERE container = ?1 AND interface = ?2",
			   DB_VALUES(DB_TEXT(place->id), DB_TEXT(place->interface)), err);
	return r < 0 ? r : db_commit(&transaction, err);
}

int cni_place_result(const struct cni_place *place, struct cni_result *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	json_document_wrap(json_object_get(place->result), "the plugins' result", ERR_NET, &document);
	struct json_node root = json_root(&document);
	int r = cni_result_parse(&root, place->interface, ret, err);
	return r < 0 ? err_wrap(err, "network cni:%s", place->network->name) : 0;
}

/* --- several --- */

int cni_place_all(struct db *db, char ***ret, struct error *err)
{
	return db_get_texts(db, "SELECT DISTINCT container FROM cni", DB_NO_VALUES, ret, err);
}

#define ABANDONED \
	"SELECT DISTINCT container FROM cni WHERE container NOT IN (SELECT id FROM containers WHERE state = ?1)"

int cni_place_abandoned(struct db *db, char ***ret, struct error *err)
{
	return db_get_texts(db, ABANDONED, DB_VALUES(DB_NUMBER(STATE_RUNNING)), ret, err);
}

int cni_place_live(struct db *db, const char *runroot, char ***ret, struct error *err)
{
	return db_get_texts(db,
			    "SELECT DISTINCT p.container FROM cni p JOIN containers c ON c.id = p.container "
			    "WHERE c.state = ?1 AND c.runroot = ?2",
			    DB_VALUES(DB_NUMBER(STATE_RUNNING), DB_TEXT(runroot)), ret, err);
}

int cni_place_is_abandoned(struct db *db, const char *id, struct error *err)
{
	_cleanup_free_ char *found = NULL;
	return db_get_text(db, ABANDONED " AND container = ?2", DB_VALUES(DB_NUMBER(STATE_RUNNING), DB_TEXT(id)),
			   &found, err);
}
