/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/id-range.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/util.h"
#include "engine/id-mapping.h"
#include "runtime/user-namespace.h"

/* --- the pool --- */

static void append_common(const struct spec_id_mapping *a, const struct spec_id_mapping *b, struct id_list *ret)
{
	uint64_t first = MAX(a->host_id, b->host_id);
	uint64_t end = MIN((uint64_t)a->host_id + a->size, (uint64_t)b->host_id + b->size);
	if (first < end)
		id_list_append(ret, 0, first, end - first);
}

/* Ids that are both users' and groups'. */
static void intersect(const struct id_list *uids, const struct id_list *gids, struct id_list *ret)
{
	for (size_t i = 0; i < uids->count; i++)
		for (size_t j = 0; j < gids->count; j++)
			append_common(&uids->items[i], &gids->items[j], ret);
}

static int none_given(struct error *err)
{
	err_set(err, ERR_IDMAP,
		"no ids for containers: " SUBUID_FILE " and " SUBGID_FILE " give none to \"" ID_RANGE_USER "\"");
	return err_hint(err, "echo " ID_RANGE_USER ":2147483647:2147483648 | tee -a " SUBUID_FILE " " SUBGID_FILE);
}

static int pool_of_root(struct id_list *ret, struct error *err)
{
	_cleanup_id_list_ struct id_list uids = { 0 }, gids = { 0 };
	int r = subordinate_ids_read(SUBUID_FILE, ID_RANGE_USER, (uid_t)-1, &uids, err);
	if (r >= 0)
		r = subordinate_ids_read(SUBGID_FILE, ID_RANGE_USER, (uid_t)-1, &gids, err);
	if (r < 0)
		return r;
	intersect(&uids, &gids, ret);
	return ret->count > 0 ? 0 : none_given(err);
}

static int pool_of_user(struct id_list *ret, struct error *err)
{
	uint32_t last = MIN(user_namespace_last_uid(), user_namespace_last_gid());
	id_list_append(ret, 0, 1, last);
	return last > 0 ? 0 : err_set(err, ERR_IDMAP, "your user namespace has one id only, and none for others");
}

int id_range_pool(struct id_list *ret, struct error *err)
{
	return user_namespace_is_own() ? pool_of_user(ret, err) : pool_of_root(ret, err);
}

/* --- what is free --- */

struct range_list {
	struct id_range *items;
	size_t count;
};

static int compare_ranges(const void *a, const void *b)
{
	const struct id_range *left = a, *right = b;
	return (left->first > right->first) - (left->first < right->first);
}

static int load_taken(struct db *db, struct range_list *ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "SELECT first, size FROM id_ranges", DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		*ARRAY_APPEND(ret->items, ret->count) =
			(struct id_range){ (uint32_t)db_number(&query, 0), (uint32_t)db_number(&query, 1) };
	if (r >= 0 && ret->count > 0)
		qsort(ret->items, ret->count, sizeof *ret->items, compare_ranges);
	return r;
}

static void append_gap(struct range_list *list, uint64_t first, uint64_t end, uint32_t size)
{
	if (first < end && end - first >= size)
		*ARRAY_APPEND(list->items, list->count) = (struct id_range){ (uint32_t)first, (uint32_t)(end - first) };
}

/* The parts of one range of the pool that are large enough. */
static void append_gaps(const struct spec_id_mapping *range, const struct range_list *taken, uint32_t size,
			struct range_list *ret)
{
	uint64_t first = range->host_id, end = first + range->size;
	for (size_t i = 0; i < taken->count; i++) {
		append_gap(ret, first, MIN(end, (uint64_t)taken->items[i].first), size);
		first = MAX(first, (uint64_t)taken->items[i].first + taken->items[i].size);
	}
	append_gap(ret, first, end, size);
}

static int none_left(const struct id_list *pool, uint32_t size, struct error *err)
{
	err_set(err, ERR_IDMAP, "no %u ids in a row are left for a container", size);
	return err_cause(err, "%llu are there for all of them", (unsigned long long)id_list_size(pool));
}

/* Each place is one that a container of the same size could have. */
static struct id_range any_of(const struct range_list *gaps, uint32_t size)
{
	const struct id_range *gap = &gaps->items[random_u64() % gaps->count];
	return (struct id_range){ gap->first + (uint32_t)(random_u64() % (gap->size / size)) * size, size };
}

int id_range_choose(struct db *db, const struct id_list *pool, uint32_t size, int attempt, struct id_range *ret,
		    struct error *err)
{
	struct range_list taken = { 0 }, gaps = { 0 };
	int r = load_taken(db, &taken, err);
	for (size_t i = 0; r >= 0 && i < pool->count; i++)
		append_gaps(&pool->items[i], &taken, size, &gaps);
	if (r >= 0 && gaps.count == 0)
		r = none_left(pool, size, err);
	else if (r >= 0)
		*ret = attempt == 0 ? (struct id_range){ gaps.items[0].first, size } : any_of(&gaps, size);
	free(taken.items);
	free(gaps.items);
	return MIN(r, 0);
}

/* --- rows --- */

int id_range_insert(struct db *db, const char *container, const struct id_range *range, struct error *err)
{
	return db_run(db,
		      "INSERT INTO id_ranges (container, first, size) SELECT ?1, ?2, ?3 WHERE NOT EXISTS"
		      " (SELECT 1 FROM id_ranges WHERE first < ?2 + ?3 AND ?2 < first + size)",
		      DB_VALUES(DB_TEXT(container), DB_NUMBER(range->first), DB_NUMBER(range->size)), err);
}

int id_range_insert_chosen(struct db *db, const char *container, const struct id_list *list, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < list->count; i++)
		r = db_run(db,
			   "INSERT INTO id_ranges (container, first, size) VALUES (?1, ?2, ?3)"
			   " ON CONFLICT DO UPDATE SET size = max(size, excluded.size)",
			   DB_VALUES(DB_TEXT(container), DB_NUMBER(list->items[i].host_id),
				     DB_NUMBER(list->items[i].size)),
			   err);
	return MIN(r, 0);
}
