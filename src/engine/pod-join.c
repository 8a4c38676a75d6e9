/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pod-join.h"

#include <stdlib.h>
#include <time.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/live.h"
#include "engine/pod-row.h"
#include "engine/record.h"

/* --- what a container of a pod is made with --- */

static const struct {
	const char *share;
	size_t offset; /* of its mode in struct container_spec */
} MODES[] = {
	{ "cgroup", offsetof(struct container_spec, cgroupns_mode) },
	{ "ipc", offsetof(struct container_spec, ipc_mode) },
	{ "pid", offsetof(struct container_spec, pid_mode) },
	{ "uts", offsetof(struct container_spec, uts_mode) },
};

static int refuse(const struct pod *pod, const char *flag, const char *what, struct error *err)
{
	err_set(err, ERR_INVALID, "%s cannot be set for a container of pod \"%s\": %s of the pod", flag, pod->name,
		what);
	return err_hint(err, "coffer pod create %s ..., for all of its containers", flag);
}

static int check_network(const struct pod *pod, bool networked, const struct container_spec *spec, struct error *err)
{
	static const char network[] = "the network is that";
	if (networked)
		return refuse(pod, "--network", network, err);
	if (spec->ports || spec->publish_all)
		return refuse(pod, "--publish", network, err);
	if (spec->dns || spec->dns_search || spec->dns_options)
		return refuse(pod, "--dns", "the name servers are those", err);
	return spec->extra_hosts ? refuse(pod, "--add-host", "the hosts are those", err) : 0;
}

static int check(const struct pod *pod, bool networked, const struct container_spec *spec, struct error *err)
{
	int r = strv_contains(pod->shares, "net") ? check_network(pod, networked, spec, err) : 0;
	if (r >= 0 && spec->hostname && strv_contains(pod->shares, "uts"))
		r = refuse(pod, "--hostname", "the host name is that", err);
	if (r >= 0 && spec->cgroup_parent)
		r = refuse(pod, "--cgroup-parent", "the control group is in that", err);
	return r;
}

static void join_network(const struct pod *pod, struct container_spec *spec)
{
	for (size_t i = 0; i < spec->n_endpoints; i++)
		endpoint_request_done(&spec->endpoints[i]);
	free(spec->endpoints);
	spec->endpoints = NULL;
	spec->n_endpoints = 0;
	spec->network = NETWORK_CONTAINER;
	free(spec->network_target);
	spec->network_target = mem_strdup(pod->infra);
}

int engine_pod_join(struct engine *engine, const char *name, bool networked, struct container_spec *spec,
		    struct error *err)
{
	_cleanup_pod_ struct pod *pod = NULL;
	_cleanup_container_row_ struct container_row infra = { 0 };
	int r = engine_pod_find(engine, name, &pod, err);
	if (r >= 0)
		r = container_load_row(engine, pod->infra, &infra, err);
	if (r >= 0)
		r = check(pod, networked, spec, err);
	if (r < 0)
		return r;
	if (strv_contains(pod->shares, "net"))
		join_network(pod, spec);
	for (size_t i = 0; i < ARRAY_SIZE(MODES); i++) {
		char **mode = (char **)((char *)spec + MODES[i].offset);
		if (!*mode && strv_contains(pod->shares, MODES[i].share))
			*mode = mem_printf("container:%s", pod->infra);
	}
	spec->cgroup_parent = mem_strdup(config_spec(&infra.config)->cgroup_parent);
	free(spec->pod);
	spec->pod = mem_strdup(pod->id);
	return 0;
}

/* --- when it starts --- */

/* 1 if it runs. */
static int infra_runs(struct engine *engine, const char *infra, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_live_ struct live live = LIVE_NONE;
	int r = container_load_row(engine, infra, &row, err);
	return r < 0 ? r : live_open(engine, &row, &live, err);
}

/* Others of the pod may be about to start it, too. */
static int start_infra(struct engine *engine, const char *infra, struct error *err)
{
	enum { PATIENCE_MS = 20 * 1000, STEP_MS = 20 };
	int64_t start = time_monotonic_ns();
	for (;;) {
		struct error why = { 0 };
		int none = -1, r = infra_runs(engine, infra, err);
		if (r != 0)
			return r;
		r = engine_container_start(engine, infra, true, &none, &why);
		bool others = r == -ERR_STATE || r == -ERR_BUSY;
		if (r < 0 && (!others || time_monotonic_ns() - start > PATIENCE_MS * NSEC_PER_MSEC)) {
			if (err)
				*err = why;
			return r;
		}
		if (r < 0)
			nanosleep(&(struct timespec){ .tv_nsec = STEP_MS * NSEC_PER_MSEC }, NULL);
	}
}

int pod_start_infra(struct engine *engine, const char *pod_id, const char *id, struct error *err)
{
	_cleanup_pod_ struct pod *pod = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = pod_row_load(db, pod_id, &pod, err);
	if (r <= 0 || streq(pod->infra, id))
		return r;
	r = start_infra(engine, pod->infra, err);
	return r < 0 ? err_wrap(err, "cannot start pod \"%s\"", pod->name) : 0;
}

/* --- when it has ended --- */

static int stop_infra(struct engine *engine, const char *infra, struct error *err)
{
	enum { TIMEOUT_MS = 10 * 1000 };
	const struct packet_stop wish = { .timeout_ms = TIMEOUT_MS, .reason = STOP_BY_STOP };
	int connection = monitor_tell(engine, infra, PACKET_STOP, &wish, sizeof wish, err);
	if (connection == -ERR_STATE) { /* it has ended, too */
		err_clear(err);
		return 0;
	}
	if (connection >= 0)
		fd_close(connection);
	return MIN(connection, 0);
}

int pod_container_ended(struct engine *engine, const struct container_row *row, struct error *err)
{
	static const char sql[] = "SELECT infra FROM pods WHERE id = ?1 AND stops AND NOT EXISTS "
				  "(SELECT 1 FROM containers WHERE pod = ?1 AND id != infra AND state = 1)";
	_cleanup_free_ char *infra = NULL;
	struct db *db;
	if (row->is_infra)
		return 0;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_get_text(db, sql, DB_VALUES(DB_TEXT(row->pod)), &infra, err);
	return r > 0 ? stop_infra(engine, infra, err) : r;
}

/* --- when it goes --- */

int pod_check_removal(const struct container_row *row, struct error *err)
{
	if (!row->is_infra)
		return 0;
	err_set(err, ERR_STATE,
		"cannot remove container \"%s\": it is the infra container of pod \"%s\", and goes with that",
		row->name, row->pod_name);
	return err_hint(err, "coffer pod rm %s", row->pod_name);
}
