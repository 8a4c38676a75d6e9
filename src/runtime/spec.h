/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI runtime specification's config.json as C: what a container is to be, after parsing and validation.
 *
 * Parsing (spec-parse*.c) turns JSON into these structs and refuses wrong types; validation (spec-validate.c) refuses
 * what cannot mean anything; neither touches the system. Strings and arrays are owned by the spec; unknown properties
 * are ignored, as the specification demands. Names of properties count as they are written (as with crun; Go's decoder,
 * and so runc, takes them in any case): "Process" is a property that nobody knows. Of a name that stands twice the last one
 * counts, as with both.
 *
 * Source: https://github.com/opencontainers/runtime-spec, config.md and config-linux.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/json.h"
#include "runtime/number-set.h"

/* The newest release that we know, and so the highest "ociVersion" that we can promise anything about. */
#define OCI_VERSION "1.3.0"

/* A number that the document may leave out. */
struct optional_i64 {
	bool set;
	int64_t value;
};

struct optional_u64 {
	bool set;
	uint64_t value;
};

enum namespace_type {
	NAMESPACE_USER, /* in the order in which they are joined */
	NAMESPACE_MOUNT,
	NAMESPACE_PID,
	NAMESPACE_NETWORK,
	NAMESPACE_UTS,
	NAMESPACE_IPC,
	NAMESPACE_CGROUP,
	NAMESPACE_TIME,
	NAMESPACE_COUNT,
};

struct spec_namespace {
	bool listed; /* false: the container shares the runtime's */
	char *path;  /* join this one instead of making one, or NULL */
};

struct spec_id_mapping {
	uint32_t container_id, host_id, size;
};

struct spec_time_offset {
	bool set;
	int64_t seconds;
	uint32_t nanoseconds;
};

struct spec_mount {
	char *destination;
	char *type;	/* may be NULL */
	char *source;	/* may be NULL */
	char **options; /* as written; runtime/mount-options.c reads them */
	struct spec_id_mapping *uid_mappings, *gid_mappings;
	size_t n_uid_mappings, n_gid_mappings;
	const int *mount; /* not in config.json: the detached mount to put there instead of the source; or NULL */
};

struct spec_device {
	char *path;
	char type; /* c, b, u, p */
	int64_t major, minor;
	mode_t mode; /* default 0666 */
	uid_t uid;
	gid_t gid;
};

struct spec_device_rule {
	bool allow;
	char type;	      /* a, b, c */
	int64_t major, minor; /* -1: any */
	bool read, write, mknod;
};

struct spec_capabilities {
	uint64_t bounding, effective, inheritable, permitted, ambient; /* bit n: capability n */
};

struct spec_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

/* As sched_setattr(2) takes it. */
struct spec_scheduler {
	uint32_t policy; /* SCHED_* */
	uint64_t flags;	 /* SCHED_FLAG_* */
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

struct spec_io_priority {
	int class; /* IOPRIO_CLASS_* */
	int level; /* 0, the highest, to 7 */
};

struct spec_user {
	uid_t uid;
	gid_t gid;
	mode_t umask; /* (mode_t)-1: not given */
	gid_t *additional_gids;
	size_t n_additional_gids;
	bool keep_groups; /* those of the runtime, whatever else is said; an annotation */
};

struct spec_process {
	bool terminal;
	uint16_t console_width, console_height; /* 0: not given */
	struct spec_user user;
	char **args;
	char **env;
	char *cwd;
	struct spec_capabilities *capabilities; /* NULL: none given, nothing is changed */
	struct spec_rlimit *rlimits;
	size_t n_rlimits;
	struct spec_scheduler *scheduler;     /* NULL: none given, as with the next three */
	struct spec_io_priority *io_priority;
	struct number_set *initial_cpus, *final_cpus; /* of exec only: before and after it is in the container's cgroup */
	bool no_new_privileges;
	char *apparmor_profile;
	char *selinux_label;
	struct optional_i64 oom_score_adj;
};

struct spec_hook {
	char *path;
	char **args; /* NULL: just the path */
	char **env;
	int timeout_seconds; /* 0: none */
};

enum hook_point {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_POINT_COUNT,
};

/* "prestart", "createRuntime", ...: the key in config.json. */
const char *hook_point_name(enum hook_point point);

struct spec_hooks {
	struct spec_hook *hooks;
	size_t count;
};

/* --- linux.resources --- */

struct spec_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

struct spec_throttle {
	struct spec_throttle_device *devices;
	size_t count;
};

struct spec_weight_device {
	int64_t major, minor;
	struct optional_u64 weight, leaf_weight;
};

struct spec_hugepage_limit {
	char *page_size; /* "2MB" */
	uint64_t limit;
};

struct spec_rdma_limit {
	char *device;
	struct optional_u64 handles, objects;
};

struct spec_network_priority {
	char *interface;
	uint32_t priority;
};

struct spec_unified {
	char *key, *value;
};

/* An annotation: limits whose controller is not there are left out instead of being an error. */
#define SPEC_BEST_EFFORT "io.coffer.cgroups-best-effort"

struct spec_resources {
	struct {
		struct optional_i64 limit, reservation, swap, kernel, kernel_tcp; /* bytes; -1: unlimited */
		struct optional_u64 swappiness;
		bool disable_oom_killer, use_hierarchy, check_before_update;
	} memory;
	struct {
		struct optional_u64 shares, period, realtime_period, burst;
		struct optional_i64 quota, realtime_runtime, idle;
		char *cpus, *mems;
	} cpu;
	struct optional_i64 pids_limit; /* less than 0: unlimited */
	struct {
		struct optional_u64 weight, leaf_weight;
		struct spec_weight_device *weight_devices;
		size_t n_weight_devices;
		struct spec_throttle read_bps, write_bps, read_iops, write_iops;
	} block_io;
	struct spec_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	struct spec_rdma_limit *rdma;
	size_t n_rdma;
	struct {
		struct optional_u64 class_id;
		struct spec_network_priority *priorities;
		size_t n_priorities;
	} network;
	struct spec_device_rule *device_rules;
	size_t n_device_rules;
	struct spec_unified *unified;
	size_t n_unified;
	bool best_effort; /* of an annotation: what has no controller here is left out, with a warning */
};

/* --- linux.seccomp: as written; runtime/seccomp.c compiles it --- */

struct spec_seccomp_arg {
	unsigned index;
	uint64_t value, value_two;
	char *op; /* "SCMP_CMP_EQ", ... */
};

struct spec_seccomp_rule {
	char **names;
	char *action;
	struct optional_u64 errno_ret;
	struct spec_seccomp_arg *args;
	size_t n_args;
};

struct spec_seccomp {
	char *default_action;
	struct optional_u64 default_errno_ret;
	char **architectures;
	char **flags;
	char *listener_path, *listener_metadata;
	struct spec_seccomp_rule *rules;
	size_t n_rules;
	/* Of annotations (spec-annotations.c): */
	bool refuse_unknown; /* a system call that nobody knows is an error */
	void *bpf;	     /* the program itself, in place of all of the above but the flags; or NULL */
	size_t bpf_size;     /* in bytes */
};

/* --- what else linux has --- */

struct spec_memory_policy {
	int mode;	/* MPOL_* */
	unsigned flags; /* MPOL_F_* */
	struct number_set *nodes; /* NULL: none */
};

struct spec_intel_rdt {
	char *clos_id;			    /* "/": the root's own group; NULL: named after the container */
	char *l3_schema, *bandwidth_schema; /* lines of "schemata", or NULL */
	char **schemata;
	bool monitoring;
};

struct spec_net_device {
	char *name;	/* in the runtime's network namespace */
	char *new_name; /* in the container's; NULL: the same */
};

struct spec {
	char *oci_version;
	char *hostname, *domainname;
	struct {
		char *path; /* as written: absolute, or relative to the bundle */
		bool readonly;
	} root;
	struct spec_mount *mounts;
	size_t n_mounts;
	struct spec_process *process; /* NULL: not given, fine until start */
	struct spec_hooks hooks[HOOK_POINT_COUNT];
	char **annotations; /* key, value, key, value, ... */

	struct spec_namespace namespaces[NAMESPACE_COUNT];
	struct spec_id_mapping *uid_mappings, *gid_mappings;
	size_t n_uid_mappings, n_gid_mappings;
	struct spec_time_offset time_offset_boottime, time_offset_monotonic;
	struct spec_device *devices;
	size_t n_devices;
	char *cgroups_path;
	struct spec_resources resources;
	char *rootfs_propagation;
	struct spec_seccomp *seccomp;
	char **sysctl; /* key, value, key, value, ... */
	char **masked_paths, **readonly_paths;
	char *mount_label;
	unsigned long *personality; /* PER_*, or NULL */
	struct spec_memory_policy *memory_policy; /* or NULL */
	struct spec_intel_rdt *intel_rdt;	  /* or NULL */
	struct spec_net_device *net_devices;
	size_t n_net_devices;
};

enum { SPEC_SIZE_MAX = 16 << 20 }; /* bytes of config.json */

/* Parse and validate. Errors: ERR_SPEC with file, line, column and JSON pointer. */
int spec_from_json(const struct json_document *document, struct spec **ret, struct error *err);

/* @path relative to the directory fd @bundle. */
int spec_load(int bundle, const char *path, struct spec **ret, struct error *err);
void spec_free(struct spec *spec);
static inline void spec_freep(struct spec **spec)
{
	spec_free(*spec);
}
#define _cleanup_spec_ _cleanup_(spec_freep)

/* What is wrong with setting @key to @value in a container with the namespaces of @spec, behind the key's name; or NULL. */
const char *spec_sysctl_problem(const struct spec *spec, const char *key, const char *value);

/* One process object alone, as `exec --process` gives it; validated, too. */
int spec_process_from_json(const struct json_node *node, struct spec_process **ret, struct error *err);
void spec_process_free(struct spec_process *process);
void spec_hooks_done(struct spec_hooks *hooks);

/* An array of mounts, or an object with one as "mounts": a spec that holds nothing else. */
int spec_mounts_from_json(const struct json_node *node, struct spec **ret, struct error *err);

/* One resources object alone, as `update -r` gives it. */
int spec_resources_from_json(const struct json_node *node, struct spec_resources *ret, struct error *err);
void spec_resources_done(struct spec_resources *resources);

/* "pid", "mount", ...: the word in config.json and the name under /proc/PID/ns. */
const char *namespace_spec_name(enum namespace_type type);
const char *namespace_proc_name(enum namespace_type type);
int namespace_clone_flag(enum namespace_type type);
