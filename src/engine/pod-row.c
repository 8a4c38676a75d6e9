/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pod-row.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/db-list.h"

#define COLUMNS "id, name, infra, shares, labels, stops, created_at"

void pod_free(struct pod *pod)
{
	if (!pod)
		return;
	free(pod->name);
	strv_free(pod->shares);
	strv_free(pod->labels);
	for (size_t i = 0; i < pod->n_containers; i++)
		container_record_free(pod->containers[i]);
	free(pod->containers);
	free(pod);
}

void pods_free(struct pod **pods, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pod_free(pods[i]);
	free(pods);
}

static int read_row(const struct db_query *query, struct pod **ret, struct error *err)
{
	_cleanup_pod_ struct pod *pod = NEW(struct pod);
	str_copy(pod->id, sizeof pod->id, db_text(query, 0));
	pod->name = mem_strdup(db_text(query, 1));
	str_copy(pod->infra, sizeof pod->infra, db_text(query, 2));
	pod->stops = db_number(query, 5);
	pod->created_at = db_number(query, 6);
	int r = db_list(query, 3, &pod->shares, err);
	if (r >= 0)
		r = db_list(query, 4, &pod->labels, err);
	if (r >= 0)
		*ret = TAKE_PTR(pod);
	return r;
}

/* --- finding --- */

int pod_row_load(struct db *db, const char *id, struct pod **ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "SELECT " COLUMNS " FROM pods WHERE id = ?1", DB_VALUES(DB_TEXT(id)), &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r <= 0)
		return r;
	r = read_row(&query, ret, err);
	return r < 0 ? r : 1;
}

int pod_not_found(const char *name, struct error *err)
{
	return err_set(err, ERR_NO_POD, "No such pod: %s", name);
}

int pod_row_find(struct db *db, const char *name, char id[static ID_HEX_LENGTH + 1], struct error *err)
{
	static const char by_name[] = "SELECT id FROM pods WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC LIMIT 1";
	static const char by_prefix[] = "SELECT id FROM pods WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2";
	_cleanup_strv_ char **found = NULL;
	int r = db_get_texts(db, by_name, DB_VALUES(DB_TEXT(name)), &found, err);
	if (r >= 0 && !found && *name)
		r = db_get_texts(db, by_prefix, DB_VALUES(DB_TEXT(name)), &found, err);
	if (r < 0)
		return r;
	if (!found)
		return pod_not_found(name, err);
	if (found[1])
		return err_set(err, ERR_INVALID, "Multiple IDs found with provided prefix: %s", name);
	str_copy(id, ID_HEX_LENGTH + 1, found[0]);
	return 0;
}

int pod_row_list(struct db *db, bool going, struct pod ***ret, size_t *ret_count, struct error *err)
{
	static const char sql[] = "SELECT " COLUMNS " FROM pods WHERE going >= ?1 ORDER BY created_at DESC";
	_cleanup_db_query_ struct db_query query = { 0 };
	struct pod **pods = NULL;
	size_t count = 0;
	int r = db_query(db, sql, DB_VALUES(DB_NUMBER(going)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		r = read_row(&query, ARRAY_APPEND(pods, count), err);
	if (r < 0) {
		pods_free(pods, count);
		return r;
	}
	*ret = pods;
	*ret_count = count;
	return 0;
}

/* --- changing --- */

int pod_row_insert(struct db *db, const struct pod *pod, const char *infra, struct error *err)
{
	_cleanup_free_ char *shares = db_list_text(pod->shares), *labels = db_list_text(pod->labels);
	int r = db_run(db, "INSERT INTO pods (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		       DB_VALUES(DB_TEXT(pod->id), DB_TEXT(pod->name), DB_TEXT(infra), DB_TEXT(shares), DB_TEXT(labels),
				 DB_NUMBER(pod->stops), DB_NUMBER(pod->created_at)),
		       err);
	if (r != -ERR_EXISTS)
		return r < 0 ? r : 0;
	err_set(err, ERR_NAME, "name \"%s\" is already in use by a pod", pod->name);
	(void)err_hint(err, "coffer pod rm -f %s", pod->name);
	return -ERR_NAME;
}

int pod_row_admit(struct db *db, const char *id, struct error *err)
{
	_cleanup_free_ char *found = NULL;
	if (!id)
		return 0;
	int r = db_get_text(db, "SELECT id FROM pods WHERE id = ?1 AND going = 0", DB_VALUES(DB_TEXT(id)), &found, err);
	return r == 0 ? pod_not_found(id, err) : r;
}

int pod_row_set_going(struct db *db, const char *id, struct error *err)
{
	return db_run(db,
		      "UPDATE pods SET going = 1 WHERE id = ?1 AND NOT EXISTS "
		      "(SELECT 1 FROM containers WHERE pod = ?1 AND id != infra)",
		      DB_VALUES(DB_TEXT(id)), err);
}
