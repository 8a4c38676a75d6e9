/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `system check`: a table of checks, each of one numbered invariant (S1 to S6 are those of storage/store.h, E1 to E4 those
 * of engine.h, N1 to N4 those of network.h, NC1 to NC4 those of network-cni.h, PO1 and PO2 those of pod.h, D1 to D4 of the database are in README.md).
 * A new area is a file check-NAME.c, with rows in check.c.
 *
 *  1. Every check looks, and says what it finds (check_found()).
 *  2. To repair, engine_reconcile() does first what every other command would; then each check that has found something
 *     does what it can.
 *  3. All look again. What is not found any more, is repaired.
 *
 * A check may be made while containers start and end, so it keeps off what somebody alive has locked.
 */
#pragma once

#include <stdbool.h>

#include "engine/engine-internal.h"

struct check_run;

struct check {
	const char *invariant;
	/* A failure to look is a finding, too. */
	int (*look)(struct check_run *run, struct error *err);
	/* What engine_reconcile() does not do, or NULL. */
	int (*repair)(struct engine *engine, struct error *err);
	bool harmless; /* what it finds is rubbish, and not damage */
	bool vital;    /* if it finds something, nothing else can be looked at */
};

struct check_run {
	struct engine *engine;
	const struct check *check;
	struct check_finding *findings;
	size_t n_findings;
};

void check_found(struct check_run *run, const char *object, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The names in a directory of ours, but "." and "..". A strv. @path is for messages. */
int check_list(int dir, const char *path, char ***ret, struct error *err);

/* --- check-database.c --- */
int check_database_file(struct check_run *run, struct error *err);	 /* D1 */
int check_database_references(struct check_run *run, struct error *err); /* D2 */
int check_container_rows(struct check_run *run, struct error *err);	 /* D3 */
int check_identity(struct check_run *run, struct error *err);		 /* D4 */

/* --- check-pods.c --- */
int check_pods(struct check_run *run, struct error *err);	/* PO1 */
int check_pods_going(struct check_run *run, struct error *err); /* PO2 */

/* --- check-store.c --- */
int check_names(struct check_run *run, struct error *err); /* S4 */
int repair_names(struct engine *engine, struct error *err);
int check_rubbish(struct check_run *run, struct error *err); /* S2 */
int check_index(struct check_run *run, struct error *err);   /* S6 */
int repair_index(struct engine *engine, struct error *err);

/* --- check-images.c --- */
int check_image_contents(struct check_run *run, struct error *err); /* S3 */
int check_image_sizes(struct check_run *run, struct error *err);    /* S1 */
int check_garbage(struct check_run *run, struct error *err);	    /* E3 */
int repair_garbage(struct engine *engine, struct error *err);

/* --- check-containers.c --- */
int check_snapshots(struct check_run *run, struct error *err); /* S5 */
int repair_snapshots(struct engine *engine, struct error *err);
int check_orphans(struct check_run *run, struct error *err); /* S5: files of containers that are not there */
int repair_orphans(struct engine *engine, struct error *err);
int check_running(struct check_run *run, struct error *err);   /* E2 */
int check_endpoints(struct check_run *run, struct error *err); /* N3 */
int repair_endpoints(struct engine *engine, struct error *err);

/* --- check-network.c --- */
int check_packet_filter(struct check_run *run, struct error *err); /* N2 */
int check_netns_names(struct check_run *run, struct error *err);   /* N4 */

/* --- check-cni.c --- */
int check_cni_places(struct check_run *run, struct error *err);	 /* NC1 */
int check_cni_plugins(struct check_run *run, struct error *err); /* NC4 */
