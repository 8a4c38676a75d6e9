/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing a pod: its containers, then, in one statement, the promise that there will be no more, and last the infra
 * container, with whose row the pod's goes.
 */
#include "engine/pod-remove.h"

#include "engine/engine-internal.h"
#include "engine/pod-row.h"
#include "engine/record.h"

static bool is_infra(const struct pod *pod, const struct container_record *record)
{
	return memcmp(record->id, pod->infra, sizeof pod->infra) == 0;
}

static int refuse_running(const struct pod *pod, struct error *err)
{
	for (size_t i = 0; i < pod->n_containers; i++) {
		const struct container_record *record = pod->containers[i];
		bool ended = record->state == STATE_CREATED || record->state == STATE_EXITED ||
			     record->state == STATE_DEAD;
		if (is_infra(pod, record) || ended)
			continue;
		err_set(err, ERR_STATE, "cannot remove pod \"%s\": container \"%s\" is %s", pod->name, record->name,
			container_state_name(record->state));
		return err_hint(err, "coffer pod rm -f %s", pod->name);
	}
	return 0;
}

/* Somebody else may be faster. */
static int remove_one(struct engine *engine, const char *id, bool force, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = container_load_row(engine, id, &row, err);
	if (r >= 0)
		r = container_remove(engine, &row, force, true, err);
	if (r != -ERR_NO_CONTAINER)
		return r;
	err_clear(err);
	return 0;
}

static int remove_containers(struct engine *engine, const struct pod *pod, bool force, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < pod->n_containers; i++) {
		const struct container_record *record = pod->containers[i];
		if (!is_infra(pod, record))
			r = remove_one(engine, record->id, force, err);
	}
	return r;
}

/* Of the infra container nobody asks whether it runs: nothing lives in its namespaces any more. */
static int end_pod(struct engine *engine, const struct pod *pod, struct error *err)
{
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = pod_row_set_going(db, pod->id, err);
	if (r == 0) {
		_cleanup_pod_ struct pod *gone = NULL;
		r = pod_row_load(db, pod->id, &gone, err);
		return r > 0 ? err_set(err, ERR_BUSY, "cannot remove pod \"%s\": it has just got another container",
				       pod->name)
			     : r;
	}
	return r < 0 ? r : remove_one(engine, pod->infra, true, err);
}

int engine_pod_remove(struct engine *engine, const char *name, bool force, struct error *err)
{
	_cleanup_pod_ struct pod *pod = NULL;
	int r = engine_pod_find(engine, name, &pod, err);
	if (r >= 0 && !force)
		r = refuse_running(pod, err);
	if (r >= 0)
		r = remove_containers(engine, pod, force, err);
	return r < 0 ? r : end_pod(engine, pod, err);
}

int pods_repair(struct engine *engine, struct error *err)
{
	struct pod **pods = NULL;
	size_t count = 0;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = pod_row_list(db, true, &pods, &count, err);
	for (size_t i = 0; i < count; i++) {
		int removed = remove_one(engine, pods[i]->infra, true, r < 0 ? NULL : err);
		r = r < 0 ? r : removed;
	}
	pods_free(pods, count);
	return r;
}
