/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service manager, over its message bus: root's, or for everybody else their own one.
 *
 * Source: org.freedesktop.systemd1(5).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/spec.h"

struct systemd;

/* Whether systemd has brought this machine up: ERR_UNSUPPORTED if not. Source: sd_booted(3). */
int systemd_check_running(struct error *err);

/* Whether who we are has a service manager of his own: not root, or root of a user namespace alone. */
bool systemd_is_of_user(void);

/* Whether the address of that manager's bus leads anywhere. */
bool systemd_has_bus(void);

/* Errors: ERR_SYSTEMD, and those of systemd_check_running(). */
int systemd_open(struct systemd **ret, struct error *err);
void systemd_close(struct systemd *systemd);
static inline void systemd_closep(struct systemd **systemd)
{
	systemd_close(*systemd);
}
#define _cleanup_systemd_ _cleanup_(systemd_closep)

/* The manager's own cgroup, below which its slices are: "" for root's. free(*ret). */
int systemd_read_cgroup(struct systemd *systemd, char **ret, struct error *err);

struct systemd_scope {
	const char *name, *slice, *description;
	pid_t pid; /* moved into it; a scope lives as long as it has processes */
	char *const *annotations;
	const struct spec_resources *resources;
};

/* Returns when it is there. Errors: ERR_EXISTS, ERR_SYSTEMD, ERR_TIMEOUT, and ERR_SPEC for annotations. */
int systemd_start_scope(struct systemd *systemd, const struct systemd_scope *scope, struct error *err);

/* Move process @pid, which is ours, into the cgroup of unit @name. */
int systemd_attach(struct systemd *systemd, const char *name, pid_t pid, struct error *err);

/* Kill what is in it, and have systemd forget it. One that is not there is success. */
int systemd_stop_unit(struct systemd *systemd, const char *name, struct error *err);

/* Other limits; until the next boot. */
int systemd_set_limits(struct systemd *systemd, const char *name, const struct spec_resources *resources,
		       struct error *err);

/* A unit's MemoryMin and MemoryLow, in bytes; until the next boot. */
int systemd_set_protection(struct systemd *systemd, const char *name, uint64_t min, uint64_t low, struct error *err);
