/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the engine share.
 *
 * Of a container there are three things, and each has one owner among the files here:
 *
 *	row            the database's: container-row.c
 *	run directory  RUNROOT/containers/ID, with the lock that says that somebody alive cares for it: run-dir.c
 *	monitor        a process; if we started it, our child: start.c, children.c
 *
 * A change of a container's state is made by whoever holds its run directory's lock, and nobody else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "engine/container-row.h"
#include "engine/db.h"
#include "engine/engine.h"
#include "engine/run-dir.h"
#include "monitor/protocol.h"
#include "runtime/container.h"
#include "storage/store.h"

/* A container that is ready to be started: its run directory is ours, and config.json is in it. */
struct launch {
	char id[ID_HEX_LENGTH + 1];
	char *name;
	char *pod; /* the id of its pod, or NULL */
	struct run_dir dir;
	char **lower; /* the layers' directories, topmost first */
	char **joins; /* as of the configuration */
	char **uid_map, **gid_map; /* the same */
	char *userns_path;	   /* of the user namespace that is joined, or NULL */
	int userns;		   /* that of the container, or -1 */
	struct image_plan *images;
	size_t n_images;
	char *pid_file; /* or NULL */
	bool open_stdin, auto_remove;
	bool notify;	  /* of its monitor's plan */
	bool has_volumes; /* which are mounted before it runs */
	bool networked; /* it runs in a network namespace that is made before it: */
	int netns;	/* this one, or -1 */
	char **relay;	/* of the monitor's plan, and its sockets: */
	int sockets[MONITOR_RELAY_MAX];
	int stop_signal;
	enum cgroup_manager cgroup_manager;
	char **pressure; /* of its monitor's plan */
	enum restart_policy restart;
	int restart_max;
	char **event_attributes;
	struct log_plan log;
	struct health_plan health;
};
#define LAUNCH_NONE ((struct launch){ .dir = RUN_DIR_NONE, .userns = -1, .netns = -1 })
void launch_done(struct launch *launch);
#define _cleanup_launch_ _cleanup_(launch_done)

/* A monitor that is our child. */
struct child {
	char id[ID_HEX_LENGTH + 1];
	pid_t pid;
};

struct engine {
	char *root, *runroot;
	struct store *store;
	int containers; /* RUNROOT/containers */
	struct db *db;	/* NULL before engine_db() */
	const char *cgroup_manager; /* that was asked for, or NULL */
	const struct storage_driver *storage_driver; /* the same */
	int monitor;	/* the program, protected (self_protected_program()); -1 before its first use */
	struct launch *created; /* here, and not started yet */
	size_t n_created;
	struct child *children;
	size_t n_children;
};

/* The database, opened at the first call. */
int engine_db(struct engine *engine, struct db **ret, struct error *err);

/* --- children.c --- */

void child_add(struct engine *engine, const char *id, pid_t pid);

/* Wait for the monitor of @id, if it is our child, to end. Returns its wait status, or -1. */
int child_wait(struct engine *engine, const char *id);

/* Close @fd in a process that nobody waits for, because the kernel takes its time over it. */
void child_close(struct engine *engine, int fd);

/* The same with network interfaces, which are removed there; @fd may be -1. */
void child_remove_links(struct engine *engine, char *const *links, int fd);

/* Collect those that have ended, so that a process that lives long has no zombies. */
void children_reap(struct engine *engine);

/* --- tell.c --- */

/* A connection to the monitor of container @id. Errors: as monitor_tell(). */
int monitor_reach(struct engine *engine, const char *id, struct error *err);

/*
 * Say something to the monitor of container @id, over a connection of its own, which is returned: PACKET_EXIT will come on
 * it. Errors: ERR_STATE if it has none, or has nothing to listen with any more.
 */
int monitor_tell(struct engine *engine, const char *id, enum packet_type type, const void *payload, size_t len,
		 struct error *err);

/* --- storage.c --- */

struct storage_driver;
int storage_driver_current(struct engine *engine, const struct storage_driver **ret, struct error *err);

/* The snapshot of a new container of an image of these layers. */
int storage_create(struct engine *engine, const struct container_row *row, char *const *diff_ids, struct error *err);
int storage_options_check(const struct container_spec *spec, struct error *err);

/* Which ids of the host its files were given to on disk; empty if they are the container's own. */
struct id_mapping;
int ids_on_disk(struct engine *engine, const struct container_row *row, struct id_mapping *ret, struct error *err);

/* --- launch.c --- */

#define CONFIG_FILE "config.json" /* in the run directory: what the container runs with */

/*
 * The directories of an image of these layers (which lists them the other way round), topmost first: what it has besides
 * (storage/parents.h), the layers, one of our own.
 */
int launch_layers(struct engine *engine, const char *image_id, char *const *diff_ids, char ***ret, struct error *err);

/*
 * What is below the own layer of the container @id, which is made of such an image: these; of one whose snapshot is whole,
 * nothing but that.
 */
int launch_lower(struct engine *engine, const char *id, const char *image_id, char *const *diff_ids, char ***ret,
		 struct error *err);

/*
 * Write the container's config.json and files into its run directory @dir. *ret, which takes @dir over, needs
 * launch_named() yet.
 */
int launch_prepare(struct engine *engine, const char *id, const struct container_config *config, const char *image_id,
		   char *const *diff_ids, struct run_dir *dir, struct launch *ret, struct error *err);

/* It has got its name: @row is as the database has it. */
void launch_named(struct engine *engine, struct launch *launch, const struct container_row *row);

/* --- launch-files.c --- */

struct endpoint_list;

/*
 * hostname, hosts and resolv.conf of a container with these places on networks, into its run directory @dir; one that
 * shares another container's network has that one's. @resolver: the name server of its network, or NULL.
 */
int launch_write_files(struct engine *engine, const struct container_config *config,
		       const struct endpoint_list *endpoints, const char *resolver, int dir, struct error *err);

/* Give them to the root of the container's user namespace, who may change them as any other. */
int launch_give_files(const struct launch *launch, struct error *err);

/* Whether they can be made, before it is known where it will be. Errors: ERR_INVALID. */
int launch_check_files(struct engine *engine, const struct container_config *config, struct error *err);

/* Those of one that runs, whose files stay the same ones, with other places from now on. */
int launch_update_files(struct engine *engine, const struct container_config *config,
			const struct endpoint_list *endpoints, const char *resolver, int dir, struct error *err);

/* --- finish.c: the caller holds the lock of @dir, which they release --- */

/* It ran, and ended as @status says. */
int container_settle(struct engine *engine, const struct container_row *row, const struct monitor_status *status,
		     struct run_dir *dir, struct error *err);

/*
 * Clear away what runs of it or is left of it, find out how it ended, and settle that. For one whose monitor has ended,
 * or died.
 */
int container_clear(struct engine *engine, const struct container_row *row, struct run_dir *dir, struct error *err);

/* The event of an end that no monitor has recorded. */
void container_record_lost(struct engine *engine, const struct container_row *row, const struct monitor_status *status);

/* Only clear away; *ret_status says how it ended. */
int container_clear_remains(struct engine *engine, const char *id, struct run_dir *dir, struct monitor_status *ret_status,
			    struct error *err);

/*
 * Remove all that there is of it: snapshot, log, row, run directory; with @volumes those of its volumes that have no name
 * and that nobody else has. Goes on after an error, and returns the first.
 */
int container_erase(struct engine *engine, const struct container_row *row, struct run_dir *dir, bool volumes,
		    struct error *err);

/* Snapshot and log alone. */
int container_erase_files(struct engine *engine, const char *id, struct error *err);

/* --- remove.c --- */

/* engine_container_remove(), of whatever container. */
int container_remove(struct engine *engine, const struct container_row *row, bool force, bool volumes,
		     struct error *err);

/* RUNROOT/runtime, where the runtime keeps its state. free() it. */
char *engine_runtime_root(const struct engine *engine);

/* ROOT/records/ID: what is kept of a container beyond the end of its run. free() it. */
char *engine_records_path(const struct engine *engine, const char *id);

/* ROOT/logs/ID.log. free() it. */
char *engine_log_path(const struct engine *engine, const char *id);
