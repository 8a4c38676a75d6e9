/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI runtime's operations on a container: what coffer-runtime and coffer-monitor are made of.
 *
 * Life cycle: container_create() leaves an init process that waits, in all its namespaces, behind its seccomp filter, one
 * step before its program; container_start() lets it go on; container_kill() signals it; container_delete() removes what
 * is left. In between, anybody with access to the state directory can container_load() it by its id.
 *
 * State lives in ROOT/ID: state.json (written once, atomically, when the container is created) and two fifos. The status
 * is never stored but found out: by the pid and start time of the init process, and by the fifo.
 *
 * Source: OCI runtime-spec, runtime.md ("State", "Lifecycle", "Operations").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/cgroup.h"
#include "runtime/resctrl.h"
#include "runtime/spec.h"

enum { CONTAINER_ID_MAX = 1024 };

/* [A-Za-z0-9_+-][A-Za-z0-9_+.-]*, as runc has it. Errors: ERR_INVALID. */
int container_check_id(const char *id, struct error *err);

enum container_status {
	CONTAINER_CREATING,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_STOPPED,
};
const char *container_status_name(enum container_status status);

/* What state.json holds. */
struct container {
	char *id;
	char *root;	       /* the runtime's state root */
	char *bundle;	       /* absolute */
	char *rootfs;	       /* absolute, for people; empty with a detached root */
	char *cgroup_path;     /* empty: it was made without one */
	char *unit;	       /* systemd's scope, whose cgroup this is, or which it is in; empty: none */
	char *oci_version;
	char *config;	       /* the file in the bundle that it was made from */
	char **annotations;    /* key, value, key, value, ... */
	pid_t pid;
	uint64_t start_time;
	int64_t created_at;    /* ns since the epoch */
	uid_t owner;
	struct spec_hooks poststart, poststop; /* to be run by start and by delete */
	struct resctrl_place resctrl;
	bool new_keyring;      /* its processes do not share the session keyring of who starts them */
	bool host_pid;	       /* its pid namespace is the runtime's or another's: its end does not end its children */
};

struct criu_options;

/* Who makes the container's cgroup: we, systemd, or nobody; see cgroup-driver.h. */
enum cgroup_manager { CGROUP_MANAGER_CGROUPFS, CGROUP_MANAGER_SYSTEMD, CGROUP_MANAGER_DISABLED };

struct container_create_options {
	const char *root;	/* state root, made if missing */
	const char *id;
	const char *bundle;	/* path of the bundle, for state.json */
	int bundle_fd;
	const char *config;	/* what @spec was read from, relative to the bundle; NULL: config.json */
	const struct spec *spec;
	int rootfs_mount;	/* a detached mount to use as the root filesystem instead of root.path, or -1 */
	int cache_dir;		/* of compiled seccomp filters, or -1 */
	int stdio[3];		/* what becomes 0, 1, 2 when process.terminal is false */
	int preserve_fds;	/* this many further fds from 3 on are kept open for the program */
	const char *console_socket; /* send the terminal's master there (process.terminal), or NULL: *ret_console */
	bool no_pivot;
	bool no_new_keyring;
	bool no_cgroup;		/* stay in the creator's cgroup; limits are left out, with a warning in the log */
	const struct criu_options *restore; /* out of images (criu.h), with in_process_start; NULL: a new process */

	enum cgroup_manager cgroup_manager;
	bool notify;		/* make a directory STATE_NOTIFY in its state, which @spec mounts */
	bool in_process_start;	/* we start it ourselves by container_release(), not by way of exec.fifo */

	/*
	 * What the creator has to do before the program runs, or NULL: called with @meanwhile_data once the cgroup has its
	 * limits, while the init process makes the root filesystem, which takes longer. Not for one that is restored.
	 */
	void (*meanwhile)(const struct container *container, void *data);
	void *meanwhile_data;
};

/* The init process as its creator holds it. */
struct container_init {
	pid_t pid;
	int pidfd;
	int console; /* terminal master, or -1 */
	int sync;    /* with in_process_start: to let it go and to hear why exec failed */
};
void container_init_done(struct container_init *init);

/*
 * On failure nothing is left. Errors carry the stage; those of the init process (mounts, users, the program that is not
 * there) arrive here as they were set there. ERR_MEM_MIN: the kernel has killed it for a memory limit.
 */
int container_create(const struct container_create_options *options, struct container **ret,
		     struct container_init *ret_init, struct error *err);

/* With in_process_start: run the program, and wait until exec succeeded. Errors: ERR_EXEC_*, ERR_HOOK. */
int container_release(struct container *container, struct container_init *init, struct error *err);

/*
 * Any other process: let the created container @id go, and wait until its program runs. Errors: ERR_EXEC_*, ERR_HOOK; with
 * the latter the container may have been stopped again.
 */
int container_start(struct container *container, struct error *err);

/*
 * The protocol of --pidfd-socket: a pidfd goes over the socket at @path, with "standard" as the data, or for a process of
 * exec "setns".
 */
int pidfd_send(const char *path, int pidfd, bool of_exec, struct error *err);

/* The protocol of --console-socket: a terminal's master goes over the socket at @path, with its name as the data. */
int console_send(const char *path, int master, struct error *err);

struct container_exec_options {
	const struct spec_process *process;
	const struct spec *spec; /* container_load_spec() */
	int cache_dir;	    /* of compiled seccomp filters, or -1 */
	int stdio[3];	    /* as in container_create_options */
	int preserve_fds;
	char *const *cgroups; /* sub-cgroups to join, as cgroup_descend() takes them; NULL: none */
	bool ignore_paused; /* else a paused container is ERR_STATE: whoever joins it hangs until it is resumed */
	bool die_with_parent; /* SIGKILL for it when we end, until it executes something setuid (PR_SET_PDEATHSIG(2const)) */
};

/*
 * Run another program in a container that runs, with the filter of its config.json. The process is our child; ret_init has
 * its pid, pidfd and, with process.terminal, the terminal's master. Returns once exec succeeded.
 */
int container_exec(struct container *container, const struct container_exec_options *options,
		   struct container_init *ret_init, struct error *err);

/* Errors: ERR_NO_CONTAINER. */
int container_load(const char *root, const char *id, struct container **ret, struct error *err);
int container_status(struct container *container, enum container_status *ret, struct error *err);

/* Read the configuration that it was made from once more. */
int container_load_spec(const struct container *container, struct spec **ret, struct error *err);

/* Signal its first process, by pidfd; or, with @all, every process in its cgroup. */
int container_kill(struct container *container, int sig, bool all, struct error *err);

/* The container's cgroup. Errors: ERR_UNSUPPORTED if it was made without one, ERR_NOT_FOUND if it is gone. */
int container_open_cgroup(const struct container *container, struct cgroup **ret, struct error *err);

/* All its processes, as our pid namespace numbers them. free(*ret). */
int container_pids(struct container *container, pid_t **ret, size_t *ret_count, struct error *err);

/* Errors: ERR_STATE ("container not running", "container not paused"), and those of cgroup_freeze(). */
int container_pause(struct container *container, struct error *err);
int container_resume(struct container *container, struct error *err);

/* Change limits; see cgroup_changes(). Errors: ERR_STATE, and those of cgroup_apply(). */
int container_update(struct container *container, const struct spec_resources *resources, struct error *err);

/*
 * Mount @mounts (of spec_mounts_from_json(); relative sources are below the working directory) in a container that runs,
 * or take away what is on their destinations. They are done one after the other: what comes before a failure stays done.
 */
int container_add_mounts(struct container *container, const struct spec *mounts, struct error *err);
int container_remove_mounts(struct container *container, const struct spec *mounts, struct error *err);

/*
 * Remove cgroup and state, run poststop hooks. A container that has not stopped is ERR_STATE, unless @force, which kills
 * it first. Goes on after failures and returns the first.
 */
int container_delete(struct container *container, bool force, struct error *err);

/* Remove the state of one that container_load() cannot read: what else there was of it is not known. */
int container_forget(const char *root, const char *id, struct error *err);

/*
 * The "state" document of the specification, for people and engines: a pid of 0 says that there is none; "rootfs" and
 * "created" are as with runc. free() it.
 */
char *container_state_text(struct container *container, struct error *err);

/* As the member "annotations" of @object; a container without any adds nothing. */
void container_add_annotations(const struct container *container, struct json_object *object);

void container_free(struct container *container);
static inline void container_freep(struct container **container)
{
	container_free(*container);
}
#define _cleanup_container_ _cleanup_(container_freep)

/* The ids below a state root; an absent root has none. */
int container_list(const char *root, char ***ret_ids, struct error *err);

/*
 * Make this program safe from the container that it is going to enter (CVE-2019-5736): execute it again from a detached,
 * read-only mount of its own file, or, where that is refused, from a sealed copy in memory; a second call does nothing.
 * Returns only on failure, or if it runs from such a place already.
 */
int self_protect(char *const *argv, struct error *err);

/* An fd of such a mount (or copy) of the program at @path, to execute by its /proc/self/fd path. */
int self_protected_program(const char *path, struct error *err);
