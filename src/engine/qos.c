/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/qos.h"

#include <unistd.h>

#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup.h"

enum {
	OOM_GUARANTEED = -997,
	OOM_BURSTABLE_MIN = 3,
	OOM_BURSTABLE_MAX = 999,
	OOM_BEST_EFFORT = 1000,
	SHARES_OF_A_CPU = 1024,
	SHARES_MIN = 2,
	HIGH_PERCENT = 90, /* of what may be had beyond the promise: from there on it is slowed down */
};

static const uint64_t NANO = 1000000000;

static const char *const CLASSES[] = { "guaranteed", "burstable", "besteffort", NULL };

static bool is(const struct container_spec *spec, const char *class)
{
	return streq_null(spec->qos, class);
}

/* --- Checking --- */

static int check_guaranteed(const struct container_spec *spec, struct error *err)
{
	if (!spec->memory || !(spec->cpus_nano || spec->cpu_quota_us > 0))
		return err_set(err, ERR_INVALID,
			       "--qos guaranteed needs --memory and --cpus: what is guaranteed is what it may have");
	if (spec->memory_reservation > 0 && (uint64_t)spec->memory_reservation != spec->memory)
		return err_set(err, ERR_INVALID, "--qos guaranteed: --memory-reservation is --memory, or not given");
	return 0;
}

static int check_best_effort(const struct container_spec *spec, struct error *err)
{
	if (spec->memory || spec->memory_reservation || spec->memory_min || spec->memory_low || spec->cpus_nano ||
	    spec->cpu_quota_us || spec->cpu_shares || spec->cpu_weight)
		return err_set(err, ERR_INVALID, "--qos besteffort promises and limits nothing: no memory, no CPU");
	return 0;
}

int qos_check(const struct container_spec *spec, struct error *err)
{
	if (!spec->qos)
		return 0;
	if (!strv_contains((char *const *)CLASSES, spec->qos))
		return err_set(err, ERR_INVALID, "--qos %s: it is guaranteed, burstable or besteffort", spec->qos);
	if (is(spec, "guaranteed"))
		return check_guaranteed(spec, err);
	if (is(spec, "besteffort"))
		return check_best_effort(spec, err);
	if (spec->memory_reservation <= 0)
		return err_set(err, ERR_INVALID, "--qos burstable needs --memory-reservation: what it is promised");
	return 0;
}

/* --- What it comes to --- */

/* v1 knows one degree of protection only. */
static void promise(struct container_spec *spec, uint64_t bytes)
{
	if (cgroup_is_v1("memory")) {
		spec->memory_reservation = (int64_t)bytes;
		return;
	}
	spec->memory_reservation = 0;
	if (!spec->memory_min)
		spec->memory_min = (int64_t)bytes;
}

static void set_oom_score(struct container_spec *spec, int64_t score)
{
	if (!spec->oom_score_adj)
		spec->oom_score_adj = score;
}

static void guarantee(struct container_spec *spec)
{
	promise(spec, spec->memory);
	set_oom_score(spec, OOM_GUARANTEED);
	if (!spec->cpu_shares && !spec->cpu_weight && spec->cpus_nano)
		spec->cpu_shares = MAX(spec->cpus_nano * SHARES_OF_A_CPU / NANO, (uint64_t)SHARES_MIN);
}

static void let_burst(struct container_spec *spec)
{
	uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t promised = (uint64_t)spec->memory_reservation;
	int64_t score = OOM_BEST_EFFORT - (int64_t)(promised / (machine / OOM_BEST_EFFORT));
	score = MAX(score, (int64_t)OOM_BURSTABLE_MIN);
	set_oom_score(spec, MIN(score, (int64_t)OOM_BURSTABLE_MAX));
	if (spec->memory > promised && !spec->memory_high && !cgroup_is_v1("memory"))
		spec->memory_high = (int64_t)(promised + (spec->memory - promised) / 100 * HIGH_PERCENT);
	promise(spec, promised);
}

struct container_spec qos_effective(const struct container_spec *spec)
{
	struct container_spec effective = *spec;
	if (is(spec, "guaranteed"))
		guarantee(&effective);
	else if (is(spec, "burstable"))
		let_burst(&effective);
	else if (is(spec, "besteffort")) {
		set_oom_score(&effective, OOM_BEST_EFFORT);
		effective.cpu_shares = SHARES_MIN;
	}
	return effective;
}
