/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container as the database has it. Whoever changes one that is there holds the lock of its run directory (run-dir.h).
 */
#pragma once

#include "base/cleanup.h"
#include "engine/container-config.h"
#include "engine/db.h"
#include "engine/engine.h"

struct monitor_status;

struct container_row {
	char id[ID_HEX_LENGTH + 1];
	char *name;
	char *image_id;
	enum container_state state; /* CREATED, RUNNING, EXITED or DEAD */
	bool auto_remove, oom_killed, is_infra;
	int64_t created_at, started_at, finished_at;
	int exit_code;
	char *error;
	char *last_status; /* monitor_status_text() of its last end, or "" */
	char *runroot;
	char *pod, *pod_name; /* the id and name of its pod, or NULL */
	struct container_config config;
};
void container_row_done(struct container_row *row);
#define _cleanup_container_row_ _cleanup_(container_row_done)

/* Reserve id and name, and insert. Errors: ERR_NAME, saying who has it; ERR_IMG_NOT_FOUND. */
int container_row_insert(struct db *db, const struct container_row *row, struct error *err);

/* By its whole id: 1, or 0 if there is none. */
int container_row_load(struct db *db, const char *id, struct container_row *ret, struct error *err);

/*
 * The id that @name means: a name, an id, or the beginning of one. Errors: ERR_NO_CONTAINER; ERR_INVALID for the beginning
 * of several.
 */
int container_row_find(struct db *db, const char *name, char id[static ID_HEX_LENGTH + 1], struct error *err);

/* All, or only those that run, newest first. The rows and the array are the caller's. */
int container_row_list(struct db *db, bool running_only, struct container_row **ret, size_t *ret_count,
		       struct error *err);

/* Those of a pod, oldest first. The same. */
int container_row_list_pod(struct db *db, const char *pod, struct container_row **ret, size_t *ret_count,
			   struct error *err);

/* Those that should be running below @runroot: their ids. */
int container_row_running(struct db *db, const char *runroot, char ***ret, struct error *err);

/* The ids of all, in their order. */
int container_row_ids(struct db *db, char ***ret, struct error *err);

/* It is about to run below @runroot. Errors: ERR_NO_CONTAINER; ERR_STATE if it runs already. */
int container_row_set_running(struct db *db, const char *id, const char *runroot, struct error *err);

/* It could not be started: back to where it was, with the reason. */
int container_row_set_failed(struct db *db, const char *id, const struct error *why, struct error *err);

int container_row_set_exited(struct db *db, const char *id, const struct monitor_status *status, struct error *err);
/* Errors: ERR_NAME, ERR_NO_CONTAINER. */
int container_row_set_name(struct db *db, const char *id, const char *name, struct error *err);
/* Errors: ERR_NO_CONTAINER. */
int container_row_set_config(struct db *db, const char *id, const struct container_config *config, struct error *err);
int container_row_delete(struct db *db, const char *id, struct error *err);

/* It will be loaded and deleted, and somebody will wait for that: what can be done now is done now. */
void container_row_expect_delete(struct db *db);
