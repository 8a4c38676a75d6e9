/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp-words.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "base/str.h"
#include "base/util.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

/*
 * Each vocabulary is a list of words and, at the same index, what they mean.
 */

static const char *const ACTION_WORDS[] = {
	"SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",   "SCMP_ACT_ERRNO",
	"SCMP_ACT_TRACE", "SCMP_ACT_ALLOW",	   "SCMP_ACT_LOG",	   "SCMP_ACT_NOTIFY", NULL,
};

static const struct {
	uint32_t action;
	uint32_t value_max; /* 0: it takes none */
} ACTIONS[] = {
	{ SCMP_ACT_KILL, 0 },
	{ SCMP_ACT_KILL_PROCESS, 0 },
	{ SCMP_ACT_KILL_THREAD, 0 },
	{ SCMP_ACT_TRAP, 0 },
	{ SCMP_ACT_ERRNO(0), 4094 },  /* libseccomp takes less than the kernel's MAX_ERRNO */
	{ SCMP_ACT_TRACE(0), 65535 }, /* what the tracer reads as PTRACE_GETEVENTMSG */
	{ SCMP_ACT_ALLOW, 0 },
	{ SCMP_ACT_LOG, 0 },
	{ SCMP_ACT_NOTIFY, 0 },
};
static_assert(ARRAY_SIZE(ACTION_WORDS) == ARRAY_SIZE(ACTIONS) + 1, "a meaning for every word");

static const char *const OPERATOR_WORDS[] = {
	"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",	    "SCMP_CMP_EQ",
	"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL,
};

static const enum scmp_compare OPERATORS[] = {
	SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ,
};
static_assert(ARRAY_SIZE(OPERATOR_WORDS) == ARRAY_SIZE(OPERATORS) + 1, "a meaning for every word");

static const char *const ARCHITECTURE_WORDS[] = {
	"SCMP_ARCH_X86",
	"SCMP_ARCH_X86_64",
	"SCMP_ARCH_X32",
	"SCMP_ARCH_ARM",
	"SCMP_ARCH_AARCH64",
	"SCMP_ARCH_LOONGARCH64",
	"SCMP_ARCH_M68K",
	"SCMP_ARCH_MIPS",
	"SCMP_ARCH_MIPS64",
	"SCMP_ARCH_MIPS64N32",
	"SCMP_ARCH_MIPSEL",
	"SCMP_ARCH_MIPSEL64",
	"SCMP_ARCH_MIPSEL64N32",
	"SCMP_ARCH_PARISC",
	"SCMP_ARCH_PARISC64",
	"SCMP_ARCH_PPC",
	"SCMP_ARCH_PPC64",
	"SCMP_ARCH_PPC64LE",
	"SCMP_ARCH_RISCV64",
	"SCMP_ARCH_S390",
	"SCMP_ARCH_S390X",
	"SCMP_ARCH_SH",
	"SCMP_ARCH_SHEB",
	NULL,
};

/* Those of the table above that the kernels which we support run, by the machine that they run on. */
static const struct {
	const char *word;
	uint32_t token, machine;
} ARCHITECTURES[] = {
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, SCMP_ARCH_X86_64 },
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86, SCMP_ARCH_X86_64 },
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32, SCMP_ARCH_X86_64 },
	{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, SCMP_ARCH_AARCH64 },
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM, SCMP_ARCH_AARCH64 },
};

static const char *const FLAG_WORDS[] = {
	"SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	NULL,
};

static const unsigned FLAGS[] = {
	SECCOMP_FILTER_FLAG_TSYNC,
	SECCOMP_FILTER_FLAG_LOG,
	SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
};
static_assert(ARRAY_SIZE(FLAG_WORDS) == ARRAY_SIZE(FLAGS) + 1, "a meaning for every word");

const char *const *seccomp_action_words(void)
{
	return ACTION_WORDS;
}

const char *const *seccomp_operator_words(void)
{
	return OPERATOR_WORDS;
}

const char *const *seccomp_architecture_words(void)
{
	return ARCHITECTURE_WORDS;
}

const char *const *seccomp_flag_words(void)
{
	return FLAG_WORDS;
}

/* The index of @word in @words, or an error that names @what it should be. */
static int look_up(const char *word, const char *const *words, const char *what, const char *where, struct error *err)
{
	for (int i = 0; words[i]; i++)
		if (streq(words[i], word))
			return i;
	int r = err_set(err, ERR_SEC_SECCOMP, "%s: unknown %s '%s'", where, what, word);
	const char *nearest = str_nearest(word, words);
	if (nearest)
		(void)err_hint(err, "did you mean %s?", nearest);
	return r;
}

int seccomp_action_from_word(const char *word, const struct optional_u64 *errno_ret, const char *where, uint32_t *ret,
			     struct error *err)
{
	int i = look_up(word, ACTION_WORDS, "action", where, err);
	if (i < 0)
		return i;
	if (errno_ret->set && ACTIONS[i].value_max == 0)
		return err_set(err, ERR_SEC_SECCOMP, "%s: '%s' takes no errno value", where, word);
	if (errno_ret->set && errno_ret->value > ACTIONS[i].value_max)
		return err_set(err, ERR_SEC_SECCOMP, "%s: the errno value of '%s' is above %u", where, word,
			       ACTIONS[i].value_max);
	uint32_t value = errno_ret->set ? (uint32_t)errno_ret->value : EPERM;
	*ret = ACTIONS[i].action | (ACTIONS[i].value_max ? value : 0);
	return 0;
}

bool seccomp_action_permits(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_TRACE:
		return true;
	default:
		return false;
	}
}

int seccomp_operator_from_word(const char *word, const char *where, struct error *err)
{
	int i = look_up(word, OPERATOR_WORDS, "operator", where, err);
	return i < 0 ? i : (int)OPERATORS[i];
}

int seccomp_architecture_from_word(const char *word, const char *where, uint32_t *ret, struct error *err)
{
	int r = look_up(word, ARCHITECTURE_WORDS, "architecture", where, err);
	if (r < 0)
		return r;
	*ret = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ARCHITECTURES); i++)
		if (streq(ARCHITECTURES[i].word, word) && ARCHITECTURES[i].machine == seccomp_arch_native())
			*ret = ARCHITECTURES[i].token;
	return 0;
}

int seccomp_flag_from_word(const char *word, const char *where, unsigned *ret, struct error *err)
{
	int i = look_up(word, FLAG_WORDS, "flag", where, err);
	if (i < 0)
		return i;
	*ret = FLAGS[i];
	return 0;
}

bool seccomp_knows_syscall(const char *name)
{
	return seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR;
}

const char *seccomp_native_architecture(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ARCHITECTURES); i++)
		if (ARCHITECTURES[i].token == seccomp_arch_native())
			return ARCHITECTURES[i].word;
	return NULL;
}
