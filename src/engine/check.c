/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/check.h"
#include "engine/identity.h"
#include "engine/network-netns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

static const struct check CHECKS[] = {
	{ .invariant = "D1", .look = check_database_file, .vital = true },
	{ .invariant = "D4", .look = check_identity, .vital = true },
	{ .invariant = "D2", .look = check_database_references },
	{ .invariant = "D3", .look = check_container_rows },
	{ .invariant = "S4", .look = check_names, .repair = repair_names },
	{ .invariant = "S3", .look = check_image_contents },
	{ .invariant = "S1", .look = check_image_sizes },
	{ .invariant = "S5", .look = check_snapshots, .repair = repair_snapshots },
	{ .invariant = "S2", .look = check_rubbish, .harmless = true },
	{ .invariant = "E3", .look = check_garbage, .repair = repair_garbage, .harmless = true },
	{ .invariant = "S6", .look = check_index, .repair = repair_index, .harmless = true },
	{ .invariant = "S5", .look = check_orphans, .repair = repair_orphans, .harmless = true },
	{ .invariant = "E2", .look = check_running, .harmless = true },
	{ .invariant = "PO1", .look = check_pods },
	{ .invariant = "PO2", .look = check_pods_going, .harmless = true },
	{ .invariant = "N2", .look = check_packet_filter },
	{ .invariant = "N3", .look = check_endpoints, .repair = repair_endpoints, .harmless = true },
	{ .invariant = "N4", .look = check_netns_names, .repair = network_netns_sweep, .harmless = true },
	{ .invariant = "NC1", .look = check_cni_places, .harmless = true },
	{ .invariant = "NC4", .look = check_cni_plugins },
};

void check_findings_free(struct check_finding *findings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(findings[i].object);
		free(findings[i].why);
	}
	free(findings);
}

static void check_run_done(struct check_run *run)
{
	check_findings_free(run->findings, run->n_findings);
}
#define _cleanup_check_run_ _cleanup_(check_run_done)

void check_found(struct check_run *run, const char *object, const char *fmt, ...)
{
	_cleanup_str_ struct str why = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vappendf(&why, fmt, args);
	va_end(args);
	struct check_finding *finding = ARRAY_APPEND(run->findings, run->n_findings);
	*finding = (struct check_finding){
		.invariant = run->check->invariant,
		.object = mem_strdup(object),
		.why = str_take(&why),
		.harmless = run->check->harmless,
	};
}

int check_list(int dir, const char *path, char ***ret, struct error *err)
{
	_cleanup_close_ int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	if (!entries)
		return err_sys(err, errno, "list '%s'", path);
	TAKE_FD(fd);
	char **names = NULL;
	size_t count = 0;
	for (struct dirent *entry; (entry = readdir(entries));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			*ARRAY_APPEND(names, count) = mem_strdup(entry->d_name);
	*ARRAY_APPEND(names, count) = NULL;
	*ret = names;
	return 0;
}

/* --- looking --- */

/* *ret_found says of which checks there are findings. */
static void look_at_all(struct check_run *run, bool ret_found[static ARRAY_SIZE(CHECKS)])
{
	for (size_t i = 0; i < ARRAY_SIZE(CHECKS); i++) {
		struct error failure = { 0 };
		size_t before = run->n_findings;
		run->check = &CHECKS[i];
		if (CHECKS[i].look(run, &failure) < 0) {
			check_found(run, run->engine->store->path, "it cannot be checked: %s", failure.message);
			run->findings[run->n_findings - 1].harmless = false;
		}
		ret_found[i] = run->n_findings > before;
		if (ret_found[i] && CHECKS[i].vital)
			return;
	}
}

/* With nobody who adds images, and none of what is looked at can be collected. */
static int look(struct engine *engine, struct check_run *run, bool found[static ARRAY_SIZE(CHECKS)], struct error *err)
{
	struct error busy = { 0 };
	_cleanup_close_ int lock = file_lock(engine->store->root, "lock", true, false, &busy);
	if (lock == -ERR_BUSY) {
		(void)err_set(err, ERR_BUSY, "cannot check '%s': another command is adding or reading images",
			      engine->store->path);
		return err_hint(err, "wait for pulls, loads and saves to end");
	}
	if (lock < 0) {
		if (err)
			*err = busy;
		return lock;
	}
	look_at_all(run, found);
	return 0;
}

/* --- repairing --- */

static struct check_finding *find(struct check_run *run, const struct check_finding *wanted)
{
	for (size_t i = 0; i < run->n_findings; i++)
		if (streq(run->findings[i].invariant, wanted->invariant) &&
		    streq(run->findings[i].object, wanted->object))
			return &run->findings[i];
	return NULL;
}

/* What was tried is told in the log; what counts is what is found afterwards. */
static void repair_all(struct engine *engine, const bool found[static ARRAY_SIZE(CHECKS)])
{
	struct error failure = { 0 };
	if (engine_reconcile(engine, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "repair", &failure);
	for (size_t i = 0; i < ARRAY_SIZE(CHECKS); i++) {
		failure = (struct error){ 0 };
		if (found[i] && CHECKS[i].repair && CHECKS[i].repair(engine, &failure) < 0)
			log_failure(LOG_LEVEL_WARN, "repair", &failure);
	}
}

/* Those of @before that are not found @after, behind those that are. */
static void add_repaired(const struct check_run *before, struct check_run *after)
{
	size_t n_after = after->n_findings;
	for (size_t i = 0; i < before->n_findings; i++) {
		const struct check_finding *finding = &before->findings[i];
		struct check_run remaining = { .findings = after->findings, .n_findings = n_after };
		if (find(&remaining, finding))
			continue;
		struct check_finding *repaired = ARRAY_APPEND(after->findings, after->n_findings);
		*repaired = *finding;
		repaired->object = mem_strdup(finding->object);
		repaired->why = mem_strdup(finding->why);
		repaired->repaired = true;
	}
}

int engine_check(struct engine *engine, enum check_mode mode, struct check_finding **ret, size_t *ret_count,
		 struct error *err)
{
	_cleanup_check_run_ struct check_run before = { .engine = engine };
	_cleanup_check_run_ struct check_run after = { .engine = engine };
	struct check_run *result = &before;
	bool found[ARRAY_SIZE(CHECKS)] = { 0 };
	int r = mode == CHECK_FORCE ? identity_adopt(engine, err) : 0;
	if (r >= 0)
		r = look(engine, &before, found, err);
	if (r >= 0 && mode != CHECK_LOOK && before.n_findings > 0) {
		repair_all(engine, found);
		r = look(engine, &after, found, err);
		add_repaired(&before, &after);
		result = &after;
	}
	if (r < 0)
		return r;
	*ret = TAKE_PTR(result->findings);
	*ret_count = result->n_findings;
	result->n_findings = 0;
	return 0;
}
