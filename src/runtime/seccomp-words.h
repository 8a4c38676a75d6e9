/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The specification's words for seccomp: as lists, for `features` and for whoever checks a profile, and what they mean.
 * Source: OCI runtime-spec, config-linux.md, "Seccomp".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/spec.h"

/* NULL-terminated. */
const char *const *seccomp_action_words(void);
const char *const *seccomp_operator_words(void);
const char *const *seccomp_architecture_words(void);
const char *const *seccomp_flag_words(void);

/* Whether libseccomp knows a system call of this name, on whatever architecture. */
bool seccomp_knows_syscall(const char *name);

/* "SCMP_ARCH_X86_64": that of this program. */
const char *seccomp_native_architecture(void);

/*
 * The following complain with ERR_SEC_SECCOMP and put @where, a JSON pointer, in front.
 */

/* libseccomp's action with its value in it. @errno_ret is EPERM if not set, and refused where the action has none. */
int seccomp_action_from_word(const char *word, const struct optional_u64 *errno_ret, const char *where, uint32_t *ret,
			     struct error *err);

/* An action that lets the call happen: ALLOW and LOG; and TRACE, for its tracer decides. */
bool seccomp_action_permits(uint32_t action);

/* enum scmp_compare */
int seccomp_operator_from_word(const char *word, const char *where, struct error *err);

/*
 * libseccomp's token, or 0 for an architecture whose programs this machine's kernel never runs: no system call of theirs
 * can reach the filter, so there is nothing to filter.
 */
int seccomp_architecture_from_word(const char *word, const char *where, uint32_t *ret, struct error *err);

/* One SECCOMP_FILTER_FLAG_ */
int seccomp_flag_from_word(const char *word, const char *where, unsigned *ret, struct error *err);
