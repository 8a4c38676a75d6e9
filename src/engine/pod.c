/* SPDX-License-Identifier: Apache-2.0 */
/* Finding pods, and what state they are in. */
#include "engine/pod.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/engine-internal.h"
#include "engine/pod-row.h"
#include "engine/record.h"

/* --- with their containers --- */

static int load_containers(struct engine *engine, struct db *db, struct pod *pod, struct error *err)
{
	struct container_row *rows = NULL;
	size_t count = 0;
	int r = container_row_list_pod(db, pod->id, &rows, &count, err);
	for (size_t i = 0; i < count; i++) {
		*ARRAY_APPEND(pod->containers, pod->n_containers) = record_from_row(engine, &rows[i]);
		container_row_done(&rows[i]);
	}
	free(rows);
	return r;
}

int engine_pod_find(struct engine *engine, const char *name, struct pod **ret, struct error *err)
{
	_cleanup_pod_ struct pod *pod = NULL;
	char id[ID_HEX_LENGTH + 1];
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = pod_row_find(db, name, id, err);
	if (r >= 0)
		r = pod_row_load(db, id, &pod, err);
	if (r == 0)
		return pod_not_found(name, err);
	if (r >= 0)
		r = load_containers(engine, db, pod, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(pod);
	return 0;
}

int engine_pod_list(struct engine *engine, struct pod ***ret, size_t *ret_count, struct error *err)
{
	struct pod **pods = NULL;
	size_t count = 0;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = pod_row_list(db, false, &pods, &count, err);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = load_containers(engine, db, pods[i], err);
	if (r < 0) {
		pods_free(pods, count);
		return r;
	}
	*ret = pods;
	*ret_count = count;
	return 0;
}

/* --- states --- */

const char *pod_state(const struct pod *pod)
{
	size_t counts[STATE_COUNT] = { 0 };
	for (size_t i = 0; i < pod->n_containers; i++)
		counts[pod->containers[i]->state]++;
	if (pod->n_containers == 0)
		return "Created"; /* it has just gone */
	if (counts[STATE_RUNNING] == pod->n_containers)
		return "Running";
	if (counts[STATE_RUNNING] > 0)
		return "Degraded";
	if (counts[STATE_PAUSED] == pod->n_containers)
		return "Paused";
	if (counts[STATE_EXITED] == pod->n_containers)
		return "Exited";
	if (counts[STATE_EXITED] > 0)
		return "Stopped";
	return counts[STATE_CREATED] == pod->n_containers ? "Created" : "Error";
}
