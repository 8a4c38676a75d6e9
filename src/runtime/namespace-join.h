/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The init process itself: made by clone3() straight into its new namespaces and cgroup.
 *
 * A user, pid or time namespace that exists is entered only by children of the process that joins it, and a new time
 * namespace takes its offsets only as long as nobody is in it. So with one of them an intermediate process joins or makes
 * it, makes init as our own child (CLONE_PARENT), and is gone. It also joins, before it loses its rights to a user
 * namespace, what belongs to the host's (a network namespace of the engine, say); what belongs to the user namespace is
 * joined afterwards.
 *
 * Source: clone(2), setns(2), pid_namespaces(7), time_namespaces(7).
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/container.h"
#include "runtime/spec.h"

/* The namespaces that are joined by their paths, as fds; -1 for the others, and for those that are joined already. */
struct namespace_fds {
	int fds[NAMESPACE_COUNT];
};

#define NAMESPACE_FDS_NONE                                 \
	{                                                  \
		{                                          \
			-1, -1, -1, -1, -1, -1, -1, -1     \
		}                                          \
	}
static_assert(NAMESPACE_COUNT == 8, "NAMESPACE_FDS_NONE has a -1 for each");

/*
 * Open them: by the creator, who may look at /proc/PID/ns of others; init, in the container's user namespace, may not.
 * Errors as namespace_open().
 */
int namespace_fds_open(const struct spec *spec, struct namespace_fds *ret, struct error *err);
void namespace_fds_close(struct namespace_fds *namespaces);

/* Join those that are left, from inside the process that namespace_clone() has made. */
int namespace_join_rest(const struct spec *spec, struct namespace_fds *namespaces, struct error *err);

/*
 * Make the process, in @cgroup_fd if that is not -1 and the kernel can do it (*ret_in_cgroup, in both processes). Returns 0
 * in it and its pid in us, with a pidfd in *ret_pidfd. Errors name the namespace. No thread but ours may exist.
 */
pid_t namespace_clone(const struct spec *spec, struct namespace_fds *namespaces, int cgroup_fd, int *ret_pidfd,
		      bool *ret_in_cgroup, struct error *err);

/*
 * clone3() with CLONE_PIDFD, and clone() where that is refused, which cannot put the process in a cgroup. Returns as
 * namespace_clone() does, or -errno. @ret_in_cgroup may be NULL if @cgroup_fd is -1.
 */
pid_t namespace_clone_process(uint64_t flags, int exit_signal, int cgroup_fd, int *ret_pidfd, bool *ret_in_cgroup);

/*
 * The CLONE_NEW* flags of the namespaces in which the container's first process is and we are not: all of them, or
 * ERR_STATE when it has just ended, for whoever joins some of them would run on the host. @proc is procfs_open(), and
 * @pidfd the process's.
 */
int namespace_foreign(int proc, const struct container *container, int pidfd, struct error *err);

/* Join those of @flags. */
int namespace_join_container(const struct container *container, int pidfd, int flags, struct error *err);

/* Open the namespace at @path and check that it is of @type; the message names both types if it is not. */
int namespace_open(const char *path, enum namespace_type type, struct error *err);
