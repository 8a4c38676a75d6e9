/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health checks: a program that is run in the container now and then, and what its exit statuses make of the container's
 * health. Docker's rules:
 *
 *  H1  A container is "starting" until the first success, or until it has failed `retries` times in a row.
 *  H2  A success makes it "healthy" at once; `retries` failures in a row make it "unhealthy".
 *  H3  A failure within the start period counts only if there has been a success.
 *  H4  The next probe begins an interval after the end of the last one: `start_interval` while it is "starting" within the
 *      start period, `interval` otherwise. The first begins an interval after the start.
 *  H5  A probe that takes longer than `timeout` has failed. It is killed, with all of its process group, as is what a
 *      probe that has ended left behind.
 *  H6  A paused container is not probed, and its health stays as it is.
 *  H7  What is done when it becomes "unhealthy" (Podman's --health-on-failure): nothing; SIGKILL, and then whatever its
 *      restart policy wants; as `stop` does; or that, and another run whatever its policy says.
 *
 * Source: Docker's documentation, "HEALTHCHECK" in the Dockerfile reference; the behaviour of docker 28; podman-run(1).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum health_action { HEALTH_LEAVES, HEALTH_KILLS, HEALTH_RESTARTS, HEALTH_STOPS, HEALTH_ACTION_COUNT };

struct health_plan {
	char **args; /* of the program; NULL: no checks */
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns;
	int retries;
	enum health_action action;
	int stop_timeout_ms; /* of the action; -1: never */
};
void health_plan_done(struct health_plan *plan);

enum health_state { HEALTH_NONE, HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };
const char *health_state_name(enum health_state state); /* "none", "starting", ... */

enum { HEALTH_OUTPUT_MAX = 4096, HEALTH_LOG_MAX = 5 };

struct health_result {
	int64_t start_ns, end_ns;
	int exit_code; /* -1: it could not be run, or took too long */
	char output[HEALTH_OUTPUT_MAX + 64];
};

struct health_record {
	enum health_state state;
	int failing_streak;
	struct health_result log[HEALTH_LOG_MAX]; /* the newest last */
	int n_log;
};

/* H1 to H3. @age_ns is how long the container had been running when the probe began. Returns whether the state changed. */
bool health_judge(struct health_record *record, const struct health_plan *plan, const struct health_result *result,
		  int64_t age_ns);

/* H4. */
int64_t health_next_interval(const struct health_record *record, const struct health_plan *plan, int64_t age_ns);

/* health.json, in Docker's form: {"Status":"healthy","FailingStreak":0,"Log":[...]}. */
#define HEALTH_FILE "health.json"
int health_record_write(const struct health_record *record, int dir, struct error *err);
