/* SPDX-License-Identifier: Apache-2.0 */
/* --security-opt, --privileged and the capabilities: what a container may do, apart from how much. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/engine.h"

enum seccomp_choice { SECCOMP_BUILTIN, SECCOMP_UNCONFINED, SECCOMP_FILE };

struct security {
	uint64_t capabilities;
	bool no_new_privileges;
	bool writable_cgroups;	/* it may divide its cgroup */
	bool open_system_paths; /* nothing below /proc and /sys is hidden or read-only */
	enum seccomp_choice seccomp;
	char *seccomp_file;
	char *apparmor_profile; /* or NULL */
};

/*
 * @options are the spec's, with paths made absolute. Errors: ERR_SEC_OPT for an unknown option, ERR_SEC_CAP, ERR_SEC_LSM for a profile of a security module that is not
 * active here: it would not be applied, and nobody would know.
 */
int security_resolve(const struct container_spec *spec, char *const *options, struct security *ret, struct error *err);
/*
 * A copy of @options in which the file of "seccomp=FILE" is absolute, so that it means the same wherever the container is
 * started again.
 */
int security_options_absolute(char *const *options, char ***ret, struct error *err);
void security_done(struct security *security);
#define _cleanup_security_ _cleanup_(security_done)
