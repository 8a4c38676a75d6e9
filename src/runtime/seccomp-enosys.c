/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a filter starts with ENOSYS: a libc tries a new system call first and falls back to the old one if the kernel says
 * that it has no such call. A profile that is older than the call would say EPERM, which the libc reports as a failure
 * of what the program wanted to do. So what is newer than anything the profile names counts as not there.
 *
 * "Newer" is "of a higher number", which holds within one table of system calls, give or take a few that were merged out
 * of order. A kernel knows several tables, told apart by seccomp_data.arch, and by number ranges: x32 is the x86_64 table
 * with bit 30 set, and 32-bit ARM has its private calls (set_tls, cacheflush) at the top of the number space.
 *
 * Calls of x32, when it is not among the profile's architectures, are left to the filter, which kills the thread as for
 * every architecture that is not listed (libseccomp's default for a wrong one; runc keeps it as well). A profile says
 * nothing about their numbers, so there is no newest among them.
 *
 * Only loads of nr and arch, comparisons and returns are used, so that the kernel's table of calls that are always
 * allowed (Linux 5.11) still sees through.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/util.h"
#include "runtime/seccomp-program.h"

enum { X32_BIT = 1 << 30, ARM_PRIVATE = 0x0f0000 };

/* A table of system calls: the numbers from @first to below @end of an architecture as the kernel names it. */
struct syscall_table {
	uint32_t token; /* libseccomp's */
	uint32_t arch;	/* seccomp_data's */
	uint32_t first, end;
};

static const struct syscall_table TABLES[] = {
	{ SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, X32_BIT },
	{ SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, UINT32_MAX },
	{ SCMP_ARCH_X32, AUDIT_ARCH_X86_64, X32_BIT, UINT32_MAX },
	{ SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, UINT32_MAX },
	{ SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0, ARM_PRIVATE },
};

static const struct syscall_table *find_table(uint32_t token)
{
	for (size_t i = 0; i < ARRAY_SIZE(TABLES); i++)
		if (TABLES[i].token == token)
			return &TABLES[i];
	return NULL;
}

/* The highest number that a name in @profile has in @table, or -1. */
static int64_t newest_named(const struct spec_seccomp *profile, const struct syscall_table *table)
{
	int64_t newest = -1;
	for (size_t i = 0; i < profile->n_rules; i++) {
		for (char **name = profile->rules[i].names; name && *name; name++) {
			int number = seccomp_syscall_resolve_name_arch(table->token, *name);
			/* Negative: not in this table. */
			if (number >= (int64_t)table->first && number < (int64_t)table->end && number > newest)
				newest = number;
		}
	}
	return newest;
}

static void emit(struct bpf_program *program, struct sock_filter instruction)
{
	*ARRAY_APPEND(program->instructions, program->count) = instruction;
}

static void emit_load(struct bpf_program *program, size_t offset)
{
	emit(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void emit_jump(struct bpf_program *program, unsigned short condition, uint32_t value, size_t if_true,
		      size_t if_false)
{
	emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | condition | BPF_K, value, (unsigned char)if_true,
						   (unsigned char)if_false));
}

/*
 * For calls of @table: ENOSYS if newer than @newest, else on to the filter. All others go on to what comes next.
 * Jump distances count from the following instruction.
 */
static void emit_section(struct bpf_program *program, const struct syscall_table *table, uint32_t newest)
{
	size_t from_first = table->first > 0, to_end = table->end < UINT32_MAX;
	emit_load(program, offsetof(struct seccomp_data, arch));
	emit_jump(program, BPF_JEQ, table->arch, 0, 1 + from_first + to_end + 3);
	emit_load(program, offsetof(struct seccomp_data, nr));
	if (from_first)
		emit_jump(program, BPF_JGE, table->first, 0, to_end + 3);
	if (to_end)
		emit_jump(program, BPF_JGE, table->end, 3, 0);
	emit_jump(program, BPF_JGT, newest, 0, 1);
	emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
	emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0)); /* to the filter: see below */
}

/* The only unconditional jumps are those out of the prologue, whose length is known now. */
static void aim_jumps_at_end(struct bpf_program *program)
{
	for (size_t i = 0; i < program->count; i++)
		if (program->instructions[i].code == (BPF_JMP | BPF_JA))
			program->instructions[i].k = (uint32_t)(program->count - i - 1);
}

void seccomp_append_enosys(const struct spec_seccomp *profile, const uint32_t *architectures, size_t n_architectures,
			   struct bpf_program *program)
{
	for (size_t i = 0; i < n_architectures; i++) {
		const struct syscall_table *table = find_table(architectures[i]);
		int64_t newest = table ? newest_named(profile, table) : -1;
		if (newest >= 0)
			emit_section(program, table, (uint32_t)newest);
	}
	aim_jumps_at_end(program);
}
