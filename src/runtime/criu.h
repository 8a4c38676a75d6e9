/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoint and restore, which criu(8) does: it is run with the options that runc gives it over its protocol. What only
 * the protocol has is not there: containers with a terminal (its master comes back by that way), and hooks at a restore.
 *
 * What a container has from outside is named to both sides: bind mounts by their destination, files that are hidden as
 * /dev/null, network and pid namespaces that were joined as extRootNetNS and extRootPidNS.
 *
 * Sources: criu(8); runc-checkpoint(8), runc-restore(8), libcontainer/criu_linux.go for what runc asks of it.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "runtime/container.h"

struct criu_options {
	const char *images;	 /* the directory; checkpoint makes it */
	const char *work;	 /* of the log; NULL: as @images */
	const char *parent;	 /* images of an earlier pre-dump, relative to @images; or NULL */
	const char *page_server; /* "ADDRESS:PORT", or NULL */
	const char *cgroups_mode; /* NULL: soft */
	const char *lsm_profile, *lsm_mount_context;
	char *const *empty_ns;
	int status_fd; /* -1: none */
	bool leave_running, pre_dump, tcp_established, tcp_skip_in_flight, link_remap, ext_unix_sk, shell_job, lazy_pages,
		file_locks, auto_dedup;
};

/*
 * Save the container @container. criu has killed it afterwards, unless it was told to leave it running. Errors:
 * ERR_UNSUPPORTED (no criu, or what it cannot do), ERR_STATE, ERR_SYSTEM with the last error of criu's log as the cause.
 */
int container_checkpoint(struct container *container, const struct criu_options *criu, struct error *err);

/*
 * For container_create(): instead of making its first process, have it restored as our child. *ret_pid is that.
 */
int criu_restore(const struct container_create_options *options, const struct container *container,
		 struct cgroup *cgroup, pid_t *ret_pid, struct error *err);

/* --- the parts of both, runtime/criu.c --- */

/* The program, if it can do such a container at all. free(*ret_path). */
int criu_find(const struct spec *spec, char **ret_path, struct error *err);

/* What both are given; @log is the name of the log. */
void criu_put_common(char ***argv, const struct criu_options *criu, const struct container *container, const char *log);

/* It ended with @wait_status, which is no success. */
int criu_failed(const struct criu_options *criu, const char *log, int wait_status, struct error *err);
