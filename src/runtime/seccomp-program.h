/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of seccomp.c: the steps from a profile to a program of the kernel's classic BPF machine.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "runtime/spec.h"

/* A program; zero-initialised is empty. */
struct bpf_program {
	struct sock_filter *instructions;
	size_t count; /* at most BPF_MAXINSNS once it is complete */
};

void bpf_program_done(struct bpf_program *program);
#define _cleanup_bpf_program_ _cleanup_(bpf_program_done)

/* Compile @profile with libseccomp and put the ENOSYS prologue in front. Errors: ERR_SEC_SECCOMP. */
int seccomp_compile(const struct spec_seccomp *profile, struct bpf_program *ret, struct error *err);

/*
 * The prologue: on each of the @architectures (libseccomp's tokens), a system call that is newer than the newest one
 * which the profile names fails with ENOSYS. See seccomp-enosys.c.
 */
void seccomp_append_enosys(const struct spec_seccomp *profile, const uint32_t *architectures, size_t n_architectures,
			   struct bpf_program *program);

/* Everything that decides about the program of @profile, as bytes: equal if and only if the program is. */
void seccomp_cache_key(const struct spec_seccomp *profile, struct str *key);

/* Whether the cache @dir has the program for @key. Whatever is odd about the file counts as no. */
bool seccomp_cache_load(int dir, const struct str *key, struct bpf_program *ret);

/* Failures go to the log: the next start compiles again. */
void seccomp_cache_store(int dir, const struct str *key, const struct bpf_program *program);
