/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/device-policy.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

/*
 * Registers: r1 is the kernel's context. The rules are tested from the last to the first, and r3 holds the kinds of
 * access that no rule has decided yet: the first one that denies any of them ends it with no, and when none is left it
 * ends with yes.
 */
enum {
	REG_CONTEXT = BPF_REG_1,
	REG_TYPE = BPF_REG_2,
	REG_ACCESS = BPF_REG_3,
	REG_MAJOR = BPF_REG_4,
	REG_MINOR = BPF_REG_5,
};

enum {
	ACCESS_ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE,
	ACCESS_SHIFT = 16, /* struct bpf_cgroup_dev_ctx, access_type: access << 16 | type */
	TYPE_MASK = 0xffff,
	CONDITIONS_MAX = 4,
};

static void emit(struct device_program *program, int code, int destination, int source, size_t offset, int64_t value)
{
	*ARRAY_APPEND(program->instructions, program->count) = (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = (uint8_t)(destination & 0xf),
		.src_reg = (uint8_t)(source & 0xf),
		.off = (int16_t)offset,
		.imm = (int32_t)value,
	};
}

static void emit_load(struct device_program *program, int destination, size_t offset)
{
	emit(program, BPF_LDX | BPF_MEM | BPF_W, destination, REG_CONTEXT, offset, 0);
}

static void emit_return(struct device_program *program, bool allow)
{
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void emit_prologue(struct device_program *program)
{
	emit_load(program, REG_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(program, BPF_ALU64 | BPF_MOV | BPF_X, REG_ACCESS, REG_TYPE, 0, 0);
	emit(program, BPF_ALU64 | BPF_AND | BPF_K, REG_TYPE, 0, 0, TYPE_MASK);
	emit(program, BPF_ALU64 | BPF_RSH | BPF_K, REG_ACCESS, 0, 0, ACCESS_SHIFT);
	emit_load(program, REG_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(program, REG_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

static int access_of(const struct spec_device_rule *rule)
{
	return (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0) | (rule->read ? BPF_DEVCG_ACC_READ : 0) |
	       (rule->write ? BPF_DEVCG_ACC_WRITE : 0);
}

static bool is_unconditional(const struct spec_device_rule *rule)
{
	return rule->type == 'a' && rule->major < 0 && rule->minor < 0 && access_of(rule) == ACCESS_ALL;
}

static void emit_rule(struct device_program *program, const struct spec_device_rule *rule)
{
	size_t conditions[CONDITIONS_MAX], n = 0; /* jumps to behind the rule, if it does not match */
	int access = access_of(rule);

	if (rule->type != 'a') {
		conditions[n++] = program->count;
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, REG_TYPE, 0, 0,
		     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	}
	if (rule->major >= 0) {
		conditions[n++] = program->count;
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, REG_MAJOR, 0, 0, rule->major);
	}
	if (rule->minor >= 0) {
		conditions[n++] = program->count;
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, REG_MINOR, 0, 0, rule->minor);
	}
	if (rule->allow && access != ACCESS_ALL) {
		emit(program, BPF_ALU64 | BPF_AND | BPF_K, REG_ACCESS, 0, 0, ~access & ACCESS_ALL);
		conditions[n++] = program->count;
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, REG_ACCESS, 0, 0, 0);
	} else if (access != ACCESS_ALL) {
		emit(program, BPF_JMP32 | BPF_JSET | BPF_K, REG_ACCESS, 0, 1, access);
		conditions[n++] = program->count;
		emit(program, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	}
	emit_return(program, rule->allow);
	for (size_t i = 0; i < n; i++)
		program->instructions[conditions[i]].off = (int16_t)(program->count - conditions[i] - 1);
}

void device_program_build(const struct spec_device_rule *rules, size_t n_rules, struct device_program *ret)
{
	struct device_program program = { .allows_all = true };
	bool decided = false; /* by a rule that matches always: the kernel refuses what can never be reached */
	emit_prologue(&program);
	for (size_t i = n_rules; i > 0 && !decided; i--) {
		const struct spec_device_rule *rule = &rules[i - 1];
		if (access_of(rule) == 0)
			continue;
		decided = is_unconditional(rule);
		if (!rule->allow)
			program.allows_all = false;
		emit_rule(&program, rule);
	}
	if (!decided)
		emit_return(&program, true);
	*ret = program;
}

void device_program_done(struct device_program *program)
{
	free(program->instructions);
	*program = (struct device_program){ 0 };
}
