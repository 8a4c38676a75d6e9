/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters, run by an interpreter here: over tables of calls, and, for every call there is, compared with what the profile
 * says. test_seccomp_install.c makes the calls for real.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/capability-default.h"
#include "runtime/capability.h"
#include "runtime/seccomp-program.h"
#include "runtime/seccomp.h"
#include "seccomp-profiles.h"

#define X32_BIT 0x40000000u
#define ARM_PRIVATE 0x0f0000

#define ALLOW SECCOMP_RET_ALLOW
#define KILL_THREAD SECCOMP_RET_KILL_THREAD
#define ERRNO(number) (SECCOMP_RET_ERRNO | (number))

/* --- an interpreter for the part of classic BPF that filters use; see kernel Documentation/networking/filter.rst --- */

static bool condition(unsigned operation, uint32_t a, uint32_t k)
{
	switch (operation) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return (a & k) != 0;
	default:
		fail_msg("jump %x", operation);
		return false;
	}
}

static uint32_t run(const struct seccomp_filter *filter, const struct seccomp_data *data)
{
	uint32_t a = 0;
	for (size_t pc = 0; pc < filter->count; pc++) {
		const struct sock_filter *i = &filter->instructions[pc];
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k % 4 == 0 && i->k < sizeof *data);
			memcpy(&a, (const char *)data + i->k, sizeof a);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			assert_int_equal(BPF_CLASS(i->code), BPF_JMP);
			assert_int_equal(BPF_SRC(i->code), BPF_K);
			pc += condition(BPF_OP(i->code), a, i->k) ? i->jt : i->jf;
		}
	}
	fail_msg("ran off the end");
	return 0;
}

/* libseccomp's token to the kernel's architecture. */
static uint32_t audit_arch(uint32_t token)
{
	return token == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : token;
}

/* The fate of a call that is given by name; by number with a name of digits. */
struct call {
	uint32_t token; /* 0: native */
	const char *name;
	uint64_t args[6];
	uint32_t fate;
};

static uint32_t fate_of(const struct seccomp_filter *filter, const struct call *call)
{
	uint32_t token = call->token ? call->token : seccomp_arch_native();
	char *end;
	int number = (int)strtoll(call->name, &end, 0);
	if (*end)
		number = seccomp_syscall_resolve_name_arch(token, call->name);
	struct seccomp_data data = { .nr = number, .arch = audit_arch(token) };
	memcpy(data.args, call->args, sizeof data.args);
	return run(filter, &data);
}

static void check_calls(const struct seccomp_filter *filter, const struct call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t fate = fate_of(filter, &calls[i]);
		if (fate != calls[i].fate)
			fail_msg("%s(%#llx) on %#x: %#x instead of %#x", calls[i].name,
				 (unsigned long long)calls[i].args[0], calls[i].token, fate, calls[i].fate);
	}
}

/* --- the default profile, by table --- */

static void test_default_profile(void **state)
{
	static const struct call calls[] = {
		{ 0, "getpid", { 0 }, ALLOW },
		{ 0, "ptrace", { 0 }, ALLOW },
		{ 0, "chroot", { 0 }, ALLOW }, /* with Docker's default capabilities */
		{ 0, "mount", { 0 }, ERRNO(EPERM) },
		{ 0, "umount2", { 0 }, ERRNO(EPERM) },
		{ 0, "fsopen", { 0 }, ERRNO(EPERM) },
		{ 0, "unshare", { 0 }, ERRNO(EPERM) },
		{ 0, "setns", { 0 }, ERRNO(EPERM) },
		{ 0, "bpf", { 0 }, ERRNO(EPERM) },
		{ 0, "reboot", { 0 }, ERRNO(EPERM) },
		{ 0, "kexec_load", { 0 }, ERRNO(EPERM) },
		{ 0, "clock_settime", { 0 }, ERRNO(EPERM) },
		{ 0, "init_module", { 0 }, ERRNO(EPERM) },
		{ 0, "open_by_handle_at", { 0 }, ERRNO(EPERM) },
		{ 0, "perf_event_open", { 0 }, ERRNO(EPERM) },
		{ 0, "keyctl", { 0 }, ERRNO(EPERM) },
		{ 0, "add_key", { 0 }, ERRNO(EPERM) },
		{ 0, "userfaultfd", { 0 }, ERRNO(EPERM) },
		{ 0, "pivot_root", { 0 }, ERRNO(EPERM) },
		{ 0, "io_uring_setup", { 0 }, ERRNO(EPERM) },
		{ 0, "io_uring_enter", { 0 }, ERRNO(EPERM) },
		{ 0, "io_uring_register", { 0 }, ERRNO(EPERM) },

		{ 0, "clone", { SIGCHLD }, ALLOW },
		{ 0, "clone", { CLONE_VM | CLONE_THREAD | CLONE_SIGHAND }, ALLOW },
		{ 0, "clone", { CLONE_NEWUSER | SIGCHLD }, ERRNO(EPERM) },
		{ 0, "clone", { CLONE_NEWNS }, ERRNO(EPERM) },
		{ 0, "clone", { CLONE_NEWCGROUP }, ERRNO(EPERM) },
		{ 0, "clone", { CLONE_NEWNET | UINT64_C(1) << 32 }, ERRNO(EPERM) },
		{ 0, "clone3", { 0 }, ERRNO(ENOSYS) },

		{ 0, "personality", { 0 }, ALLOW },
		{ 0, "personality", { 0x8 }, ALLOW },
		{ 0, "personality", { 0x20000 }, ALLOW },
		{ 0, "personality", { 0x20008 }, ALLOW },
		{ 0, "personality", { 0xffffffff }, ALLOW },
		{ 0, "personality", { 0x1 }, ERRNO(EPERM) },
		{ 0, "personality", { 0x40000 }, ERRNO(EPERM) }, /* ADDR_NO_RANDOMIZE */

		{ 0, "socket", { AF_UNIX }, ALLOW },
		{ 0, "socket", { AF_INET6 }, ALLOW },
		{ 0, "socket", { AF_NETLINK }, ALLOW },
		{ 0, "socket", { 45 }, ALLOW },
		{ 0, "socket", { AF_ALG }, ERRNO(EPERM) },
		{ 0, "socket", { AF_VSOCK }, ERRNO(EPERM) },
		{ 0, "socket", { AF_VSOCK | UINT64_C(1) << 32 }, ERRNO(EPERM) },
		{ 0, "socket", { AF_ALG | UINT64_C(1) << 63 }, ERRNO(EPERM) },

		{ 0, "600", { 0 }, ERRNO(ENOSYS) },
		{ 0, "0x3fffffff", { 0 }, ERRNO(ENOSYS) },
		{ 0, "-1", { 0 }, ERRNO(ENOSYS) },
#if defined(__x86_64__)
		{ 0, "arch_prctl", { 0 }, ALLOW },
		{ 0, "165", { 0 }, ERRNO(EPERM) }, /* mount, without libseccomp's opinion */

		{ SCMP_ARCH_X86, "getpid", { 0 }, ALLOW },
		{ SCMP_ARCH_X86, "chown32", { 0 }, ALLOW },
		{ SCMP_ARCH_X86, "socketcall", { 0 }, ALLOW },
		{ SCMP_ARCH_X86, "mount", { 0 }, ERRNO(EPERM) },
		{ SCMP_ARCH_X86, "21", { 0 }, ERRNO(EPERM) }, /* mount */
		{ SCMP_ARCH_X86, "clone3", { 0 }, ERRNO(ENOSYS) },
		{ SCMP_ARCH_X86, "600", { 0 }, ERRNO(ENOSYS) },
		{ SCMP_ARCH_X86, "0x40000014", { 0 }, ERRNO(ENOSYS) },

		{ SCMP_ARCH_X32, "getpid", { 0 }, ALLOW },
		{ SCMP_ARCH_X32, "execve", { 0 }, ALLOW },
		{ SCMP_ARCH_X32, "mount", { 0 }, ERRNO(EPERM) },
		{ SCMP_ARCH_X32, "0x400000a5", { 0 }, ERRNO(EPERM) }, /* mount */
		{ SCMP_ARCH_X32, "clone", { CLONE_NEWUSER }, ERRNO(EPERM) },
		{ SCMP_ARCH_X32, "clone3", { 0 }, ERRNO(ENOSYS) },
		{ SCMP_ARCH_X32, "0x40000400", { 0 }, ERRNO(ENOSYS) },

		{ SCMP_ARCH_AARCH64, "getpid", { 0 }, KILL_THREAD },
#elif defined(__aarch64__)
		{ SCMP_ARCH_ARM, "getpid", { 0 }, ALLOW },
		{ SCMP_ARCH_ARM, "set_tls", { 0 }, ALLOW },
		{ SCMP_ARCH_ARM, "mount", { 0 }, ERRNO(EPERM) },
		{ SCMP_ARCH_ARM, "600", { 0 }, ERRNO(ENOSYS) },
		{ SCMP_ARCH_X86_64, "getpid", { 0 }, KILL_THREAD },
#endif
	};
	struct seccomp_filter filter = prepare_default(capability_default());
	check_calls(&filter, calls, ARRAY_SIZE(calls));
	seccomp_filter_done(&filter);
}

static void test_default_profile_follows_capabilities(void **state)
{
	static const struct {
		int capability;
		struct call call;
	} cases[] = {
		{ CAP_SYS_ADMIN, { 0, "mount", { 0 }, ERRNO(EPERM) } },
		{ CAP_SYS_ADMIN, { 0, "unshare", { 0 }, ERRNO(EPERM) } },
		{ CAP_SYS_ADMIN, { 0, "clone", { CLONE_NEWUSER }, ERRNO(EPERM) } },
		{ CAP_SYS_ADMIN, { 0, "clone3", { 0 }, ERRNO(ENOSYS) } },
		{ CAP_SYS_ADMIN, { 0, "bpf", { 0 }, ERRNO(EPERM) } },
		{ CAP_BPF, { 0, "bpf", { 0 }, ERRNO(EPERM) } },
		{ CAP_PERFMON, { 0, "perf_event_open", { 0 }, ERRNO(EPERM) } },
		{ CAP_SYSLOG, { 0, "syslog", { 0 }, ERRNO(EPERM) } },
		{ CAP_DAC_READ_SEARCH, { 0, "open_by_handle_at", { 0 }, ERRNO(EPERM) } },
		{ CAP_SYS_BOOT, { 0, "reboot", { 0 }, ERRNO(EPERM) } },
		{ CAP_SYS_CHROOT, { 0, "chroot", { 0 }, ERRNO(EPERM) } },
		{ CAP_SYS_MODULE, { 0, "finit_module", { 0 }, ERRNO(EPERM) } },
		{ CAP_SYS_NICE, { 0, "mbind", { 0 }, ERRNO(EPERM) } },
		{ CAP_SYS_PACCT, { 0, "acct", { 0 }, ERRNO(EPERM) } },
		{ CAP_SYS_PTRACE, { 0, "pidfd_getfd", { 0 }, ERRNO(EPERM) } },
		{ CAP_SYS_TIME, { 0, "clock_settime", { 0 }, ERRNO(EPERM) } },
		{ CAP_SYS_TTY_CONFIG, { 0, "vhangup", { 0 }, ERRNO(EPERM) } },
#if defined(__x86_64__)
		{ CAP_SYS_RAWIO, { 0, "iopl", { 0 }, ERRNO(EPERM) } },
#endif
	};
	struct seccomp_filter none = prepare_default(0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seccomp_filter with = prepare_default(capability_bit(cases[i].capability));
		assert_int_equal(fate_of(&none, &cases[i].call), cases[i].call.fate);
		assert_int_equal(fate_of(&with, &cases[i].call), ALLOW);
		seccomp_filter_done(&with);
	}
	seccomp_filter_done(&none);
}

/* Docker 28.5.2 allows 370 names on x86_64 with its default capabilities; clone3 is named, but denied. */
static void test_default_profile_size(void **state)
{
#if defined(__x86_64__)
	_cleanup_(free_profile) struct spec_seccomp *profile = default_profile(capability_default());
	_cleanup_strv_ char **names = NULL;
	for (size_t i = 0; i < profile->n_rules; i++)
		for (char **name = profile->rules[i].names; *name; name++)
			if (streq(profile->rules[i].action, "SCMP_ACT_ALLOW") && !strv_contains(names, *name))
				strv_append(&names, *name);
	assert_int_equal(strv_count(names), 370);
#else
	skip();
#endif
}

/* --- every call there is, compared with the profile --- */

static bool matches(const struct spec_seccomp_arg *arg, const struct seccomp_data *data)
{
	uint64_t is = data->args[arg->index];
	if (streq(arg->op, "SCMP_CMP_EQ"))
		return is == arg->value;
	if (streq(arg->op, "SCMP_CMP_LT"))
		return is < arg->value;
	assert_string_equal(arg->op, "SCMP_CMP_MASKED_EQ");
	return (is & arg->value) == arg->value_two;
}

/* What @profile says about a call by @name; rules of the default profile have one condition at most. */
static uint32_t fate_by_profile(const struct spec_seccomp *profile, const char *name, const struct seccomp_data *data)
{
	for (size_t i = 0; i < profile->n_rules; i++) {
		const struct spec_seccomp_rule *rule = &profile->rules[i];
		if (!strv_contains(rule->names, name) || (rule->n_args && !matches(&rule->args[0], data)))
			continue;
		return streq(rule->action, "SCMP_ACT_ALLOW") ? ALLOW : ERRNO((uint32_t)rule->errno_ret.value);
	}
	return ERRNO((uint32_t)profile->default_errno_ret.value);
}

static int newest_of(const struct spec_seccomp *profile, uint32_t token)
{
	int newest = 0;
	for (size_t i = 0; i < profile->n_rules; i++) {
		for (char **name = profile->rules[i].names; *name; name++) {
			int number = seccomp_syscall_resolve_name_arch(token, *name);
			if (token != SCMP_ARCH_ARM || number < ARM_PRIVATE)
				newest = MAX(newest, number);
		}
	}
	return newest;
}

static void compare_all(const struct spec_seccomp *profile, const struct seccomp_filter *filter, uint32_t token,
			uint64_t first_arg)
{
	int newest = newest_of(profile, token), first = token == SCMP_ARCH_X32 ? (int)X32_BIT : 0;
	for (int number = first; number < newest + 100; number++) {
		struct seccomp_data data = { .nr = number, .arch = audit_arch(token), .args = { first_arg } };
		_cleanup_free_ char *name = seccomp_syscall_resolve_num_arch(token, number);
		uint32_t should = number > newest ? ERRNO(ENOSYS) : fate_by_profile(profile, name ? name : "", &data);
		uint32_t is = run(filter, &data);
		if (is != should)
			fail_msg("%s (%d) on %#x: %#x instead of %#x", name ? name : "?", number, token, is, should);
	}
}

static void compare_default(uint64_t capabilities)
{
#if defined(__x86_64__)
	static const uint32_t tokens[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32 };
#else
	static const uint32_t tokens[] = { SCMP_ARCH_AARCH64, SCMP_ARCH_ARM };
#endif
	static const uint64_t values[] = { 0, 1, 8, 37, 38, 39, 40, 41, 0x20008, CLONE_NEWUSER, 0xffffffff };
	_cleanup_(free_profile) struct spec_seccomp *profile = default_profile(capabilities);
	struct seccomp_filter filter = prepare(profile);
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++)
		for (size_t k = 0; k < ARRAY_SIZE(values); k++)
			compare_all(profile, &filter, tokens[i], values[k]);
	seccomp_filter_done(&filter);
}

static void test_every_call_of_the_default_profile(void **state)
{
	compare_default(0);
	compare_default(capability_default());
	compare_default(UINT64_MAX);
}

/* The prologue alone, for both kinds of machines: what it lets through is allowed here. */
static void test_enosys_on_every_architecture(void **state)
{
	static const uint32_t tokens[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_AARCH64, SCMP_ARCH_ARM };
	static const struct call calls[] = {
		{ SCMP_ARCH_X86_64, "clone3", { 0 }, ALLOW },	   { SCMP_ARCH_X86_64, "436", { 0 }, ERRNO(ENOSYS) },
		{ SCMP_ARCH_X86, "clone3", { 0 }, ALLOW },	   { SCMP_ARCH_X86, "436", { 0 }, ERRNO(ENOSYS) },
		{ SCMP_ARCH_X32, "preadv2", { 0 }, ALLOW },	   { SCMP_ARCH_X32, "0x40000223", { 0 }, ERRNO(ENOSYS) },
		{ SCMP_ARCH_AARCH64, "clone3", { 0 }, ALLOW },	   { SCMP_ARCH_AARCH64, "436", { 0 }, ERRNO(ENOSYS) },
		{ SCMP_ARCH_ARM, "clone3", { 0 }, ALLOW },	   { SCMP_ARCH_ARM, "436", { 0 }, ERRNO(ENOSYS) },
		{ SCMP_ARCH_ARM, "set_tls", { 0 }, ALLOW },	   { SCMP_ARCH_ARM, "0xeffff", { 0 }, ERRNO(ENOSYS) },
		{ SCMP_ARCH_ARM, "cacheflush", { 0 }, ALLOW },	   { SCMP_ARCH_AARCH64, "-1", { 0 }, ERRNO(ENOSYS) },
		{ SCMP_ARCH_S390X, "600", { 0 }, ALLOW },
	};
	_cleanup_(free_profile) struct spec_seccomp *profile =
		profile_of_text("{'defaultAction':'SCMP_ACT_ERRNO','syscalls':"
				"[{'names':['clone3','preadv2','set_tls'],'action':'SCMP_ACT_ALLOW'}]}");
	_cleanup_bpf_program_ struct bpf_program program = { 0 };
	seccomp_append_enosys(profile, tokens, ARRAY_SIZE(tokens), &program);
	*ARRAY_APPEND(program.instructions, program.count) = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ALLOW);
	const struct seccomp_filter filter = { .instructions = program.instructions, .count = (unsigned short)program.count };
	check_calls(&filter, calls, ARRAY_SIZE(calls));
}

/* --- profiles of all kinds --- */

/* libseccomp asks the kernel what it can do (5: up to notifications); valgrind's answer is that it can do nothing. */
static void needs_all_actions(void)
{
	if (seccomp_api_get() < 5)
		skip();
}

static void test_actions(void **state)
{
	needs_all_actions();
	static const struct {
		const char *action;
		uint32_t fate;
	} cases[] = {
		{ "'action': 'SCMP_ACT_KILL'", SECCOMP_RET_KILL_THREAD },
		{ "'action': 'SCMP_ACT_KILL_THREAD'", SECCOMP_RET_KILL_THREAD },
		{ "'action': 'SCMP_ACT_KILL_PROCESS'", SECCOMP_RET_KILL_PROCESS },
		{ "'action': 'SCMP_ACT_TRAP'", SECCOMP_RET_TRAP },
		{ "'action': 'SCMP_ACT_ERRNO'", ERRNO(EPERM) },
		{ "'action': 'SCMP_ACT_ERRNO', 'errnoRet': 0", ERRNO(0) },
		{ "'action': 'SCMP_ACT_ERRNO', 'errnoRet': 4094", ERRNO(4094) },
		{ "'action': 'SCMP_ACT_TRACE'", SECCOMP_RET_TRACE | EPERM },
		{ "'action': 'SCMP_ACT_TRACE', 'errnoRet': 65535", SECCOMP_RET_TRACE | 65535 },
		{ "'action': 'SCMP_ACT_LOG'", SECCOMP_RET_LOG },
		{ "'action': 'SCMP_ACT_ALLOW'", ALLOW },
		{ "'action': 'SCMP_ACT_NOTIFY'", SECCOMP_RET_USER_NOTIF },
	};
	static const struct call chdir = { 0, "chdir", { 0 }, 0 }, fchdir = { 0, "fchdir", { 0 }, 0 };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = mem_printf(
			"{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/x','syscalls':[{'names':['chdir'],%s}]}",
			cases[i].action);
		struct seccomp_filter filter = prepare_text(text);
		assert_int_equal(fate_of(&filter, &chdir), cases[i].fate);
		assert_int_equal(fate_of(&filter, &fchdir), ALLOW);
		assert_int_equal(filter.notifies, cases[i].fate == SECCOMP_RET_USER_NOTIF);
		seccomp_filter_done(&filter);
	}
}

static void test_default_actions(void **state)
{
	needs_all_actions();
	static const struct {
		const char *action;
		uint32_t fate, newer;
	} cases[] = {
		{ "'defaultAction': 'SCMP_ACT_ERRNO'", ERRNO(EPERM), ERRNO(ENOSYS) },
		{ "'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 13", ERRNO(EACCES), ERRNO(ENOSYS) },
		{ "'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38", ERRNO(ENOSYS), ERRNO(ENOSYS) },
		{ "'defaultAction': 'SCMP_ACT_KILL_PROCESS'", SECCOMP_RET_KILL_PROCESS, ERRNO(ENOSYS) },
		{ "'defaultAction': 'SCMP_ACT_TRAP'", SECCOMP_RET_TRAP, ERRNO(ENOSYS) },
		{ "'defaultAction': 'SCMP_ACT_LOG'", SECCOMP_RET_LOG, SECCOMP_RET_LOG },
		{ "'defaultAction': 'SCMP_ACT_TRACE'", SECCOMP_RET_TRACE | EPERM, SECCOMP_RET_TRACE | EPERM },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = mem_printf(
			"{%s, 'syscalls':[{'names':['clone3', 'chdir'],'action':'SCMP_ACT_ALLOW'}]}", cases[i].action);
		struct seccomp_filter filter = prepare_text(text);
		const struct call calls[] = {
			{ 0, "chdir", { 0 }, ALLOW },		{ 0, "fchdir", { 0 }, cases[i].fate },
			{ 0, "clone3", { 0 }, ALLOW },		{ 0, "434", { 0 }, cases[i].fate },
			{ 0, "436", { 0 }, cases[i].newer },
		};
		check_calls(&filter, calls, ARRAY_SIZE(calls));
		seccomp_filter_done(&filter);
	}
}

static void test_operators(void **state)
{
	const uint64_t big = UINT64_C(0x100000005);
	const struct {
		const char *op;
		uint64_t value, two, yes[3], no[3];
	} cases[] = {
		{ "NE", big, 0, { 0, 5, big + 1 }, { big, big, big } },
		{ "LT", big, 0, { 0, 5, big - 1 }, { big, big + 1, UINT64_MAX } },
		{ "LE", big, 0, { 0, 5, big }, { big + 1, big << 1, UINT64_MAX } },
		{ "EQ", big, 0, { big, big, big }, { 5, 0, UINT64_C(0x200000005) } },
		{ "GE", big, 0, { big, big + 1, UINT64_MAX }, { big - 1, 5, 0 } },
		{ "GT", big, 0, { big + 1, UINT64_C(0x200000000), UINT64_MAX }, { big, 6, 0 } },
		{ "MASKED_EQ", big, 5, { 5, 7, UINT64_C(0x800000005) }, { 0, 4, big } },
		{ "EQ", UINT64_MAX, 0, { UINT64_MAX, UINT64_MAX, UINT64_MAX }, { 0, INT64_MAX, UINT32_MAX } },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = mem_printf(
			"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['ioctl'],'action':'SCMP_ACT_ERRNO','args':"
			"[{'index':2,'op':'SCMP_CMP_%s','value':%llu,'valueTwo':%llu}]}]}",
			cases[i].op, (unsigned long long)cases[i].value, (unsigned long long)cases[i].two);
		struct seccomp_filter filter = prepare_text(text);
		for (size_t k = 0; k < 3; k++) {
			const struct call calls[] = {
				{ 0, "ioctl", { 0, 0, cases[i].yes[k] }, ERRNO(EPERM) },
				{ 0, "ioctl", { cases[i].yes[k], 0, cases[i].no[k] }, ALLOW },
			};
			check_calls(&filter, calls, ARRAY_SIZE(calls));
		}
		seccomp_filter_done(&filter);
	}
}

static void test_conditions_combine(void **state)
{
	struct seccomp_filter filter = prepare_text(
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':["
		"{'names':['socket'],'action':'SCMP_ACT_ERRNO','args':["
		"  {'index':0,'op':'SCMP_CMP_EQ','value':2},{'index':1,'op':'SCMP_CMP_EQ','value':3}]},"
		"{'names':['lseek'],'action':'SCMP_ACT_ERRNO','args':["
		"  {'index':0,'op':'SCMP_CMP_EQ','value':2},{'index':0,'op':'SCMP_CMP_EQ','value':4},"
		"  {'index':1,'op':'SCMP_CMP_EQ','value':9}]}]}");
	static const struct call calls[] = {
		{ 0, "socket", { 2, 3 }, ERRNO(EPERM) }, { 0, "socket", { 2, 1 }, ALLOW },
		{ 0, "socket", { 1, 3 }, ALLOW },	  { 0, "lseek", { 2 }, ERRNO(EPERM) },
		{ 0, "lseek", { 4 }, ERRNO(EPERM) },	  { 0, "lseek", { 3 }, ALLOW },
		{ 0, "lseek", { 3, 9 }, ERRNO(EPERM) },
	};
	check_calls(&filter, calls, ARRAY_SIZE(calls));
	seccomp_filter_done(&filter);
}

static void test_odd_profiles(void **state)
{
	static const struct {
		const char *profile;
		struct call call;
	} cases[] = {
		/* No rules; a rule that says what the default says; names that nobody knows. */
		{ "{'defaultAction':'SCMP_ACT_ALLOW'}", { 0, "mount", { 0 }, ALLOW } },
		{ "{'defaultAction':'SCMP_ACT_ERRNO'}", { 0, "mount", { 0 }, ERRNO(EPERM) } },
		{ "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['mount'],'action':'SCMP_ACT_ERRNO'}]}",
		  { 0, "mount", { 0 }, ERRNO(EPERM) } },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':"
		  "[{'names':['no_such_call','mount'],'action':'SCMP_ACT_ERRNO'}]}",
		  { 0, "mount", { 0 }, ERRNO(EPERM) } },
		/* An architecture of other machines, and the native one twice. */
		{ "{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_S390X','SCMP_ARCH_X86_64',"
		  "'SCMP_ARCH_X86_64','SCMP_ARCH_AARCH64','SCMP_ARCH_MIPS'],"
		  "'syscalls':[{'names':['mount'],'action':'SCMP_ACT_ERRNO'}]}",
		  { 0, "mount", { 0 }, ERRNO(EPERM) } },
#if defined(__x86_64__)
		/* Architectures that are not listed. */
		{ "{'defaultAction':'SCMP_ACT_ALLOW'}", { SCMP_ARCH_X32, "getpid", { 0 }, KILL_THREAD } },
		{ "{'defaultAction':'SCMP_ACT_ALLOW'}", { SCMP_ARCH_X32, "0x40000fff", { 0 }, KILL_THREAD } },
		{ "{'defaultAction':'SCMP_ACT_ALLOW'}", { SCMP_ARCH_X86, "getpid", { 0 }, KILL_THREAD } },
		{ "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['getpid'],'action':'SCMP_ACT_ALLOW'}]}",
		  { SCMP_ARCH_X32, "0x40000fff", { 0 }, KILL_THREAD } },
		{ "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['getpid'],'action':'SCMP_ACT_ALLOW'}]}",
		  { SCMP_ARCH_X86, "4000", { 0 }, KILL_THREAD } },
		/* Listed, and without the native one, which is filtered in any case. */
		{ "{'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X86'],"
		  "'syscalls':[{'names':['getpid'],'action':'SCMP_ACT_ALLOW'}]}",
		  { 0, "getpid", { 0 }, ALLOW } },
		{ "{'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X86'],"
		  "'syscalls':[{'names':['getpid'],'action':'SCMP_ACT_ALLOW'}]}",
		  { SCMP_ARCH_X86, "4000", { 0 }, ERRNO(ENOSYS) } },
#endif
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seccomp_filter filter = prepare_text(cases[i].profile);
		check_calls(&filter, &cases[i].call, 1);
		seccomp_filter_done(&filter);
	}
}

static void test_profiles_that_are_refused(void **state)
{
#define RULE(text) "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['chdir']," text "}]}"
	static const struct {
		const char *profile, *message, *hint;
	} cases[] = {
		{ "{'defaultAction':'ALLOW'}", "/linux/seccomp/defaultAction: unknown action 'ALLOW'", "" },
		{ "{'defaultAction':'SCMP_ACT_ALOW'}", "/linux/seccomp/defaultAction: unknown action 'SCMP_ACT_ALOW'",
		  "did you mean SCMP_ACT_ALLOW?" },
		{ "{'defaultAction':'SCMP_ACT_NOTIFY'}", "/linux/seccomp/defaultAction: cannot be SCMP_ACT_NOTIFY", "" },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','defaultErrnoRet':1}",
		  "/linux/seccomp/defaultAction: 'SCMP_ACT_ALLOW' takes no errno value", "" },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86','SCMP_ARCH_X68']}",
		  "/linux/seccomp/architectures/1: unknown architecture 'SCMP_ARCH_X68'", "did you mean SCMP_ARCH_X86?" },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_LOGS']}",
		  "/linux/seccomp/flags/0: unknown flag 'SECCOMP_FILTER_FLAG_LOGS'",
		  "did you mean SECCOMP_FILTER_FLAG_LOG?" },
		{ RULE("'action':'SCMP_ACT_DENY'"), "/linux/seccomp/syscalls/0: unknown action 'SCMP_ACT_DENY'", "" },
		{ RULE("'action':'SCMP_ACT_KILL','errnoRet':1"),
		  "/linux/seccomp/syscalls/0: 'SCMP_ACT_KILL' takes no errno value", "" },
		{ RULE("'action':'SCMP_ACT_ERRNO','errnoRet':4095"),
		  "/linux/seccomp/syscalls/0: the errno value of 'SCMP_ACT_ERRNO' is above 4094", "" },
		{ RULE("'action':'SCMP_ACT_TRACE','errnoRet':65536"),
		  "/linux/seccomp/syscalls/0: the errno value of 'SCMP_ACT_TRACE' is above 65535", "" },
		{ RULE("'action':'SCMP_ACT_ERRNO','args':[{'index':0,'value':1,'op':'SCMP_CMP_EQUAL'}]"),
		  "/linux/seccomp/syscalls/0: unknown operator 'SCMP_CMP_EQUAL'", "" },
		{ RULE("'action':'SCMP_ACT_NOTIFY'"),
		  "/linux/seccomp/listenerPath: required by SCMP_ACT_NOTIFY, but missing", "" },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/x','syscalls':"
		  "[{'names':['chdir','write'],'action':'SCMP_ACT_NOTIFY'}]}",
		  "/linux/seccomp/syscalls/0: SCMP_ACT_NOTIFY cannot be used for 'write'", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(free_profile) struct spec_seccomp *profile = profile_of_text(cases[i].profile);
		struct seccomp_filter filter = { .count = 42 };
		struct error err = { 0 };
		assert_int_equal(seccomp_prepare(profile, -1, &filter, &err), -ERR_SEC_SECCOMP);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.hint, cases[i].hint);
		assert_int_equal(filter.count, 42);
	}
}

static void test_argument_index_is_checked(void **state)
{
	char *names[] = { mem_strdup("chdir"), NULL };
	struct spec_seccomp_arg arg = { .index = 6, .op = mem_strdup("SCMP_CMP_EQ") };
	struct spec_seccomp_rule rule = { .names = names, .action = mem_strdup("SCMP_ACT_ERRNO"), .args = &arg, .n_args = 1 };
	const struct spec_seccomp profile = { .default_action = mem_strdup("SCMP_ACT_ALLOW"), .rules = &rule, .n_rules = 1 };
	struct seccomp_filter filter;
	struct error err = { 0 };
	assert_int_equal(seccomp_prepare(&profile, -1, &filter, &err), -ERR_SEC_SECCOMP);
	assert_string_equal(err.message, "/linux/seccomp/syscalls/0: a system call has no argument 6");
	free(names[0]);
	free(arg.op);
	free(rule.action);
	free(profile.default_action);
}

/* A rule for each of a few thousand values does not fit. */
static void test_too_large(void **state)
{
	_cleanup_str_ struct str text = { 0 };
	str_append(&text, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[");
	for (int i = 0; i < 5000; i++)
		str_appendf(&text, "%s{'names':['ioctl'],'action':'SCMP_ACT_ERRNO','args':[{'index':1,'value':%d,"
			    "'op':'SCMP_CMP_EQ'}]}", i ? "," : "", i * 7);
	str_append(&text, "]}");
	_cleanup_(free_profile) struct spec_seccomp *profile = profile_of_text(text.data);
	struct seccomp_filter filter;
	struct error err = { 0 };
	assert_int_equal(seccomp_prepare(profile, -1, &filter, &err), -ERR_SEC_SECCOMP);
	assert_non_null(strstr(err.message, "the kernel takes 4096"));
}

static void test_flags(void **state)
{
	needs_all_actions();
	static const struct {
		const char *flags;
		unsigned value;
	} cases[] = {
		{ "", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
		{ ",'flags':[]", 0 },
		{ ",'flags':['SECCOMP_FILTER_FLAG_LOG']", SECCOMP_FILTER_FLAG_LOG },
		{ ",'flags':['SECCOMP_FILTER_FLAG_TSYNC','SECCOMP_FILTER_FLAG_SPEC_ALLOW']",
		  SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW },
		/* Only notifications can be waited for. */
		{ ",'flags':['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']", 0 },
		{ ",'flags':['SECCOMP_FILTER_FLAG_TSYNC'],'listenerPath':'/x',"
		  "'syscalls':[{'names':['chdir'],'action':'SCMP_ACT_NOTIFY'}]",
		  SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH | SECCOMP_FILTER_FLAG_NEW_LISTENER },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = mem_printf("{'defaultAction':'SCMP_ACT_ALLOW'%s}", cases[i].flags);
		struct seccomp_filter filter = prepare_text(text);
		assert_int_equal(filter.flags, cases[i].value);
		seccomp_filter_done(&filter);
	}
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_profile),
		cmocka_unit_test(test_default_profile_follows_capabilities),
		cmocka_unit_test(test_default_profile_size),
		cmocka_unit_test(test_every_call_of_the_default_profile),
		cmocka_unit_test(test_enosys_on_every_architecture),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_default_actions),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_conditions_combine),
		cmocka_unit_test(test_odd_profiles),
		cmocka_unit_test(test_profiles_that_are_refused),
		cmocka_unit_test(test_argument_index_is_checked),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_flags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
