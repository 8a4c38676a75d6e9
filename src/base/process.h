/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: started without copying our address space, named by pidfd, never by a bare pid that may have been reused.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Life cycle of a program that we run:
 *  1. Fill in the fields; zero means the default. fds of -1 in `stdio` mean /dev/null.
 *  2. process_spawn() starts it and returns its pid. It does not take over any fd.
 *  3. process_wait() collects its status; until then the pid cannot be reused.
 */
struct process_spawn {
	const char *path;      /* run as is, not looked up in PATH */
	char *const *argv;
	char *const *envp;     /* NULL: ours */
	int stdio[3];          /* our fds that become 0, 1, 2 */
	const int *pass_fds;   /* further fds, inherited from PASS_FD_FIRST up in this order */
	size_t n_pass_fds;
	bool new_session;      /* setsid() */
	const char *directory; /* where it starts; NULL: where we are */
};

enum { PASS_FD_FIRST = 3 };

/* Signal dispositions and mask of the child are the defaults. Returns 0; errors of exec are reported here. */
int process_spawn(const struct process_spawn *spawn, pid_t *ret_pid, struct error *err);

/* Wait for our child. Returns its wait status (WIFEXITED and so on apply) in *ret_status. */
int process_wait(pid_t pid, int *ret_status, struct error *err);

/* A wait status as the shell counts: the exit code, or 128 + signal. */
int process_exit_code(int wait_status);

/* Both, for a program that does its work and ends: its exit code, as the shell counts. */
int process_run(const struct process_spawn *spawn, struct error *err);

/* Returns a pidfd or -errno. */
int process_pidfd(pid_t pid);

/* Returns 0 or -errno (-ESRCH: gone). */
int process_signal(int pidfd, int sig);

/*
 * The start time of @pid in clock ticks since boot (field 22 of /proc/PID/stat), which together with the pid names one
 * process for as long as the machine runs. 0 if there is no such process. *ret_state, if not NULL, gets its state letter.
 */
uint64_t process_start_time(pid_t pid, char *ret_state);

/* A pidfd of the process that had this pid and start time, or -ESRCH if it is gone. */
int process_pidfd_checked(pid_t pid, uint64_t start_time);

/*
 * The path of the program that we are; "" if that is not known. It is found at the first call: who enters another mount
 * namespace calls this before, for there the kernel tells only the part of it that lies on its mount.
 */
const char *process_own_path(void);

/*
 * The path of a program of ours: next to the running executable if it is there (a build tree), else in LIBEXECDIR.
 * free() it.
 */
char *process_helper_path(const char *name);
