/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of runtime/cgroup*.c share. Who does what:
 *
 *  cgroup-layout      which hierarchies are mounted
 *  cgroup             the object: paths, create, open, free
 *  cgroup-make        directories in one tree, and what a new one needs
 *  cgroup-enable      v2 controllers on the way down
 *  cgroup-missing     why a controller is not there
 *  cgroup-write       one value into one file, with an error that explains itself
 *  cgroup-weight      cpu.shares as cpu.weight
 *  cgroup-io-weight   whether a weight of block I/O does anything
 *  cgroup-apply       limits: finds the tree for each controller, then cgroup-{blkio,cpu,cpuset,...} write them
 *  cgroup-update      other limits, later
 *  cgroup-devices     the device rules: v1 files here, v2 programs in device-policy*
 *  cgroup-join        processes go in
 *  cgroup-sub         into sub-cgroups of the container's own
 *  cgroup-delegate    the container's own sub-cgroups
 *  cgroup-walk        directories and processes of a sub-tree
 *  cgroup-signal      signals to all of them
 *  cgroup-freeze      stop and resume
 *  cgroup-destroy     the directories go
 *  cgroup-adopt       v2 cgroups that systemd makes
 *  cgroup-driver      who makes them: cgroup-driver-{none,cgroupfs,systemd}
 *  cgroup-protection  memory that is not to be reclaimed, and the parents of it
 *  cgroup-oom         what the memory controller counted
 *  cgroup-oom-watch   being told when it kills
 *  cgroup-stats       what all controllers counted: cgroup-stats-v1 and cgroup-stats-v2 read the files
 *
 * Invariants:
 *  1. Every path below a mount point has passed cgroup_check_path(); every file is opened relative to an fd of its
 *     directory.
 *  2. A pid read from cgroup.procs is signalled only through a pidfd, and only if it is listed again after the pidfd
 *     was opened: a pid may be reused at any moment, but not inside our cgroup unnoticed.
 *  3. cgroup.procs shows 0 for a process that our pid namespace cannot see. 0 never leaves cgroup_read_pids().
 *  4. What failed because the kernel said EBUSY for a moment is tried again; nothing sleeps when all is well.
 */
#pragma once

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "runtime/cgroup.h"
#include "runtime/spec.h"

enum {
	CGROUP_TREES_MAX = 24,	     /* the kernel has 14 controllers, and there are named hierarchies */
	CGROUP_DEPTH_MAX = 256,	     /* of sub-cgroups that we walk into: an fd and a stack frame for each */
	CGROUP_FILE_MAX = 64 * 1024, /* bytes of a file of settings or counters */
};

/* --- cgroup-layout.c --- */

/* A mounted hierarchy. */
struct cgroup_mount {
	char *mount_point;
	char *name;	   /* as in struct cgroup_tree */
	char *controllers; /* "cpu,cpuacct"; NULL for v2 */
	dev_t device;	   /* of the mounted file system: one per hierarchy */
};

struct cgroup_mounts {
	struct cgroup_mount list[CGROUP_TREES_MAX];
	size_t count;
};

/* The text of mountinfo, hierarchy by hierarchy; one that is mounted twice counts where it is below /sys/fs/cgroup. */
void cgroup_mounts_parse(const char *mountinfo, struct cgroup_mounts *ret);
void cgroup_mounts_done(struct cgroup_mounts *mounts);
enum cgroup_layout cgroup_mounts_layout(const struct cgroup_mounts *mounts);

/* This process's, looked up at the first call. */
const struct cgroup_mounts *cgroup_mounts(void);

/* For tests: use these (the caller's) instead, or with NULL the real ones again. */
void cgroup_mounts_override(const struct cgroup_mounts *mounts);

/* Whether @name is among the comma-separated @controllers (NULL: none). */
bool cgroup_has_controller(const char *controllers, const char *name);

/* --- cgroup.c --- */

typedef unsigned controller_set; /* bit n: the nth of the names in cgroup-enable.c */

struct cgroup {
	char *path;
	struct cgroup_tree trees[CGROUP_TREES_MAX];
	size_t n_trees;
	bool fresh;		 /* we made its directories: it holds no program, and nothing in it is frozen */
	bool has_device_program; /* ours, on the v2 directory */
	bool expected;		 /* somebody else makes it and puts processes in: see cgroup_expect() */
	bool exact;		 /* no other place will do, even if this one cannot hold processes */
	bool allow_frozen;
	controller_set v2_controllers; /* as last read, for it takes a system call */

	/* Hierarchies where we may not make directories; a limit that needs one of them says so. */
	struct cgroup_refusal {
		const struct cgroup_mount *mount;
		int sys_errno;
	} refusals[CGROUP_TREES_MAX];
	size_t n_refusals;
};

/* The tree to ask for processes: each knows all, v2 can do most with them. NULL if there is none. */
const struct cgroup_tree *cgroup_main_tree(const struct cgroup *cgroup);

/* A new object in no tree. */
struct cgroup *cgroup_new(const char *path);

/* Takes @fd over, the cgroup's directory in the hierarchy @mount. */
void cgroup_add_tree(struct cgroup *cgroup, const struct cgroup_mount *mount, int fd);

/* The full path of the cgroup in @tree. free() it. */
char *cgroup_tree_path(const struct cgroup_tree *tree, const char *path);

/* --- cgroup-make.c --- */

/*
 * Make @path in the hierarchy @mount. Returns an O_PATH fd of it; *ret_made says whether it was not there before.
 * Errors: ERR_CGROUP; the caller finds EACCES, EPERM and EROFS in err->sys_errno (@err is not optional here).
 */
int cgroup_make_directory(const struct cgroup_mount *mount, const char *path, bool *ret_made, struct error *err);

/* --- cgroup-enable.c --- */

/* Where and why the way down ended. */
struct cgroup_obstacle {
	char level[PATH_MAX]; /* below the mount point: "/a/b", or "" */
	int sys_errno;	      /* 0: there is none */
};

/* Enable what exists on the way from @root down to the parent of @path. What cannot be had is left out. */
void cgroup_enable_controllers(int root, const char *path, int leaf);

/* Whether we know a v2 controller of this name, and whether it is listed in @file of @dir. */
bool cgroup_v2_has_name(const char *controller);
bool cgroup_offers(int dir, const char *file, const char *controller);

/*
 * See to it that @controller is there in the v2 tree, or explain at which level it is not. @what is what needs it
 * ("the memory limit"). Errors: ERR_CG_CTRL.
 */
int cgroup_need_v2(struct cgroup *cgroup, const char *controller, const char *what, struct error *err);

/* --- cgroup-missing.c --- */

/* The error for the v2 @controller that no tree of ours has, under this or its v1 name. Always ERR_CG_CTRL. */
int cgroup_explain_missing(const struct cgroup *cgroup, const char *controller, const char *what,
			   const struct cgroup_obstacle *obstacle, struct error *err);

/* --- cgroup-write.c --- */

/* Write @value to @file of the cgroup. Errors: ERR_CGROUP with file, value, errno and, where known, the reason. */
int cgroup_write(const struct cgroup_tree *tree, const char *file, const char *value, struct error *err);
int cgroup_writef(const struct cgroup_tree *tree, const char *file, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The error of a write that returned @r (-errno). */
int cgroup_write_error(const struct cgroup_tree *tree, const char *file, const char *value, int r, struct error *err);

/*
 * Two settings of which one bounds the other: the first, then the second; or, if the kernel finds the first invalid as
 * long as the second is what it is, the other way round.
 */
struct cgroup_setting {
	const char *file;
	char value[48];
};
int cgroup_write_pair(const struct cgroup_tree *tree, const struct cgroup_setting *first,
		      const struct cgroup_setting *second, struct error *err);

bool cgroup_has_file(const struct cgroup_tree *tree, const char *file);

/* The number in @file; false if it is not there, or is no number ("max"). */
bool cgroup_read_u64(const struct cgroup_tree *tree, const char *file, uint64_t *ret);

/* The number behind @key in a file of "key value" lines. */
bool cgroup_read_key(const struct cgroup_tree *tree, const char *file, const char *key, uint64_t *ret);

/* --- the controllers --- */

typedef int (*cgroup_apply_fn)(const struct cgroup_tree *tree, const struct spec_resources *resources,
			       struct error *err);

struct cgroup_controller {
	const char *v1_name, *v2_name; /* without the second it is v1's alone */
	const char *what; /* "the memory limit" */
	bool (*wanted)(const struct spec_resources *resources);
	int (*check)(const struct spec_resources *resources, const struct cgroup_tree *tree,
		     struct error *err); /* may be NULL; writes nothing */
	cgroup_apply_fn apply_v1, apply_v2;
};

extern const struct cgroup_controller cgroup_controller_blkio, cgroup_controller_cpu, cgroup_controller_cpuset,
	cgroup_controller_hugetlb, cgroup_controller_memory, cgroup_controller_net_cls, cgroup_controller_net_prio,
	cgroup_controller_pids, cgroup_controller_rdma;

static inline bool optional_is_nonzero(const struct optional_i64 *number)
{
	return number->set && number->value != 0;
}

static inline bool optional_u64_is_nonzero(const struct optional_u64 *number)
{
	return number->set && number->value != 0;
}

/* A block I/O weight of 10 to 1000, spread over iocost's 1 to 10000. */
uint64_t cgroup_io_weight(uint64_t weight);

/* --- cgroup-io-weight.c: say so, if no disk of this machine follows weights as @tree has them --- */
void cgroup_warn_of_io_weight(const struct cgroup_tree *tree);

/* v1: fill what a new cpuset lacks, without which no process may enter it, from its parent. 0 or -errno. */
int cgroup_cpuset_inherit(int dir);

/* The device rules, in whichever tree can enforce them. */
int cgroup_apply_devices(struct cgroup *cgroup, const struct spec_resources *resources, struct error *err);

/* --- cgroup-walk.c --- */

struct pid_list {
	pid_t *pids;
	size_t count;
};
void pid_list_done(struct pid_list *list);
#define _cleanup_pid_list_ _cleanup_(pid_list_done)

void pid_list_sort(struct pid_list *list);
bool pid_list_contains(const struct pid_list *sorted, pid_t pid);

/* Add the processes in the cgroup @dir itself. 0 or -errno. */
int cgroup_read_pids(int dir, struct pid_list *list);

/* The same with all below it. */
int cgroup_read_pids_below(int dir, struct pid_list *list);

/* The names of the sub-cgroups of @dir as a strv, NULL if there are none. 0 or -errno. */
int cgroup_list_children(int dir, char ***ret);

/* Remove the cgroup @name in @dir with all below it. 0, or -EBUSY if there are processes, or another -errno. */
int cgroup_remove_below(int dir, const char *name);

/* "12 (nginx), 13 (sh) and 7 more". free() it. */
char *cgroup_describe_pids(const struct pid_list *list);

/* --- cgroup-signal.c --- */

/* What cgroup_kill() does where the kernel cannot do it alone. @freezer may be NULL. 0 or -errno. */
int cgroup_kill_each(const struct cgroup_tree *tree, const struct cgroup_tree *freezer);

/* --- cgroup-freeze.c --- */

/* The tree whose freezer we use, or NULL. */
const struct cgroup_tree *cgroup_freezer_tree(const struct cgroup *cgroup);

/* 0, -ETIMEDOUT, or another -errno. */
int cgroup_freezer_set(const struct cgroup_tree *tree, bool frozen, int64_t timeout_ns);
int cgroup_freezer_get(const struct cgroup_tree *tree, bool *ret);
