/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands between a container and the host. Of one that runs it is what the kernel says of its first process, whatever
 * was asked for; of any other, what its configuration asks for.
 *
 * Sources: proc_pid_status(5), "CapBnd", "NoNewPrivs", "Seccomp"; proc_pid_mountinfo(5); proc_pid_attr(5);
 * user_namespaces(7), "Reading of uid_map"; namespaces(7), "The /proc/pid/ns/ directory".
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "engine/container-config.h"
#include "runtime/spec.h"

struct protection {
	bool own[NAMESPACE_COUNT];   /* not the host's, as far as the engine's are the host's */
	bool has_root, root_is_host; /* somebody is root in it; and he is root of the host */
	uint32_t root_id;	     /* of the host, if there is one */
	uint64_t capabilities;	     /* that its programs can ever have */
	unsigned filters;	     /* of system calls */
	char *profile;		     /* of a security module; NULL: none, or one that leaves it alone */
	bool read_only, no_new_privileges;
};
void protection_done(struct protection *protection);
#define _cleanup_protection_ _cleanup_(protection_done)

/* Of process @pid, as /proc has it. Errors: ERR_NOT_FOUND if it has ended, ERR_PERMISSION. */
int protection_read(pid_t pid, struct protection *ret, struct error *err);

/* Of a container that is made from @config. Errors: those of security_resolve(). */
int protection_from_config(const struct container_config *config, struct protection *ret, struct error *err);

/* Append what there is to say to @array: {"Name":"seccomp","InForce":"yes","Detail":"1 filter ..."}, ... */
void protection_describe(const struct protection *protection, struct json_object *array);
