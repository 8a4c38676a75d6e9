/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: containers and images as a person sees them. It is a library without a daemon: a command opens it, acts,
 * and leaves. The truth is in one SQLite database (ROOT/coffer.db) and, for what runs, with its monitor
 * (monitor/protocol.h).
 *
 * Invariants:
 *  E1  A name belongs to one container, by a UNIQUE constraint; reserving it and inserting the container is one
 *      transaction.
 *  E2  A container whose state is not final has a lock in RUNROOT/containers/ID that somebody alive holds. Whoever finds
 *      it free (engine_reconcile()) owns the clean-up: kill the cgroup, remove runtime state and run directory, record
 *      the end, and, for --rm, remove all of it.
 *  E3  A blob or layer is referenced by rows of the database; what no row references may be collected under the store's
 *      exclusive lock (S3).
 *  E4  Whatever was killed when, the next command that lists or removes finds and finishes it. The start path itself
 *      looks at no other container.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/random.h"
#include "image/config.h"

struct engine;

/* @root and @runroot absolute; made if missing (0700). The database is opened at first use. */
int engine_open(const char *root, const char *runroot, struct engine **ret, struct error *err);
void engine_free(struct engine *engine);
static inline void engine_freep(struct engine **engine)
{
	engine_free(*engine);
}
#define _cleanup_engine_ _cleanup_(engine_freep)

/* Find what dead commands and monitors left, and finish it (E2, E4). Also sweeps the store's tmp/. */
int engine_reconcile(struct engine *engine, struct error *err);

/*
 * Who makes the control groups of containers that are started from now on: "cgroupfs" or "systemd". Without a word it is
 * whoever rules this machine (engine/cgroup-place.h). Errors: ERR_USAGE.
 */
int engine_set_cgroup_manager(struct engine *engine, const char *name, struct error *err);

/*
 * What containers that are created from now on are stored with (storage/driver.h): "overlay2" or "vfs". Without a word it
 * is the first that works. Errors: ERR_INVALID, ERR_UNSUPPORTED.
 */
int engine_set_storage_driver(struct engine *engine, const char *name, struct error *err);

/* --- Images (engine/image.c, engine/pull.c) --- */

struct image {
	char *id;	     /* "sha256:HEX" of the config */
	char *manifest;	     /* digest of the image manifest */
	char *created;	     /* RFC 3339 */
	int64_t size;	     /* bytes unpacked, all layers */
	char **names;	     /* familiar, "busybox:1" */
	char **digests;	     /* "busybox@sha256:..." */
	char **diff_ids;     /* bottom first */
};
void image_free(struct image *image);

/* Progress of a transfer, for whoever shows it. Strings live during the call. */
enum layer_state {
	LAYER_WAITING,
	LAYER_DOWNLOADING,
	LAYER_VERIFYING,
	LAYER_EXTRACTING,
	LAYER_DONE,
	LAYER_EXISTS,
	LAYER_UPLOADING,
	LAYER_MOUNTED,
};
struct transfer_progress {
	void *context;
	void (*manifest)(void *context, const char *digest, char *const *layer_digests, const uint64_t *sizes);
	void (*layer)(void *context, const char *digest, enum layer_state state, uint64_t current, uint64_t total);
	/* Of a verification: @path may be NULL. */
	void (*damage)(void *context, const char *digest, const char *object, const char *path, const char *why);
	/* Before a layer gets the state LAYER_MOUNTED; or NULL. */
	void (*mounted)(void *context, const char *digest, const char *from);
};

struct pull_result {
	char *digest;	   /* what the tag named */
	char *image_id;
	char *reference;   /* in full */
	bool up_to_date;   /* the same image had the name before */
	char *platform;	   /* what it is for, if that is not what was asked for; or NULL */
};
void pull_result_done(struct pull_result *result);

/* @platform is "os/arch[/variant]" or NULL. */
int engine_pull(struct engine *engine, const char *reference, const char *platform,
		const struct transfer_progress *progress, struct pull_result *ret, struct error *err);

/* All tags that @repository has at its registry. strv_free(*ret). */
int engine_registry_tags(struct engine *engine, const char *repository, char ***ret, struct error *err);

/* An image that a registry can be asked for. */
struct search_hit {
	char *name; /* to pull it by: "busybox", "localhost:5000/team/app" */
	char *description;
	int64_t stars;
	bool official;
};
void search_hits_free(struct search_hit *hits, size_t count);

/*
 * What has @term in its name: at most @limit (up to SEARCH_LIMIT_MAX) of the registry that it begins with, "HOST/TERM", or of
 * each that a short name could be of. Errors: ERR_UNSUPPORTED for a registry that cannot be searched, ERR_REG_*.
 */
int engine_search(struct engine *engine, const char *term, unsigned limit, struct search_hit **ret, size_t *ret_count,
		  struct error *err);

/* A manifest that refers to another one: a signature, a bill of materials, ... */
struct image_referrer {
	char *digest, *media_type;
	char *artifact_type; /* may be empty */
	int64_t size;	     /* of the manifest, bytes */
	char **annotations;  /* "key=value" */
};
void image_referrers_free(struct image_referrer *referrers, size_t count);

/*
 * What refers to the manifest that @reference names at its registry; of @artifact_type only, if that is not NULL. Errors:
 * ERR_IMG_TAG, ERR_REG_*.
 */
int engine_image_referrers(struct engine *engine, const char *reference, const char *artifact_type,
			   struct image_referrer **ret, size_t *ret_count, struct error *err);

struct push_result {
	char *digest; /* of the manifest */
	int64_t size; /* of the manifest, bytes */
};
void push_result_done(struct push_result *result);

/*
 * The image that is called @reference ("NAME[:TAG]") to the registry of that name. Errors: ERR_IMG_NOT_FOUND with
 * Docker's words, ERR_REG_*.
 */
int engine_push(struct engine *engine, const char *reference, const struct transfer_progress *progress,
		struct push_result *ret, struct error *err);

/* The tags that images have in @repository ("localhost:5000/team/app"), in their order. strv_free(*ret). */
int engine_repository_tags(struct engine *engine, const char *repository, char ***ret, struct error *err);

/* The registry that a person means by @server: Docker's own if that is NULL, and of a URL its host. free() it. */
char *registry_of_server(const char *server);

struct login_answer {
	char *user;
	char *stored; /* the file or program that has the credentials now; NULL: nothing was stored */
	bool plain;   /* as they are, in a file */
};
void login_answer_done(struct login_answer *answer);

/*
 * Ask @registry whether it takes @user and @password, and keep them if so; with @user NULL, whether it takes those that
 * are kept. Errors: ERR_NOT_FOUND if none are, ERR_REG_*.
 */
int engine_login(struct engine *engine, const char *registry, const char *user, const char *password,
		 struct login_answer *ret, struct error *err);
int engine_logout(struct engine *engine, const char *registry, bool *ret_removed, struct error *err);

/* A tar archive from @fd; @reference, @message may be NULL; @changes is a strv of Dockerfile instructions. */
int engine_import(struct engine *engine, int fd, const char *reference, const char *message, char *const *changes,
		  const char *platform, struct pull_result *ret, struct error *err);

/* Write the images to @fd as one archive (image/save.h). */
int engine_save(struct engine *engine, char *const *images, int fd, struct error *err);

/*
 * The images of an archive (image/load.h) from @fd. Each of their names is told as it is recorded; for an image without
 * one, NULL. The id lives during the call.
 */
struct load_progress {
	void *context;
	void (*loaded)(void *context, const char *name, const char *id);
};
int engine_load(struct engine *engine, int fd, const struct load_progress *progress, struct error *err);

/*
 * By name, name@digest, id or unique prefix of an id. Errors: ERR_IMG_NOT_FOUND ("No such image: x", hint: similar
 * names), ERR_INVALID for an ambiguous prefix.
 */
int engine_image_find(struct engine *engine, const char *name, struct image **ret, struct error *err);
/* The name in full that @text ("box:1") means among the images here; if it names none of them, with Docker's defaults. */
int engine_image_name(struct engine *engine, const char *text, char **ret, struct error *err);

int engine_image_config(struct engine *engine, const struct image *image, struct image_config *ret, struct error *err);
int engine_image_list(struct engine *engine, struct image ***ret, size_t *ret_count, struct error *err);

/* One step on the way to an image, as its configuration tells it. */
struct image_step {
	char *created_by, *comment; /* never NULL */
	int64_t created_at;
	char *diff_id; /* of the layer that it made; NULL: none */
	int64_t size;  /* bytes unpacked */
};
void image_steps_free(struct image_step *steps, size_t count);

/* Newest first. A layer that the history does not mention is a step that says nothing. Errors: ERR_IMG_MANIFEST. */
int engine_image_history(struct engine *engine, const struct image *image, struct image_step **ret, size_t *ret_count,
			 struct error *err);

/* How full the store's file system is, in percent, as df(1) has it. */
unsigned engine_disk_use(const struct engine *engine);

/* Bytes in all layers, each once whichever images have it, and in those that images of containers have. */
int engine_layers_size(struct engine *engine, int64_t *ret_all, int64_t *ret_used, struct error *err);

/*
 * Whether all that these images consist of is on disk as it was when it came (image/verify.h). @names is a strv, of which
 * an empty one means all images. Nobody can remove anything meanwhile. With @repair, damaged layers are made again out of
 * their blobs, and damaged blobs removed, so that a pull brings them. Damage is no failure. Errors: as
 * engine_image_find(), ERR_BUSY to repair while containers run on these layers, of the disk, ERR_CANCELLED.
 */
struct image_damage {
	char *path; /* absolute */
	char *why;  /* "its content has the digest sha256:..." */
	bool is_layer;
};
struct image_verdict {
	char *name; /* as it was asked for; of all images, the first that it has, or its id */
	size_t n_blobs, n_layers;
	struct image_damage *damages;
	size_t n_damages;
};
int engine_images_verify(struct engine *engine, char *const *names, bool repair, struct image_verdict **ret, size_t *ret_count,
			 struct error *err);
void image_verdicts_free(struct image_verdict *verdicts, size_t count);

/*
 * Does everything hold that the store and the database promise (their numbered invariants; see engine/check.h)? If it
 * is to repair, what does not is mended as far as it can be, and looked at again. What is wrong is no failure. Errors: ERR_BUSY
 * while somebody adds images.
 */
struct check_finding {
	const char *invariant; /* "S2" */
	char *object;	       /* a path, or a row's name */
	char *why;
	bool harmless; /* a rest of something that was killed: any command that lists or removes takes it away */
	bool repaired;
};
enum check_mode {
	CHECK_LOOK,
	CHECK_REPAIR,
	CHECK_FORCE, /* repair by the database that is there, though it is not the one that the store was filled with */
};
int engine_check(struct engine *engine, enum check_mode mode, struct check_finding **ret, size_t *ret_count,
		 struct error *err);
void check_findings_free(struct check_finding *findings, size_t count);

int engine_image_tag(struct engine *engine, const char *source, const char *target, struct error *err);

/*
 * Remove a name, or with the last name (or by id) the image and what only it used. *ret_untagged and *ret_deleted are
 * strv of what was done, for "Untagged: x", "Deleted: sha256:...". Errors: ERR_IMG_IN_USE naming the containers.
 */
int engine_image_remove(struct engine *engine, const char *name, bool force, char ***ret_untagged, char ***ret_deleted,
			struct error *err);

/* --- Containers --- */

enum network_mode { NETWORK_NONE, NETWORK_HOST, NETWORK_BRIDGE, NETWORK_CONTAINER, NETWORK_PATH, NETWORK_CNI };
enum pull_policy { PULL_MISSING, PULL_ALWAYS, PULL_NEVER };
enum mount_kind { MOUNT_BIND, MOUNT_TMPFS, MOUNT_VOLUME, MOUNT_IMAGE };

/* Who has asked for it: -v, --mount, --tmpfs, --volumes-from, or the image. */
enum mount_origin { MOUNT_BY_VOLUME, MOUNT_BY_MOUNT, MOUNT_BY_TMPFS, MOUNT_BY_OTHER, MOUNT_BY_IMAGE };

struct mount_request {
	enum mount_kind kind;
	char *source; /* a bind's: absolute; a volume's name, NULL: one without; an image's name; NULL for tmpfs */
	char *target; /* absolute */
	bool readonly;
	char **options; /* "rslave", "size=64m", ...; strv */
	enum mount_origin origin;
	char *mode;	    /* what stood behind the last colon of -v; NULL: nothing */
	char *image_id;	    /* of an image: which one its name was */
	char *subpath;	    /* of a volume or an image: only this directory or file in it */
	char **volume_options, **volume_labels; /* of a volume that has to be made */
	bool create_source; /* a bind's source that is missing is made, as a directory */
	bool nocopy;	    /* a volume that is empty does not get the image's files */
	bool chown;	    /* the source is to belong to the container's user */
	bool anonymous;	    /* nobody has chosen the volume's name */
};

/* A network that a container is to be plugged into. */
struct endpoint_request {
	char *network;
	char *address, *address6, *mac; /* NULL: whatever is free */
	char **aliases;
	char **options;	  /* "com.docker.network.endpoint.ifname=eth7" */
	int64_t priority; /* the highest leads out */
};
void endpoint_request_done(struct endpoint_request *endpoint);

/* What a person asked for, in the engine's words; zero-initialised is "nothing said". */
struct container_spec {
	char *name;
	char *image;
	char *pod;		    /* the id of the pod that it is a container of, or NULL */
	const struct pod *infra_of; /* borrowed: a pod that comes into being with it */
	char **command;	   /* behind the image's name */
	char **entrypoint; /* NULL: the image's; {""}: none */
	char **env;	   /* "KEY=value", or "KEY" to take it from our environment */
	char **env_sources; /* who has asked for each of them: "--env-file FILE"; where there is none, it is --env */
	char **unset_env;  /* names of variables of the image's that are left out; or all are: */
	bool unset_env_all;
	char **labels;
	char *working_dir;
	char *user;
	char *umask;	/* octal; NULL: 0022 */
	char *pid_file; /* absolute: is told the first process at every start */
	char *cidfile;  /* told by `inspect`; whoever creates the container writes it */
	char *hostname, *domainname;
	struct mount_request *mounts;
	size_t n_mounts;
	char **volumes_from; /* "CONTAINER[:ro]" */
	bool read_only, privileged, tty, open_stdin, auto_remove, init;
	enum network_mode network;
	struct endpoint_request *endpoints; /* NETWORK_BRIDGE: at least one */
	size_t n_endpoints;
	char *network_target; /* ..._CONTAINER, ..._CNI: its name; NETWORK_PATH: the namespace's path */
	char **cni_addresses,
		*cni_mac;     /* asked for on the first network of CNI: "10.1.0.5", with a prefix or without */
	char **ports;	      /* "-p", as engine/port.h has it */
	char **exposed;	      /* "80/tcp": further than the image's */
	bool publish_all;     /* publish those, each at a port that is free */
	char **extra_hosts;   /* "name:address" */
	char **dns, **dns_search, **dns_options;
	uint64_t memory;     /* bytes; 0: not said */
	int64_t memory_swap; /* bytes memory plus swap; 0: not said, -1: unlimited */
	uint64_t cpus_nano;  /* thousand-millionths of a CPU */
	uint64_t cpu_shares;
	int64_t pids_limit;  /* 0: not said, -1: unlimited */
	uint64_t shm_size;   /* bytes; 0: 64 MiB */
	char **storage_options; /* "size=10g" */
	char **cap_add, **cap_drop;
	char **security_options; /* "seccomp=FILE", "no-new-privileges", ... */
	char **devices;		 /* "/dev/x[:/dev/y[:rwm]]" */
	char **device_rules;	 /* "c 13:* rwm" */
	char **annotations;	 /* "key=value", of config.json */
	char **sysctls;		 /* "key=value" */
	char **time_offsets;	 /* "boottime=SECONDS", ... (engine/time-offset.h) */
	char **secrets;		 /* engine/secret-request.h */
	char **ulimits;		 /* "nofile=1024:2048" */
	char **groups;		 /* further ones of the user, by name or number */
	char *pid_mode, *ipc_mode, *uts_mode, *cgroupns_mode, *userns_mode; /* "host", "private"; NULL: private */
	char **uid_maps, **gid_maps;	 /* "CONTAINER:HOST:SIZE", as engine/id-mapping.h has them */
	bool no_passwd; /* --userns keep-id: without entries in passwd and group (engine/user-entry.h) */
	char *subuid_name, *subgid_name; /* whose ranges of /etc/subuid and /etc/subgid they are */
	int64_t memory_reservation; /* bytes; 0: not said */
	bool has_swappiness;
	uint64_t swappiness; /* per cent */
	bool oom_kill_disable;
	int64_t oom_score_adj;
	uint64_t cpu_period_us;
	int64_t cpu_quota_us;
	char *cpuset_cpus, *cpuset_mems; /* "0-2,4" */
	uint64_t cpu_weight;		 /* 1 to 10000 */
	uint64_t cpu_burst_us;
	int64_t cpu_idle; /* 0: not said, 1: yes, -1: no */
	uint64_t cpu_rt_period_us;
	int64_t cpu_rt_runtime_us;
	int64_t memory_min, memory_low, memory_high; /* bytes; 0: not said, -1: no limit */
	bool oom_group;
	uint64_t blkio_weight;				/* 10 to 1000 */
	char **blkio_weight_device;			/* "/dev/x:WEIGHT" */
	char **device_read_bps, **device_write_bps;	/* "/dev/x:BYTES" */
	char **device_read_iops, **device_write_iops;	/* "/dev/x:NUMBER" */
	char **cgroup_conf;				/* "FILE=VALUE", of cgroup v2 */
	bool cgroups_best_effort; /* go without limits that cannot be had here */
	char *qos; /* engine/qos.h */
	char **pressure_notify;				/* as engine/pressure-notify.h has it */
	char *cgroup_parent;				/* path, or slice */
	char *cgroups_mode;				/* "enabled", "disabled"; NULL: enabled */
	char *systemd_mode;				/* engine/systemd-mode.h; NULL: "true" */
	uint16_t console_rows, console_columns;
	char *stop_signal;
	struct image_health health;
	char *sdnotify; /* who tells the service manager that it is ready: "conmon", "container", ...; NULL: "conmon" */
	char *health_on_failure; /* "kill", "restart", "stop"; NULL: "none" */
	char *log_driver;     /* "local", ...; NULL: "json-file" */
	char **log_options;   /* "max-size=10m" */
	char *restart_policy; /* "on-failure", ...; NULL: "no" */
	int64_t restart_max;  /* of "on-failure"; 0: no limit */
	bool has_stop_timeout;
	int64_t stop_timeout_s; /* -1: no limit */
	enum pull_policy pull;
	char *platform;
};
void container_spec_done(struct container_spec *spec);

enum container_state {
	STATE_CREATED,
	STATE_RUNNING,
	STATE_PAUSED,
	STATE_EXITED,
	STATE_DEAD,
	STATE_RESTARTING, /* it has ended, and its monitor is about to start it again */
	STATE_COUNT
};
const char *container_state_name(enum container_state state);

/* What is mounted into a container, for lists. */
struct container_mount {
	char *name; /* of a volume, or the source of a bind mount */
	char *target;
	bool is_volume;
};

enum container_health { HEALTH_IS_NONE, HEALTH_IS_STARTING, HEALTH_IS_HEALTHY, HEALTH_IS_UNHEALTHY };

struct container_record {
	char id[ID_HEX_LENGTH + 1];
	char *name;
	char *image;	   /* as the person named it */
	char *image_id;
	char **command;	   /* entrypoint and arguments, resolved */
	char **labels;
	struct container_mount *mounts;
	size_t n_mounts;
	char **networks; /* their names */
	enum container_state state;
	int exit_code;
	char *error;	   /* why it did not start, or "" */
	struct port_binding *bindings; /* published and exposed (engine/network.h) */
	size_t n_bindings;
	char *ports; /* the same as a text, "0.0.0.0:8080->80/tcp, 443/tcp" */
	bool oom_killed, auto_remove;
	const char *restart_policy; /* "no", "on-failure", ... */
	int restart_count;
	enum container_health health;
	char *pod, *pod_name; /* the id and name of its pod, or NULL */
	bool is_infra;	      /* whose infra container it is */
	char *sdnotify;	      /* as it was made, or NULL */
	bool tty, open_stdin; /* as it was made */
	pid_t pid;
	int64_t created_at, started_at, finished_at; /* ns since the epoch; 0: never */
};
void container_record_free(struct container_record *record);

/*
 * Resolve the image, reserve id and name, make snapshot and run directory, write config.json and monitor.json. The image
 * must be here (the caller pulls). On failure nothing is left.
 */
int engine_container_create(struct engine *engine, const struct container_spec *spec, struct container_record **ret,
			    struct error *err);

/*
 * Start the monitor of a created container and have it create and start the process. *ret_attach is the connection
 * (monitor/protocol.h), on which STDOUT, STDERR and EXIT will come; as its PACKET_OWNER the caller has to call
 * engine_container_finish() after PACKET_EXIT. With @detach there is no connection: the monitor owns the end.
 * When the process cannot be started, the container is left as created (removed if auto_remove).
 */
int engine_container_start(struct engine *engine, const char *id, bool detach, int *ret_attach, struct error *err);

/*
 * Those that are to be started when the machine has: with the policy "always", or "unless-stopped" and nobody stopped
 * them. strv_free(*ret). Call engine_reconcile() before.
 */
int engine_containers_for_boot(struct engine *engine, char ***ret, struct error *err);

/* Record how it ended (out of its run directory), and remove it if it is --rm. Also what the monitor's cleanup runs. */
int engine_container_finish(struct engine *engine, const char *id, struct error *err);

/* By name, id or unique prefix. Errors: ERR_NO_CONTAINER ("No such container: x"). */
int engine_container_find(struct engine *engine, const char *name, struct container_record **ret, struct error *err);
int engine_container_list(struct engine *engine, bool all, struct container_record ***ret, size_t *ret_count,
			  struct error *err);

/* Bytes in the files of its own layer, and with the image below it. */
int engine_container_size(struct engine *engine, const struct container_record *record, int64_t *ret_own,
			  int64_t *ret_whole, struct error *err);

/* Another program for a container that runs. */
struct exec_request {
	char **command;		  /* at least one word */
	char **env;		  /* "KEY=value", or "KEY" to take it from our environment */
	char *user, *working_dir; /* NULL: the container's */
	bool tty, open_stdin, privileged;
	uint16_t console_rows, console_columns; /* 0: not known */
};

/*
 * Run it: in all the container's namespaces and its cgroup, with its filter, limits and capabilities. *ret_connection
 * (monitor/protocol.h) is that of an attached peer; the program is killed when it ends before PACKET_EXIT has come. NULL:
 * nobody waits for the program, and its output is lost.
 * Errors: ERR_STATE unless the container runs; of the way to the program, with STAGE_EXEC: ERR_USER, ERR_WORKDIR, ERR_EXEC_*.
 */
int engine_container_exec(struct engine *engine, const char *name, const struct exec_request *request,
			  int *ret_connection, struct error *err);

/*
 * With @volumes, or if it is --rm, volumes without a name go with it. Errors: ERR_STATE for a running one without @force,
 * with Docker's words.
 */
int engine_container_remove(struct engine *engine, const char *name, bool force, bool volumes, struct error *err);

/*
 * Signal the first process. SIGKILL is waited for, and the container is settled then. One that waits to be started again
 * is not, after SIGKILL or its stop signal. Errors: ERR_STATE unless it runs, or waits for that.
 */
int engine_container_kill(struct engine *engine, const char *name, int sig, struct error *err);

/*
 * Stop a container, or many at once: begin for all, then finish for each.
 *
 *	engine_stop_begin()    1. send the signal; nothing is done to one that does not run
 *	engine_stop_finish()   2. wait for its end, at the timeout kill it, and settle it; frees @stop
 */
enum stop_purpose {
	STOP_FOR_GOOD,	   /* until somebody starts it */
	STOP_TO_RESTART,   /* who asks will start it again */
	STOP_WITH_MACHINE, /* the next boot may */
};
struct stop_options {
	int sig; /* 0: the container's stop signal */
	bool has_timeout;
	int64_t timeout_s; /* -1: no limit; not given: the container's, or ten seconds */
	enum stop_purpose purpose;
};
struct stop_result {
	bool killed;	  /* it had to be, and the following says more */
	bool has_handler; /* its first process would have heard the signal */
	int sig;
	int64_t timeout_s;
};
struct stop;
int engine_stop_begin(struct engine *engine, const char *name, const struct stop_options *options, struct stop **ret,
		      struct error *err);
int engine_stop_finish(struct stop *stop, struct stop_result *ret, struct error *err);

/* Wait for the end of one or more, likewise. One that does not run has its last exit code at once. */
struct container_wait;
int engine_wait_begin(struct engine *engine, const char *name, struct container_wait **ret, struct error *err);
int engine_wait_finish(struct container_wait *wait, int *ret_exit_code, struct error *err);

/* Errors: ERR_STATE for one that does not run, or is not in the state to be left. */
int engine_container_pause(struct engine *engine, const char *name, struct error *err);
int engine_container_unpause(struct engine *engine, const char *name, struct error *err);

/* Errors: ERR_NAME, ERR_INVALID. */
int engine_container_rename(struct engine *engine, const char *name, const char *new_name, struct error *err);

/*
 * Other limits and another restart policy: what @changes does not say stays. They hold from now on, and when it is started
 * again. Errors: those of limits_check(), restart_policy_check() and cgroup_update(); ERR_BUSY for less memory than it uses
 * now, without @force; ERR_TIMEOUT for a monitor that does not answer.
 */
int engine_container_update(struct engine *engine, const char *name, const struct container_spec *changes, bool force,
			    struct error *err);

/* What a container has made of its image's files: as Docker's `diff`, in the order of paths. */
struct container_change {
	char kind; /* 'A'dded, 'C'hanged, 'D'eleted */
	char *path;
};
int engine_container_diff(struct engine *engine, const char *name, struct container_change **ret, size_t *ret_count,
			  struct error *err);
void container_changes_free(struct container_change *changes, size_t count);

/* All its files as a tar archive to @fd, without what is in volumes and other mounts, as in Docker. */
int engine_container_export(struct engine *engine, const char *name, int fd, struct error *err);

/*
 * An image of what a container has become: its image's layers, one more with what it has written (volumes and other mounts
 * do not count), and its configuration with @changes (image/import-change.h). While its files are read it is paused,
 * unless told otherwise. *ret_id: free() it. Errors: ERR_INVALID (a change), ERR_IMG_REF, of the disk.
 */
struct commit_request {
	const char *container;
	const char *reference;	   /* the image's name, or NULL */
	const char *author, *message; /* or NULL */
	char *const *changes;
	bool pause;
};
int engine_container_commit(struct engine *engine, const struct commit_request *request, char **ret_id,
			    struct error *err);

/*
 * `cp`: files out of a container or into it, by Docker's rules (engine/copy-place.h), whether it runs or not. *ret_bytes is
 * the size that an archive of them has. Errors: ERR_NOT_FOUND and ERR_INVALID in Docker's words, ERR_PERMISSION for a
 * container whose files are read-only.
 */
struct container_copy {
	const char *container, *path; /* a path in it, from its root */
	const char *host_path;	      /* NULL: a tar archive instead, from or to ... */
	int stream;		      /* ... this fd */
	bool archive;		      /* owners stay; else files belong to us, or to the container's root */
	bool follow;		      /* a link that is the source is followed */
};
int engine_copy_out(struct engine *engine, const struct container_copy *copy, uint64_t *ret_bytes, struct error *err);
int engine_copy_in(struct engine *engine, const struct container_copy *copy, uint64_t *ret_bytes, struct error *err);

/* What a container has printed, entry after entry (monitor/log-record.h). */
struct log_request {
	bool follow;		   /* until it ends */
	int64_t since_ns, until_ns; /* 0: not given */
	int64_t tail;		   /* only the last so many entries of those that are there; -1: all */
};
struct container_logs;
struct log_record;
int engine_container_logs(struct engine *engine, const char *name, const struct log_request *request,
			  struct container_logs **ret, struct error *err);

/* 1 with an entry, valid until the next call; 0 behind the last. With follow it waits for more. */
int container_logs_next(struct container_logs *logs, struct log_record *ret, struct error *err);

/* Whether the next one needs no waiting for. */
bool container_logs_pending(const struct container_logs *logs);

/* Lines of the log that are no entries. */
uint64_t container_logs_skipped(const struct container_logs *logs);
void container_logs_free(struct container_logs *logs);
static inline void container_logs_freep(struct container_logs **logs)
{
	container_logs_free(*logs);
}
#define _cleanup_logs_ _cleanup_(container_logs_freep)

/*
 * What the host's ps(1) says about its processes: *ret_lines is a header and a line for each. Or columns that @options name
 * (engine/top-columns.h), between tabs then. Errors: ERR_STATE, ERR_INVALID, and those of ps_lines().
 */
int engine_container_top(struct engine *engine, const char *name, char *const *options, char ***ret_lines,
			 struct error *err);

/*
 * Become one more peer of a container that runs (monitor/protocol.h). Errors: ERR_STATE.
 */
int engine_container_attach(struct engine *engine, const char *name, int *ret_connection, struct error *err);

/*
 * The process of the monitor of a container that runs, which ends with the container's exit code: for a service manager
 * to watch. Errors: ERR_STATE.
 */
int engine_container_monitor(struct engine *engine, const char *id, pid_t *ret, struct error *err);

/* What Docker calls info: where things are, how many there are, and what this machine has. json_object_put() it. */
struct json_object;
int engine_info(struct engine *engine, struct json_object **ret, struct error *err);

/* The layout and driver of cgroups, where each controller is, and what v1 and v2 do differently. json_object_put() it. */
struct json_object *engine_cgroup_info(struct engine *engine);

/* The `inspect` document of a container or image, Docker's field names. json_object_put() it. */
int engine_container_inspect(struct engine *engine, const char *name, struct json_object **ret, struct error *err);

/*
 * What stands between the container and the host, of one that runs as the kernel has it: {"Id","Name","Running","Pid",
 * "Protections":[{"Name","InForce":"yes"|"partly"|"no","Detail"}]}. json_object_put() it.
 */
int engine_container_protection(struct engine *engine, const char *name, struct json_object **ret, struct error *err);

/*
 * What `inspect` says of a container that was removed, as far as something stays of it (for a week), with a member
 * RemovedAt. Errors: ERR_NO_CONTAINER.
 */
int engine_removed_inspect(struct engine *engine, const char *name, struct json_object **ret, struct error *err);

/* Add to the error that there is no container @name what became of one, if there was one. */
void engine_removed_explain(struct engine *engine, const char *name, struct error *err);

int engine_image_inspect(struct engine *engine, const char *name, struct json_object **ret, struct error *err);
