/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `update`: in the cgroup of one that runs, and in its row, out of which it is started the next time. The row is read again
 * when it is changed, so that of two updates at a time neither is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/limits.h"
#include "engine/live.h"
#include "engine/record.h"
#include "engine/restart.h"
#include "engine/stats.h"
#include "runtime/container.h"

/* --- What is asked for --- */

static void change_text(char **text, const char *value)
{
	if (!value)
		return;
	free(*text);
	*text = mem_strdup(value);
}

/* What is said of the same disk or file later counts more. */
static void add_words(char ***words, char *const *changes)
{
	for (; changes && *changes; changes++)
		strv_append(words, *changes);
}

#define CHANGE(field)                                 \
	do                                            \
		if (changes->field != 0)              \
			spec->field = changes->field; \
	while (0)

/* A person who says how much memory says nothing of swap, and gets as much again; who has said it, has said it. */
static void lay_over(struct container_spec *spec, const struct container_spec *changes)
{
	CHANGE(memory);
	CHANGE(memory_swap);
	CHANGE(memory_reservation);
	CHANGE(cpus_nano);
	CHANGE(cpu_shares);
	CHANGE(cpu_period_us);
	CHANGE(cpu_quota_us);
	CHANGE(pids_limit);
	CHANGE(cpu_weight);
	CHANGE(cpu_burst_us);
	CHANGE(cpu_idle);
	CHANGE(cpu_rt_period_us);
	CHANGE(cpu_rt_runtime_us);
	CHANGE(memory_min);
	CHANGE(memory_low);
	CHANGE(memory_high);
	CHANGE(blkio_weight);
	if (changes->has_swappiness) {
		spec->has_swappiness = true;
		spec->swappiness = changes->swappiness;
	}
	add_words(&spec->blkio_weight_device, changes->blkio_weight_device);
	add_words(&spec->device_read_bps, changes->device_read_bps);
	add_words(&spec->device_write_bps, changes->device_write_bps);
	add_words(&spec->device_read_iops, changes->device_read_iops);
	add_words(&spec->device_write_iops, changes->device_write_iops);
	add_words(&spec->cgroup_conf, changes->cgroup_conf);
	change_text(&spec->cpuset_cpus, changes->cpuset_cpus);
	change_text(&spec->cpuset_mems, changes->cpuset_mems);
	if (changes->restart_policy)
		spec->restart_max = changes->restart_max;
	change_text(&spec->restart_policy, changes->restart_policy);
}

static int change(struct container_row *row, const struct container_spec *changes, struct error *err)
{
	lay_over(&row->config.own, changes);
	int r = limits_check(&row->config.own, err);
	return r < 0 ? r : restart_policy_check(&row->config.own, err);
}

/* --- What runs --- */

static int refuse_less(struct engine *engine, const struct container_row *row, uint64_t limit, struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	_cleanup_container_stats_ struct container_stats stats = { 0 };
	if (limit == 0 || engine_container_find(engine, row->id, &record, NULL) < 0 ||
	    container_stats_read(engine, record, &stats) == 0 || stats.memory <= limit)
		return 0;
	err_set(err, ERR_BUSY, "it uses more memory now than the new limit allows");
	err_cause(err, "%" PRIu64 " KiB are in use, and %" PRIu64 " KiB are to be allowed", stats.memory >> 10,
		  limit >> 10);
	return err_hint(err, "--force lets the kernel take it away, or kill for it");
}

static int change_cgroup(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	_cleanup_json_document_ struct json_document document = { 0 };
	struct spec_resources resources = { 0 };
	struct json_object *object = json_object_new_object();
	json_document_wrap(object, "limits", ERR_INTERNAL, &document);
	struct json_node root = json_root(&document);
	int r = limits_add(config_spec(&row->config), object, err);
	if (r >= 0)
		r = live_load(engine, row->id, &container, err);
	if (r >= 0)
		r = spec_resources_from_json(&root, &resources, err);
	resources.best_effort = config_spec(&row->config)->cgroups_best_effort;
	if (r >= 0)
		r = container_update(container, &resources, err);
	spec_resources_done(&resources);
	return r;
}

/* What is not asked for is not needed: who has no cgroup can still be given another restart policy. */
static bool asks_for_limits(const struct container_spec *changes)
{
	_cleanup_json_ struct json_object *limits = json_object_new_object();
	return limits_add(changes, limits, NULL) < 0 || json_object_object_length(limits) > 0;
}

/*
 * One that ended a moment ago has no cgroup to change: if it is started again, then out of its bundle. One that is being
 * started may have read that already; and one that runs may have ended and been started again since it was tried.
 */
static int change_cgroup_if_it_runs(struct engine *engine, const struct container_row *row, struct error *err)
{
	enum { PATIENCE_MS = 10 * 1000, PAUSE_MS = 5, ATTEMPTS = 3 };
	const struct timespec pause = { .tv_nsec = PAUSE_MS * NSEC_PER_MSEC };
	struct error failure = { 0 };
	int r = 0, attempts = 0;
	for (int i = 0; i < PATIENCE_MS / PAUSE_MS && attempts < ATTEMPTS; i++) {
		r = change_cgroup(engine, row, &failure);
		enum container_status status = r < 0 ? live_status(engine, row->id) : CONTAINER_STOPPED;
		if (status == CONTAINER_STOPPED)
			return 0;
		attempts += status != CONTAINER_CREATING;
		(void)nanosleep(&pause, NULL);
	}
	*err = failure;
	return r;
}

static int write_bundle(const struct container_row *row, int dir, struct error *err)
{
	static const char *const limits[] = { "memory", "cpu", "pids", "blockIO", "unified", NULL };
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node section, resources;
	int r = json_load(dir, CONFIG_FILE, SPEC_SIZE_MAX, ERR_INTERNAL, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	if ((r = json_need_object(&root, "linux", &section, err)) < 0 ||
	    (r = json_need_object(&section, "resources", &resources, err)) < 0)
		return r;
	for (const char *const *name = limits; *name; name++)
		json_object_object_del(resources.value, *name);
	if ((r = limits_add(config_spec(&row->config), resources.value, err)) < 0)
		return r;
	const char *text = json_text(document.root);
	return file_write_atomic(dir, CONFIG_FILE, text, strlen(text), 0600, 0, err);
}

/* What its monitor starts it again with, as the restart policy says. With its end the bundle goes, and nobody needs it. */
static int change_bundle(const struct container_row *row, int dir, struct error *err)
{
	struct error failure = { 0 };
	int r = write_bundle(row, dir, &failure);
	if (r >= 0 || (faccessat(dir, CONFIG_FILE, F_OK, 0) < 0 && errno == ENOENT))
		return 0;
	*err = failure;
	return r;
}

/* What waits to be started again has nothing but its bundle. */
static int change_restarting(struct engine *engine, const struct container_row *row, struct error *err)
{
	struct monitor_status status;
	if (status_of(engine, row->id, &status, NULL) <= 0 || status.state != MONITOR_STATE_RESTARTING)
		return 0;
	_cleanup_close_ int dir = run_dir_open(engine, row->id);
	int r = dir < 0 ? 0 : change_bundle(row, dir, err);
	return r < 0 ? r : change_cgroup_if_it_runs(engine, row, err);
}

static int change_live(struct engine *engine, const struct container_row *row, const struct container_spec *changes,
		       bool force, struct error *err)
{
	_cleanup_live_ struct live live = LIVE_NONE;
	if (!asks_for_limits(changes))
		return 0;
	int r = live_open(engine, row, &live, err);
	if (r <= 0)
		return r < 0 ? r : change_restarting(engine, row, err);
	if (!force && (r = refuse_less(engine, row, changes->memory, err)) < 0)
		return r;
	if ((r = change_cgroup_if_it_runs(engine, row, err)) < 0 || (r = change_bundle(row, live.dir, err)) < 0)
		return r;
	return change_cgroup_if_it_runs(engine, row, err); /* it may have been started again out of the old bundle */
}

/*
 * Its monitor, which may be about to start it again, has the new policy when this returns; one that is ending has no use for
 * it.
 */
static int change_policy(struct engine *engine, const struct container_row *row, struct error *err)
{
	enum { PATIENCE_MS = 10 * 1000 };
	const struct container_spec *spec = config_spec(&row->config);
	const struct packet_policy policy = { restart_policy_of(spec), (int32_t)spec->restart_max };
	struct error failure = { 0 };
	if (row->state != STATE_RUNNING || !streq(row->runroot, engine->runroot))
		return 0;
	_cleanup_close_ int connection = monitor_tell(engine, row->id, PACKET_POLICY, &policy, sizeof policy, &failure);
	if (connection < 0)
		return 0;
	struct pollfd end = { .fd = connection, .events = POLLRDHUP };
	int n = RETRY_ON_EINTR(poll(&end, 1, PATIENCE_MS));
	return n == 0 ? err_set(err, ERR_TIMEOUT, "its monitor does not take the new restart policy") : 0;
}

/* --- The row --- */

static int store(struct engine *engine, const char *id, const struct container_spec *changes, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r < 0 || (r = db_begin(db, &transaction, err)) < 0 || (r = container_load_row(engine, id, &row, err)) < 0)
		return r;
	r = change(&row, changes, err);
	if (r >= 0)
		r = container_row_set_config(db, id, &row.config, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

int engine_container_update(struct engine *engine, const char *name, const struct container_spec *changes, bool force,
			    struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = container_load_row(engine, name, &row, err);
	if (r < 0)
		return r;
	r = change(&row, changes, err);
	if (r >= 0)
		r = change_live(engine, &row, changes, force, err);
	if (r >= 0)
		r = store(engine, row.id, changes, err);
	if (r >= 0 && changes->restart_policy)
		r = change_policy(engine, &row, err);
	if (r < 0)
		return err_wrap(err, "cannot update container \"%s\"", row.name);
	event_container(engine, &row, "update", NULL);
	return 0;
}
