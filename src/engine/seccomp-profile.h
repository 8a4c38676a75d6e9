/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles of the user (--security-opt seccomp=FILE), in Docker's format: the specification's linux.seccomp, and beyond
 * it an "archMap", rules for a single "name", and rules with conditions ("includes", "excludes": capabilities,
 * architectures, a kernel version), which are decided here.
 */
#pragma once

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * The specification's linux.seccomp object for a container that may have @capabilities (its bounding set). The caller
 * owns it. Errors: ERR_SEC_SECCOMP, with file, line and column. Names that are no system call's are left in, and listed
 * in the log.
 */
int seccomp_profile_load(const char *path, uint64_t capabilities, struct json_object **ret, struct error *err);

/* The same from text, which came from @name (for messages). */
int seccomp_profile_parse(const char *text, size_t len, const char *name, uint64_t capabilities,
			  struct json_object **ret, struct error *err);
