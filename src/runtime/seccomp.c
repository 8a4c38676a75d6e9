/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/seccomp-program.h"
#include "runtime/seccomp-words.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

static int set_filter(unsigned flags, const struct sock_fprog *program)
{
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
}

/* A program at address 0 is looked for only once the flags have been accepted. */
static bool flags_are_supported(unsigned flags)
{
	return set_filter(flags, NULL) < 0 && errno == EFAULT;
}

bool seccomp_is_available(void)
{
	return flags_are_supported(0) ||
	       (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 && errno == EFAULT);
}

/* One of them is for listeners only. */
static bool flag_is_supported(unsigned flag)
{
	unsigned company = flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
	return flags_are_supported(flag | company);
}

bool seccomp_flag_is_supported(const char *word)
{
	unsigned flag;
	return seccomp_flag_from_word(word, "", &flag, NULL) == 0 && flag_is_supported(flag);
}

/* --- preparing --- */

/* runc's and crun's default, too: else every container pays for a mitigation that programs can ask for themselves. */
static unsigned default_flags(void)
{
	return flags_are_supported(SECCOMP_FILTER_FLAG_SPEC_ALLOW) ? SECCOMP_FILTER_FLAG_SPEC_ALLOW : 0;
}

static int parse_flag(const char *word, size_t index, bool notifies, unsigned *flags, struct error *err)
{
	char where[64];
	unsigned flag;
	snprintf(where, sizeof where, "/linux/seccomp/flags/%zu", index);
	int r = seccomp_flag_from_word(word, where, &flag, err);
	if (r < 0)
		return r;
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV && !notifies) {
		log_debug("seccomp: %s means nothing without SCMP_ACT_NOTIFY", word);
		return 0;
	}
	if (!flag_is_supported(flag))
		return err_set(err, ERR_SEC_SECCOMP, "%s: this kernel does not support %s", where, word);
	*flags |= flag;
	return 0;
}

/* No list at all asks for the default; an empty one asks for none. */
static int parse_flags(const struct spec_seccomp *profile, bool notifies, unsigned *ret, struct error *err)
{
	unsigned flags = profile->flags ? 0 : default_flags();
	for (size_t i = 0; profile->flags && profile->flags[i]; i++) {
		int r = parse_flag(profile->flags[i], i, notifies, &flags, err);
		if (r < 0)
			return r;
	}
	if (notifies) {
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		/* The call returns one number only: the listener, not the thread that could not be synchronised. */
		if (flags & SECCOMP_FILTER_FLAG_TSYNC)
			flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	}
	*ret = flags;
	return 0;
}

/*
 * A notification stops the caller until a supervisor answers. From the moment that the filter is in force, the init
 * process still has to hand over the listener and to report: with write() stopped, it would wait for itself forever.
 */
static int check_notify(const struct spec_seccomp *profile, bool *ret_notifies, struct error *err)
{
	static const char NOTIFY[] = "SCMP_ACT_NOTIFY";
	bool notifies = false;
	if (streq(profile->default_action, NOTIFY))
		return err_set(err, ERR_SEC_SECCOMP, "/linux/seccomp/defaultAction: cannot be %s", NOTIFY);
	for (size_t i = 0; i < profile->n_rules; i++) {
		if (!streq(profile->rules[i].action, NOTIFY))
			continue;
		notifies = true;
		if (strv_contains(profile->rules[i].names, "write"))
			return err_set(err, ERR_SEC_SECCOMP,
				       "/linux/seccomp/syscalls/%zu: %s cannot be used for 'write'", i, NOTIFY);
	}
	if (notifies && str_is_empty(profile->listener_path))
		return err_set(err, ERR_SEC_SECCOMP, "/linux/seccomp/listenerPath: required by %s, but missing",
			       NOTIFY);
	*ret_notifies = notifies;
	return 0;
}

static int refuse_unknown(const struct spec_seccomp *profile, struct error *err)
{
	for (size_t i = 0; i < profile->n_rules; i++)
		for (char **name = profile->rules[i].names; *name; name++)
			if (!seccomp_knows_syscall(*name))
				return err_set(err, ERR_SEC_SECCOMP, "/linux/seccomp/syscalls/%zu: unknown system call '%s'",
					       i, *name);
	return 0;
}

/* Whether it is one that the kernel takes, the kernel says. */
static int copy_program(const struct spec_seccomp *profile, struct bpf_program *ret, struct error *err)
{
	size_t count = profile->bpf_size / sizeof *ret->instructions;
	if (count == 0 || count > BPF_MAXINSNS || profile->bpf_size % sizeof *ret->instructions != 0)
		return err_set(err, ERR_SEC_SECCOMP, "%zu bytes are no BPF program", profile->bpf_size);
	*ret = (struct bpf_program){ .instructions = mem_dup(profile->bpf, profile->bpf_size), .count = count };
	return 0;
}

static int get_program(const struct spec_seccomp *profile, int cache_dir, struct bpf_program *ret, struct error *err)
{
	if (profile->bpf)
		return copy_program(profile, ret, err);
	int r = profile->refuse_unknown ? refuse_unknown(profile, err) : 0;
	if (r < 0)
		return r;
	if (cache_dir < 0)
		return seccomp_compile(profile, ret, err);
	_cleanup_str_ struct str key = { 0 };
	seccomp_cache_key(profile, &key);
	if (seccomp_cache_load(cache_dir, &key, ret))
		return 0;
	r = seccomp_compile(profile, ret, err);
	if (r >= 0)
		seccomp_cache_store(cache_dir, &key, ret);
	return r;
}

int seccomp_prepare(const struct spec_seccomp *profile, int cache_dir, struct seccomp_filter *ret, struct error *err)
{
	struct seccomp_filter filter = { 0 };
	struct bpf_program program = { 0 };
	int r = check_notify(profile, &filter.notifies, err);
	if (r < 0)
		return r;
	r = parse_flags(profile, filter.notifies, &filter.flags, err);
	if (r < 0)
		return r;
	r = get_program(profile, cache_dir, &program, err);
	if (r < 0)
		return r;
	filter.instructions = program.instructions;
	filter.count = (unsigned short)program.count;
	*ret = filter;
	return 0;
}

void seccomp_filter_done(struct seccomp_filter *filter)
{
	free(filter->instructions);
	*filter = (struct seccomp_filter){ 0 };
}

/* --- installing --- */

static int install_failed(int error, struct error *err)
{
	int r = err_sys_code(err, ERR_SEC_SECCOMP, error, "install the seccomp filter");
	if (error == EACCES)
		return err_cause(err, "neither no_new_privs is set nor is CAP_SYS_ADMIN effective");
	if (error == EBUSY)
		return err_cause(err, "a filter with a listener is in force already");
	return r;
}

int seccomp_install(const struct seccomp_filter *filter, int *ret_listener, struct error *err)
{
	struct sock_fprog program = { .len = filter->count, .filter = filter->instructions };
	int r = set_filter(filter->flags, &program);
	/* A sandbox around us may know the older call only; of the flags it lacks, one can be done without. */
	if (r < 0 && (errno == ENOSYS || errno == EPERM) && !(filter->flags & ~SECCOMP_FILTER_FLAG_SPEC_ALLOW))
		r = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
	if (r < 0)
		return install_failed(errno, err);
	if (filter->notifies)
		*ret_listener = r;
	else if (r > 0)
		return err_set(err, ERR_SEC_SECCOMP, "install the seccomp filter: thread %d has another one", r);
	return 0;
}
