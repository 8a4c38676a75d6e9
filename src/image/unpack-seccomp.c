/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled by hand, for libseccomp is not linked into the program that unpacks. Source: seccomp(2). */
#include "image/unpack-seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

/* Elsewhere there is no filter. */
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0
#endif

enum condition {
	ALWAYS,
	IF_OURSELVES, /* the argument is our process id */
	IF_NOT_SET,   /* the argument has none of the bits of `value` */
};

struct rule {
	int number;
	enum condition condition;
	unsigned argument;
	uint32_t value;
};

/* Sorted by how often they are called, roughly: the filter looks at them one after the other. */
static const struct rule FILE_RULES[] = {
	{ SYS_openat, ALWAYS, 0, 0 },
	{ SYS_pwrite64, ALWAYS, 0, 0 },
	{ SYS_fchown, ALWAYS, 0, 0 },
	{ SYS_fchmod, ALWAYS, 0, 0 },
	{ SYS_utimensat, ALWAYS, 0, 0 },
	{ SYS_close, ALWAYS, 0, 0 },
	{ SYS_pread64, ALWAYS, 0, 0 },
	{ SYS_mkdirat, ALWAYS, 0, 0 },
	{ SYS_openat2, ALWAYS, 0, 0 },
	{ SYS_symlinkat, ALWAYS, 0, 0 },
	{ SYS_linkat, ALWAYS, 0, 0 },
	{ SYS_fchownat, ALWAYS, 0, 0 },
	{ SYS_fchmodat, ALWAYS, 0, 0 },
	{ SYS_newfstatat, ALWAYS, 0, 0 },
	{ SYS_fstat, ALWAYS, 0, 0 },
	{ SYS_fsetxattr, ALWAYS, 0, 0 },
	{ SYS_lsetxattr, ALWAYS, 0, 0 },
	{ SYS_flistxattr, ALWAYS, 0, 0 },
	{ SYS_fremovexattr, ALWAYS, 0, 0 },
	{ SYS_fgetxattr, ALWAYS, 0, 0 },
	{ SYS_mknodat, ALWAYS, 0, 0 },
	{ SYS_ftruncate, ALWAYS, 0, 0 },
	{ SYS_unlinkat, ALWAYS, 0, 0 },
	{ SYS_renameat2, ALWAYS, 0, 0 },
	{ SYS_getdents64, ALWAYS, 0, 0 },
	{ SYS_lseek, ALWAYS, 0, 0 },
	{ SYS_fcntl, ALWAYS, 0, 0 },
	{ SYS_fchdir, ALWAYS, 0, 0 },
	{ SYS_statx, ALWAYS, 0, 0 },
	{ SYS_fstatfs, ALWAYS, 0, 0 },
	{ SYS_readlinkat, ALWAYS, 0, 0 },
	{ SYS_recvmsg, ALWAYS, 0, 0 },
	{ SYS_sendmsg, ALWAYS, 0, 0 },
	{ SYS_geteuid, ALWAYS, 0, 0 },
	{ SYS_getegid, ALWAYS, 0, 0 },
};

static const struct rule COMMON_RULES[] = {
	{ SYS_read, ALWAYS, 0, 0 },
	{ SYS_write, ALWAYS, 0, 0 },
	{ SYS_ppoll, ALWAYS, 0, 0 },
#ifdef SYS_poll
	{ SYS_poll, ALWAYS, 0, 0 },
#endif
	{ SYS_brk, ALWAYS, 0, 0 },
	{ SYS_mmap, IF_NOT_SET, 2, PROT_EXEC },
	{ SYS_mprotect, IF_NOT_SET, 2, PROT_EXEC },
	{ SYS_munmap, ALWAYS, 0, 0 },
	{ SYS_mremap, ALWAYS, 0, 0 },
	{ SYS_madvise, ALWAYS, 0, 0 },
	{ SYS_futex, ALWAYS, 0, 0 },
	{ SYS_clock_gettime, ALWAYS, 0, 0 },
	{ SYS_getrandom, ALWAYS, 0, 0 },
	{ SYS_getpid, ALWAYS, 0, 0 },
	{ SYS_gettid, ALWAYS, 0, 0 },
	{ SYS_tgkill, IF_OURSELVES, 0, 0 }, /* abort() */
	{ SYS_rt_sigaction, ALWAYS, 0, 0 },
	{ SYS_rt_sigprocmask, ALWAYS, 0, 0 },
	{ SYS_rt_sigreturn, ALWAYS, 0, 0 },
	{ SYS_sigaltstack, ALWAYS, 0, 0 }, /* sanitizers */
	{ SYS_restart_syscall, ALWAYS, 0, 0 },
	{ SYS_exit, ALWAYS, 0, 0 },
	{ SYS_exit_group, ALWAYS, 0, 0 },
};

enum { X32_CALLS = 0x40000000, PROGRAM_MAX = (ARRAY_SIZE(FILE_RULES) + ARRAY_SIZE(COMMON_RULES)) * 5 + 8 };

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short len;
};

static void emit(struct program *program, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	program->code[program->len++] = (struct sock_filter)BPF_JUMP(code, k, if_true, if_false);
}

static void emit_load(struct program *program, size_t offset)
{
	emit(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct program *program, uint32_t action)
{
	emit(program, BPF_RET | BPF_K, action, 0, 0);
}

/* The lower half of an argument, which is all that the checked ones have. */
static size_t argument_offset(unsigned argument)
{
	static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lower half comes first");
	return offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);
}

/* One system call: skipped if the number is another one, allowed or denied otherwise. */
static void emit_rule(struct program *program, const struct rule *rule)
{
	const uint32_t denied = SECCOMP_RET_ERRNO | ENOSYS;
	if (rule->condition == ALWAYS) {
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->number, 0, 1);
		emit_return(program, SECCOMP_RET_ALLOW);
		return;
	}
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->number, 0, 4);
	emit_load(program, argument_offset(rule->argument));
	if (rule->condition == IF_OURSELVES)
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 1, 0);
	else
		emit(program, BPF_JMP | BPF_JSET | BPF_K, rule->value, 0, 1);
	emit_return(program, denied);
	emit_return(program, SECCOMP_RET_ALLOW);
}

static void emit_rules(struct program *program, const struct rule *rules, size_t n_rules)
{
	for (size_t i = 0; i < n_rules; i++)
		emit_rule(program, &rules[i]);
}

static void compile(struct program *program, enum sandbox_duty duty)
{
	emit_load(program, offsetof(struct seccomp_data, arch));
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	emit_return(program, SECCOMP_RET_KILL_PROCESS);
	emit_load(program, offsetof(struct seccomp_data, nr));
	/* x86-64 has a second set of numbers, for the same architecture. */
	emit(program, BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1);
	emit_return(program, SECCOMP_RET_KILL_PROCESS);
	if (duty == SANDBOX_UNPACK)
		emit_rules(program, FILE_RULES, ARRAY_SIZE(FILE_RULES));
	emit_rules(program, COMMON_RULES, ARRAY_SIZE(COMMON_RULES));
	emit_return(program, SECCOMP_RET_ERRNO | ENOSYS);
}

int unpack_seccomp_load(enum sandbox_duty duty)
{
	struct program program = { .len = 0 };
	if (ARCHITECTURE == 0)
		return -ENOTSUP;
	compile(&program, duty);
	const struct sock_fprog filter = { .len = program.len, .filter = program.code };
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) < 0 ? -errno : 0;
}
