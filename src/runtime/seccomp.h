/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call filters: the specification's linux.seccomp compiled to BPF with libseccomp, kept in a cache (compiling
 * takes milliseconds, loading microseconds), installed by seccomp(2).
 *
 * A cached filter is found by a hash of the whole profile and used only if the profile stored beside it is the same to
 * the byte, so a collision costs time, never safety. The cache belongs to us alone (0700) and is checked when read.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>

#include "base/error.h"
#include "runtime/spec.h"

struct seccomp_filter {
	struct sock_filter *instructions;
	unsigned short count;
	unsigned flags; /* SECCOMP_FILTER_FLAG_* */
	bool notifies;	/* uses SCMP_ACT_NOTIFY: the installer must fetch the listener */
};

/*
 * @cache_dir is a directory fd, or -1 for no cache. Errors: ERR_SEC_SECCOMP naming the rule; system calls that this
 * machine does not know are left out, as the specification wants, and said at debug level.
 */
int seccomp_prepare(const struct spec_seccomp *profile, int cache_dir, struct seccomp_filter *ret, struct error *err);
void seccomp_filter_done(struct seccomp_filter *filter);

/*
 * Install for the calling thread. Needs no_new_privs or CAP_SYS_ADMIN. If the filter notifies, *ret_listener gets its
 * fd; else it is left alone.
 */
int seccomp_install(const struct seccomp_filter *filter, int *ret_listener, struct error *err);

/* Whether the kernel takes the flag that @word ("SECCOMP_FILTER_FLAG_LOG") names. */
bool seccomp_flag_is_supported(const char *word);

/* Whether this kernel has seccomp filters at all. */
bool seccomp_is_available(void);
