/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that a container may make if nobody says otherwise: Docker's default profile (of Docker 28), so that
 * what runs there runs here, with one thing less: see the sockets in seccomp-default.c.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The specification's linux.seccomp object for a container that may have @capabilities (its bounding set) on the machine
 * that we run on. The caller owns it.
 */
struct json_object *seccomp_default_profile(uint64_t capabilities);

/* Whether any default profile, of whatever capabilities, allows a system call of this name. */
bool seccomp_default_names(const char *name);
