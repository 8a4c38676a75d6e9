/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's control group. cgroup v2 is the model: limits are computed as v2 has them, and a backend translates
 * for v1 hierarchies. Three layouts exist in the world:
 *
 *  - v2: one tree at /sys/fs/cgroup;
 *  - v1: a tree per controller (or pair of them), /sys/fs/cgroup/memory, .../cpu,cpuacct, ...;
 *  - hybrid: v1 trees for the controllers and a v2 tree (/sys/fs/cgroup/unified) with none or few.
 *
 * The container's cgroup has the same path relative to each tree's root. A limit that needs a controller which is not
 * there is an error (ERR_CG_CTRL) that names the level of the tree which lacks it; other controllers are not missed.
 *
 * Life cycle: cgroup_create(), cgroup_apply(), then the process is made with clone3(CLONE_INTO_CGROUP) where
 * cgroup_clone_fd() has one, and calls cgroup_join_self() for the rest; at the end cgroup_kill(), cgroup_destroy().
 * Another process gets the same cgroup with cgroup_open().
 *
 * Sources: kernel Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/, cgroups(7).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/spec.h"

struct cgroup;

enum cgroup_layout { CGROUP_LAYOUT_NONE, CGROUP_LAYOUT_V1, CGROUP_LAYOUT_HYBRID, CGROUP_LAYOUT_V2 };

/* Looked up once per process in /proc/self/mountinfo and by statfs(). */
enum cgroup_layout cgroup_layout(void);
const char *cgroup_layout_name(enum cgroup_layout layout);

/* Whether this machine has a controller by its name on v2 ("memory", "io", ...): in a v1 hierarchy, or in the v2 tree. */
bool cgroup_is_available(const char *controller);

/* Whether it is in a v1 hierarchy: then the v2 tree, if there is one, does not have it. */
bool cgroup_is_v1(const char *controller);

/* Where the tree is mounted that has it, or NULL. */
const char *cgroup_place_of(const char *controller);

/*
 * Above containers whose place nobody has named, and nothing else: these we may set as a whole. The second is systemd's
 * name of one.
 */
#define CGROUP_OWN_PARENT "/coffer"
#define CGROUP_OWN_SLICE "coffer.slice"

/*
 * Whether @path is one that we may use: absolute, not the root, no "." or "..", nothing empty, none of the kernel's own
 * names ("cgroup.procs"). Errors: ERR_SPEC.
 */
int cgroup_check_path(const char *path, struct error *err);

/*
 * Make the cgroup @path ("/coffer/ID") in every tree; on v2 enable the controllers that exist on the way down. On v1
 * cpuset.cpus and cpuset.mems are inherited. One that exists and is empty is taken as it is; one that has processes is
 * ERR_BUSY, for it would be another container's.
 *
 * A hierarchy that we may not write to (EACCES, EPERM, EROFS: rootless, or a read-only mount) is left out, and so it can
 * be that there are no trees at all. Errors: ERR_SPEC, ERR_BUSY, ERR_CGROUP.
 */
int cgroup_create(const char *path, struct cgroup **ret, struct error *err);

/* None: an object in no hierarchy, for a container that stays where its creator is. Its path is empty. */
struct cgroup *cgroup_none(void);

/* The cgroup that another process made. Trees in which it is missing are left out; none at all is ERR_NOT_FOUND. */
int cgroup_open(const char *path, struct cgroup **ret, struct error *err);

/*
 * v2: the cgroup @path that systemd is going to make, with a process of ours in it. Until cgroup_adopt() it can only say
 * where it will be, and whoever joins it is believed to be in already. Errors: ERR_UNSUPPORTED on other layouts.
 */
int cgroup_expect(const char *path, struct cgroup **ret, struct error *err);

/*
 * Now it is there, or the one that it is in: then it is made, and @pid moved down into it. As much of the controllers
 * is enabled as cgroup_create() would.
 */
int cgroup_adopt(struct cgroup *cgroup, pid_t pid, struct error *err);

/* Closes what we hold; the cgroup itself stays. */
void cgroup_free(struct cgroup *cgroup);
static inline void cgroup_freep(struct cgroup **cgroup)
{
	cgroup_free(*cgroup);
}
#define _cleanup_cgroup_ _cleanup_(cgroup_freep)

const char *cgroup_path(const struct cgroup *cgroup);

/* Whether it is one at all, and there: not cgroup_none(), nor expected only. */
bool cgroup_is_there(const struct cgroup *cgroup);

/*
 * Set what @resources asks for. Everything is checked, and all controllers found, before the first value is written.
 *
 * Device rules are an exception to "no controller, no start": where we have no privileges over the host (rootless, or
 * in a user namespace) and they cannot be enforced, they are left out, for the kernel lets nobody there make device
 * nodes. Errors: ERR_CG_CTRL; ERR_CGROUP with file, value and the kernel's reason; ERR_SPEC and ERR_CPU for values out of
 * range; ERR_UNSUPPORTED for what this version of cgroups cannot express; ERR_BUSY (checkBeforeUpdate).
 */
int cgroup_apply(struct cgroup *cgroup, const struct spec_resources *resources, struct error *err);

/*
 * How lines of the log begin that say what becomes of a limit: a container goes without it (best_effort of the
 * resources), or the kernel has taken it, and does little or nothing about it.
 */
#define CGROUP_LEFT_OUT "limit left out"
#define CGROUP_NO_EFFECT "limit without effect"

/* What cgroup_apply() checks, and nothing written: for somebody else who writes first. */
int cgroup_check(struct cgroup *cgroup, const struct spec_resources *resources, struct error *err);

/*
 * What to apply to a cgroup with processes in it: what is not given stays, the limit of memory and swap together
 * included. Device rules are left alone. The result has the arrays of @resources.
 */
struct spec_resources cgroup_changes(const struct cgroup *cgroup, const struct spec_resources *resources);

/*
 * Where a container of @spec sees its v2 cgroup writable, in a cgroup namespace of its own: give its first user what he
 * needs to divide it. Source: config-linux.md, "Cgroup ownership". Errors: ERR_CGROUP.
 */
int cgroup_delegate(const struct cgroup *cgroup, const struct spec *spec, struct error *err);

/*
 * Whether the kernel keeps a container from changing the limits of its own cgroup, also if its user owns their files: v2
 * is mounted with "nsdelegate".
 */
bool cgroup_bounds_delegation(void);

/* A v2 directory for clone3(CLONE_INTO_CGROUP), or -1 where there is none. Owned by @cgroup. */
int cgroup_clone_fd(const struct cgroup *cgroup);

/*
 * Put @pid in. With @cloned_into, the v2 tree is left out, for clone3() has done that. A v2 cgroup that the program in
 * it has divided (systemd does that) cannot hold processes any more: clone3() says EBUSY then, and this function takes
 * the sub-cgroup where the oldest process is. Errors: ERR_STATE for a frozen cgroup, ERR_CGROUP.
 */
int cgroup_join(struct cgroup *cgroup, pid_t pid, bool cloned_into, struct error *err);

/*
 * The same for the calling process, which has one thread: a child does it right after clone3(). Moving another process
 * makes the kernel wait for an RCU grace period (5 to 15 ms on an idle machine); on v1, a thread that moves itself does
 * not. A new user namespace is no obstacle as long as the user id is still the creator's; a new cgroup namespace comes
 * after it.
 */
int cgroup_join_self(struct cgroup *cgroup, bool cloned_into, struct error *err);

/* ERR_STATE if it is frozen: whoever joins it then stops there, and who is born there never even starts. */
int cgroup_refuse_frozen(const struct cgroup *cgroup, struct error *err);

/*
 * Have who joins later do so in a sub-cgroup that exists, and nowhere else: @word is "PATH", for all trees, or on v1
 * "CONTROLLER[,CONTROLLER]:PATH"; "/" is the cgroup itself. Errors: ERR_USAGE, ERR_SPEC, ERR_CGROUP.
 */
int cgroup_descend(struct cgroup *cgroup, const char *word, struct error *err);

/* Joining a frozen cgroup is no error any more, but takes until it is thawed. */
void cgroup_allow_frozen(struct cgroup *cgroup);

/*
 * Every process in it and below that our pid namespace can see, from any one tree that knows all of them; here and in
 * the next two, no tree is ERR_UNSUPPORTED. free(*ret).
 */
int cgroup_pids(struct cgroup *cgroup, pid_t **ret, size_t *ret_count, struct error *err);

/* SIGKILL to all in it and below: cgroup.kill, or freeze, signal and thaw until none is left. Does not wait. */
int cgroup_kill(struct cgroup *cgroup, struct error *err);

/* The same with another signal, once to each. */
int cgroup_signal(struct cgroup *cgroup, int sig, struct error *err);

/* Stop and resume all of it; waits until the kernel reports the state, ten seconds at most (ERR_TIMEOUT). */
int cgroup_freeze(struct cgroup *cgroup, bool frozen, struct error *err);
int cgroup_is_frozen(struct cgroup *cgroup, bool *ret, struct error *err);

/*
 * Remove it from all trees, sub-cgroups included. A cgroup stays busy for a moment after its last process has died:
 * waits for that, at most about two seconds; then ERR_BUSY, naming the processes that remain.
 */
int cgroup_destroy(struct cgroup *cgroup, struct error *err);

/* What the kernel counted since the cgroup was made. Absent counters are not set. */
struct cgroup_oom {
	struct optional_u64 oom;      /* v2 memory.events "oom"; v1 under_oom/failcnt say too little: not set */
	struct optional_u64 oom_kill; /* processes killed for memory */
	struct optional_u64 oom_group_kill; /* v2 from Linux 5.17 on: how often all of it was killed (memory.oom.group) */
	struct optional_u64 limit;    /* the limit in force, not set if none */
	struct optional_u64 peak;
};
int cgroup_read_oom(struct cgroup *cgroup, struct cgroup_oom *ret, struct error *err);

/*
 * The trees, for building the container's own view of /sys/fs/cgroup.
 */
struct cgroup_tree {
	const char *name;	 /* folder under /sys/fs/cgroup: "memory", "cpu,cpuacct", "unified"; "" for pure v2 */
	const char *controllers; /* v1 mount data: "memory", "cpu,cpuacct", "name=systemd"; NULL for v2 */
	const char *mount_point; /* on the host */
	bool v2;
	int fd; /* the container's directory in it, O_PATH or better */
};
size_t cgroup_trees(const struct cgroup *cgroup, const struct cgroup_tree **ret);

/* The tree that carries a v1 controller; the v2 tree; the first of these two that there is; or NULL. */
const struct cgroup_tree *cgroup_v1_tree(const struct cgroup *cgroup, const char *controller);
const struct cgroup_tree *cgroup_v2_tree(const struct cgroup *cgroup);
const struct cgroup_tree *cgroup_find_tree(const struct cgroup *cgroup, const char *controller);

/*
 * shares (2..262144) as cpu.weight (1..10000) by the formula in use since 2025 (1024 is 100): with l = log2(shares),
 * ceil(10^((l*l + 125*l)/612 - 7/34)). 0 (not given) stays 0.
 */
uint64_t cgroup_weight_of_shares(uint64_t shares);
