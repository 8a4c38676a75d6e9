/* SPDX-License-Identifier: Apache-2.0 */
/* Programs for device rules, run by an interpreter of the few instructions that they are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "runtime/device-policy.h"

enum { R = BPF_DEVCG_ACC_READ, W = BPF_DEVCG_ACC_WRITE, M = BPF_DEVCG_ACC_MKNOD };

#define RULE(allowed, kind, maj, min, acc)                                                                  \
	{                                                                                                   \
		.allow = (allowed), .type = (kind), .major = (maj), .minor = (min), .read = ((acc)&R) != 0, \
		.write = ((acc)&W) != 0, .mknod = ((acc)&M) != 0                                            \
	}

static bool jumps(const struct bpf_insn *insn, uint64_t value)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		return true;
	case BPF_JNE:
		return (uint32_t)value != (uint32_t)insn->imm;
	case BPF_JSET:
		return (uint32_t)value & (uint32_t)insn->imm;
	default:
		fail_msg("jump %#x", insn->code);
		return false;
	}
}

static uint64_t compute(const struct bpf_insn *insn, uint64_t value, uint64_t source)
{
	uint64_t operand = BPF_SRC(insn->code) == BPF_X ? source : (uint64_t)insn->imm;
	switch (BPF_OP(insn->code)) {
	case BPF_MOV:
		return operand;
	case BPF_AND:
		return value & operand;
	case BPF_RSH:
		return value >> operand;
	default:
		fail_msg("operation %#x", insn->code);
		return 0;
	}
}

static bool run_program(const struct device_program *program, char type, uint32_t major, uint32_t minor, int access)
{
	struct bpf_cgroup_dev_ctx context = {
		.access_type = (uint32_t)access << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = major,
		.minor = minor,
	};
	uint64_t registers[11] = { 0 };
	for (size_t pc = 0; pc < program->count; pc++) {
		const struct bpf_insn *insn = &program->instructions[pc];
		uint64_t *destination = &registers[insn->dst_reg];
		uint32_t word;
		switch (BPF_CLASS(insn->code)) {
		case BPF_LDX:
			assert_int_equal(insn->code, BPF_LDX | BPF_MEM | BPF_W);
			assert_int_equal(insn->src_reg, BPF_REG_1);
			memcpy(&word, (const char *)&context + insn->off, sizeof word);
			*destination = word;
			break;
		case BPF_ALU64:
			*destination = compute(insn, *destination, registers[insn->src_reg]);
			break;
		case BPF_JMP:
		case BPF_JMP32:
			if (BPF_OP(insn->code) == BPF_EXIT)
				return registers[0];
			assert_true(insn->off >= 0); /* no loops */
			if (jumps(insn, *destination))
				pc += (size_t)insn->off;
			break;
		default:
			fail_msg("instruction %#x", insn->code);
		}
	}
	fail_msg("the program ends without an exit");
	return false;
}

static void test_device_program_default_list(void **state)
{
	/* What engines send: nothing, any node may be made, some may be used. */
	static const struct spec_device_rule rules[] = {
		RULE(false, 'a', -1, -1, R | W | M),
		RULE(true, 'c', -1, -1, M),
		RULE(true, 'b', -1, -1, M),
		RULE(true, 'c', 1, 3, R | W | M),
		RULE(true, 'c', 136, -1, R | W | M),
		RULE(true, 'c', 5, 1, R),
		RULE(true, 'c', 5, 1, W),
	};
	static const struct {
		char type;
		uint32_t major, minor;
		int access;
		bool allowed;
	} cases[] = {
		{ 'c', 1, 3, R | W, true },  { 'c', 1, 3, M, true },	  { 'c', 1, 5, R, false },
		{ 'c', 1, 5, M, true },	     { 'c', 1, 5, M | R, false }, { 'b', 1, 3, R, false },
		{ 'b', 8, 0, M, true },	     { 'b', 8, 0, R | W, false }, { 'c', 136, 77, R | W, true },
		{ 'c', 137, 77, R, false },  { 'c', 5, 1, R, true },	  { 'c', 5, 1, R | W, true },
		{ 'c', 5, 2, R | W, false },
	};
	_cleanup_device_program_ struct device_program program = { 0 };
	device_program_build(rules, ARRAY_SIZE(rules), &program);
	assert_false(program.allows_all);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(run_program(&program, cases[i].type, cases[i].major, cases[i].minor, cases[i].access),
				 cases[i].allowed);
}

static void test_device_program_order(void **state)
{
	/* The last rule wins, for each kind of access; what none names is allowed. */
	static const struct spec_device_rule rules[] = {
		RULE(true, 'c', 9, 9, R),	    RULE(false, 'c', 9, -1, W | R), RULE(true, 'c', 9, 5, R),
		RULE(false, 'b', 0x7fffffff, 1, W), RULE(true, 'c', 9, 6, 0),
	};
	_cleanup_device_program_ struct device_program program = { 0 };
	device_program_build(rules, ARRAY_SIZE(rules), &program);
	assert_false(program.allows_all);
	assert_false(run_program(&program, 'c', 9, 9, R));
	assert_false(run_program(&program, 'c', 9, 6, R));
	assert_true(run_program(&program, 'c', 9, 9, M));
	assert_true(run_program(&program, 'c', 9, 5, R));
	assert_false(run_program(&program, 'c', 9, 5, W));
	assert_false(run_program(&program, 'c', 9, 5, R | W));
	assert_true(run_program(&program, 'c', 8, 5, R | W | M));
	assert_false(run_program(&program, 'b', 0x7fffffff, 1, W));
	assert_true(run_program(&program, 'b', 0x7fffffff, 2, W));
}

static void test_device_program_allows_all(void **state)
{
	static const struct spec_device_rule last_allows[] = { RULE(false, 'a', -1, -1, R | W | M),
							       RULE(true, 'a', -1, -1, R | W | M),
							       RULE(true, 'c', 1, 1, R) };
	static const struct spec_device_rule last_denies[] = { RULE(true, 'a', -1, -1, R | W | M),
							       RULE(false, 'a', -1, -1, R | W | M) };
	_cleanup_device_program_ struct device_program program = { 0 }, other = { 0 };
	device_program_build(last_allows, ARRAY_SIZE(last_allows), &program);
	assert_true(program.allows_all);
	assert_true(run_program(&program, 'c', 7, 7, R | W | M));
	device_program_build(last_denies, ARRAY_SIZE(last_denies), &other);
	assert_false(other.allows_all);
	assert_false(run_program(&other, 'c', 7, 7, M));
	assert_int_equal(other.count, 6 + 2); /* nothing behind what always decides */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_program_default_list),
		cmocka_unit_test(test_device_program_order),
		cmocka_unit_test(test_device_program_allows_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
