/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a profile to a program, by libseccomp.
 *
 * The machine's own architecture is always filtered; the profile lists others in addition. System calls of an
 * architecture that is not listed kill the thread: libseccomp's default for them, which runc keeps.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/util.h"
#include "runtime/seccomp-program.h"
#include "runtime/seccomp-words.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* Linux 6.3 */
#endif

enum {
	ARGUMENT_COUNT = 6, /* of a system call */
	ARCHITECTURES_MAX = 4,
	TREE_THRESHOLD = 32, /* system calls; below it a list does as well */
};

/* What is being built. */
struct compiler {
	const struct spec_seccomp *profile;
	scmp_filter_ctx filter;
	uint32_t default_action;
	uint32_t architectures[ARCHITECTURES_MAX];
	size_t n_architectures;
	size_t n_named;
	struct str unknown;    /* system calls that libseccomp does not know ... */
	struct str unfiltered; /* ... and those of them that were to be denied */
};

static void compiler_done(struct compiler *compiler)
{
	seccomp_release(compiler->filter);
	str_done(&compiler->unknown);
	str_done(&compiler->unfiltered);
}

/* A JSON pointer into the profile, for messages. */
struct place {
	char text[64];
};

static struct place place(const char *list, size_t index)
{
	struct place out;
	snprintf(out.text, sizeof out.text, "/linux/seccomp/%s/%zu", list, index);
	return out;
}

void bpf_program_done(struct bpf_program *program)
{
	free(program->instructions);
	*program = (struct bpf_program){ 0 };
}

static int failed(const char *what, int r, struct error *err)
{
	return err_sys_code(err, ERR_SEC_SECCOMP, -r, "compile the seccomp profile: %s", what);
}

/* --- architectures --- */

static bool is_listed(const struct compiler *compiler, uint32_t token)
{
	for (size_t i = 0; i < compiler->n_architectures; i++)
		if (compiler->architectures[i] == token)
			return true;
	return false;
}

static int add_architecture(struct compiler *compiler, uint32_t token, struct error *err)
{
	if (token == 0 || is_listed(compiler, token))
		return 0;
	int r = token == seccomp_arch_native() ? 0 : seccomp_arch_add(compiler->filter, token);
	if (r < 0)
		return failed("add an architecture", r, err);
	compiler->architectures[compiler->n_architectures++] = token;
	return 0;
}

static int add_architectures(struct compiler *compiler, struct error *err)
{
	int r = add_architecture(compiler, seccomp_arch_native(), err);
	char **words = compiler->profile->architectures;
	for (size_t i = 0; r >= 0 && words && words[i]; i++) {
		uint32_t token;
		r = seccomp_architecture_from_word(words[i], place("architectures", i).text, &token, err);
		if (r >= 0)
			r = add_architecture(compiler, token, err);
	}
	return r;
}

/* --- rules --- */

/* A rule's conditions in libseccomp's form. */
struct conditions {
	struct scmp_arg_cmp *items;
	size_t count;
	bool one_by_one;
};

static void conditions_done(struct conditions *conditions)
{
	free(conditions->items);
}

/*
 * libseccomp can compare an argument only once in a rule. A rule with more than one condition on the same argument is
 * therefore taken as a rule for each of its conditions: any of them suffices, where else all are needed. The
 * specification is silent; this is what runc and crun do, and what profiles are written for.
 */
static int translate_conditions(const struct spec_seccomp_rule *rule, const char *where, struct conditions *ret,
				struct error *err)
{
	unsigned seen = 0;
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct spec_seccomp_arg *arg = &rule->args[i];
		if (arg->index >= ARGUMENT_COUNT)
			return err_set(err, ERR_SEC_SECCOMP, "%s: a system call has no argument %u", where, arg->index);
		int op = seccomp_operator_from_word(arg->op, where, err);
		if (op < 0)
			return op;
		*ARRAY_APPEND(ret->items, ret->count) = (struct scmp_arg_cmp){
			.arg = arg->index, .op = (enum scmp_compare)op, .datum_a = arg->value, .datum_b = arg->value_two
		};
		ret->one_by_one |= (seen & 1u << arg->index) != 0;
		seen |= 1u << arg->index;
	}
	return 0;
}

static int add_call(struct compiler *compiler, int number, uint32_t action, const struct conditions *conditions)
{
	if (!conditions->one_by_one)
		return seccomp_rule_add_array(compiler->filter, action, number, (unsigned)conditions->count,
					      conditions->items);
	int r = 0;
	for (size_t i = 0; r == 0 && i < conditions->count; i++)
		r = seccomp_rule_add_array(compiler->filter, action, number, 1, &conditions->items[i]);
	return r;
}

static void note_unknown(struct compiler *compiler, const char *name, uint32_t action)
{
	bool open = seccomp_action_permits(compiler->default_action) && !seccomp_action_permits(action);
	struct str *list = open ? &compiler->unfiltered : &compiler->unknown;
	str_appendf(list, " %s", name);
}

static int add_names(struct compiler *compiler, const struct spec_seccomp_rule *rule, uint32_t action,
		     const struct conditions *conditions, const char *where, struct error *err)
{
	for (char **name = rule->names; name && *name; name++) {
		int number = seccomp_syscall_resolve_name(*name);
		if (number == __NR_SCMP_ERROR) {
			note_unknown(compiler, *name, action);
			continue;
		}
		int r = add_call(compiler, number, action, conditions);
		if (r < 0)
			return err_sys_code(err, ERR_SEC_SECCOMP, -r, "%s: add a rule for system call '%s'", where,
					    *name);
		compiler->n_named++;
	}
	return 0;
}

static int add_rule(struct compiler *compiler, size_t index, struct error *err)
{
	const struct spec_seccomp_rule *rule = &compiler->profile->rules[index];
	_cleanup_(conditions_done) struct conditions conditions = { 0 };
	struct place where = place("syscalls", index);
	uint32_t action;
	int r = seccomp_action_from_word(rule->action, &rule->errno_ret, where.text, &action, err);
	if (r < 0)
		return r;
	r = translate_conditions(rule, where.text, &conditions, err);
	if (r < 0)
		return r;
	/* It changes nothing, and libseccomp refuses it. */
	if (action == compiler->default_action)
		return 0;
	return add_names(compiler, rule, action, &conditions, where.text, err);
}

static int add_rules(struct compiler *compiler, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < compiler->profile->n_rules; i++)
		r = add_rule(compiler, i, err);
	if (compiler->unknown.len)
		log_debug("seccomp: system calls that are not known here, left out:%s", compiler->unknown.data);
	if (compiler->unfiltered.len)
		log_warn("seccomp: system calls that are not known here, and so are not denied:%s",
			 compiler->unfiltered.data);
	return r;
}

/* --- the program --- */

static int make_memory_file(void)
{
	/* vm.memfd_noexec=2 demands the flag, kernels before 6.3 do not know it. */
	int fd = memfd_create("seccomp", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	return fd >= 0 ? fd : memfd_create("seccomp", MFD_CLOEXEC);
}

/* Append the @size bytes of @fd to the program. */
static int append_instructions(int fd, size_t size, struct bpf_program *program, struct error *err)
{
	size_t count = size / sizeof(struct sock_filter);
	if (program->count + count > BPF_MAXINSNS)
		return err_set(err, ERR_SEC_SECCOMP, "the seccomp profile needs %zu instructions, the kernel takes %d",
			       program->count + count, BPF_MAXINSNS);
	program->instructions =
		mem_realloc(program->instructions, program->count + count, sizeof *program->instructions);
	ssize_t n = pread(fd, program->instructions + program->count, size, 0);
	if (n != (ssize_t)size)
		return failed("read the program", n < 0 ? -errno : -EIO, err);
	program->count += count;
	return 0;
}

/* libseccomp before 2.6 can write a program to a file only. */
static int append_exported(scmp_filter_ctx filter, struct bpf_program *program, struct error *err)
{
	_cleanup_close_ int fd = make_memory_file();
	struct stat st;
	if (fd < 0)
		return failed("make a file in memory", -errno, err);
	int r = seccomp_export_bpf(filter, fd);
	if (r < 0)
		return failed("generate the program", r, err);
	if (fstat(fd, &st) < 0)
		return failed("find the program's size", -errno, err);
	return append_instructions(fd, (size_t)st.st_size, program, err);
}

static int generate(struct compiler *compiler, struct bpf_program *ret, struct error *err)
{
	_cleanup_bpf_program_ struct bpf_program program = { 0 };
	/*
	 * A search tree: for a profile of Docker's size a call that the filter has to look at costs half as much, and so
	 * does installing it, for which the kernel tries every number. An empty tree would lose the default action
	 * (libseccomp before 2.5.4).
	 */
	if (compiler->n_named > TREE_THRESHOLD)
		(void)seccomp_attr_set(compiler->filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!seccomp_action_permits(compiler->default_action) && compiler->default_action != SCMP_ACT_ERRNO(ENOSYS))
		seccomp_append_enosys(compiler->profile, compiler->architectures, compiler->n_architectures, &program);
	int r = append_exported(compiler->filter, &program, err);
	if (r < 0)
		return r;
	*ret = program;
	program = (struct bpf_program){ 0 };
	return 0;
}

int seccomp_compile(const struct spec_seccomp *profile, struct bpf_program *ret, struct error *err)
{
	_cleanup_(compiler_done) struct compiler compiler = { .profile = profile };
	int r = seccomp_action_from_word(profile->default_action, &profile->default_errno_ret,
					 "/linux/seccomp/defaultAction", &compiler.default_action, err);
	if (r < 0)
		return r;
	compiler.filter = seccomp_init(compiler.default_action);
	if (!compiler.filter)
		return failed("begin a filter", -EINVAL, err);
	r = add_architectures(&compiler, err);
	if (r < 0)
		return r;
	r = add_rules(&compiler, err);
	return r < 0 ? r : generate(&compiler, ret, err);
}
