/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/execution.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "base/util.h"

enum { WEIGHTED_INTERLEAVE = 6 }; /* MPOL_WEIGHTED_INTERLEAVE, Linux 6.9 */

static const char *const MODE_NAMES[] = {
	"MPOL_DEFAULT",	  "MPOL_BIND",		 "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
	"MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL",	    NULL,
};

static const int MODES[] = {
	MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, WEIGHTED_INTERLEAVE, MPOL_PREFERRED, MPOL_PREFERRED_MANY, MPOL_LOCAL,
};
static_assert(ARRAY_SIZE(MODE_NAMES) == ARRAY_SIZE(MODES) + 1, "a mode for every name");

static const char *const FLAG_NAMES[] = {
	"MPOL_F_NUMA_BALANCING",
	"MPOL_F_RELATIVE_NODES",
	"MPOL_F_STATIC_NODES",
	NULL,
};

static const unsigned FLAGS[] = { MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES };
static_assert(ARRAY_SIZE(FLAG_NAMES) == ARRAY_SIZE(FLAGS) + 1, "a flag for every name");

static int find(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++)
		if (streq(names[i], name))
			return i;
	return -1;
}

bool personality_from_name(const char *name, unsigned long *ret)
{
	bool known = streq(name, "LINUX") || streq(name, "LINUX32");
	if (known)
		*ret = streq(name, "LINUX") ? PER_LINUX : PER_LINUX32;
	return known;
}

bool memory_policy_mode_from_name(const char *name, int *ret)
{
	int i = find(MODE_NAMES, name);
	if (i >= 0)
		*ret = MODES[i];
	return i >= 0;
}

bool memory_policy_flag_from_name(const char *name, unsigned *ret)
{
	int i = find(FLAG_NAMES, name);
	if (i >= 0)
		*ret = FLAGS[i];
	return i >= 0;
}

const char *const *memory_policy_mode_names(void)
{
	return MODE_NAMES;
}

const char *const *memory_policy_flag_names(void)
{
	return FLAG_NAMES;
}

bool memory_policy_takes_nodes(int mode)
{
	return mode != MPOL_DEFAULT && mode != MPOL_LOCAL;
}

bool memory_policy_needs_nodes(int mode)
{
	return memory_policy_takes_nodes(mode) && mode != MPOL_PREFERRED;
}

static const char *mode_name(int mode)
{
	size_t i = 0;
	while (i + 1 < ARRAY_SIZE(MODES) && MODES[i] != mode)
		i++;
	return MODE_NAMES[i];
}

static int policy_failed(const struct spec_memory_policy *policy, int error, struct error *err)
{
	const char *mode = mode_name(policy->mode);
	if (error == ENOSYS)
		return err_set(err, ERR_UNSUPPORTED, "this kernel has no memory policies, %s would not be applied",
			       mode);
	int r = err_sys(err, error, "set the memory policy %s", mode);
	if (error == EINVAL)
		err_cause(err, "this kernel does not know the mode or a flag, or the container has none of the nodes");
	return r;
}

static int set_policy(const struct spec_memory_policy *policy, struct error *err)
{
	const struct number_set *nodes = policy->nodes;
	unsigned long mode = (unsigned long)policy->mode | policy->flags;
	/* The kernel takes one bit less than it is told of. */
	if (syscall(SYS_set_mempolicy, mode, nodes, nodes ? NUMBER_SET_MAX + 1UL : 0UL) < 0)
		return policy_failed(policy, errno, err);
	return 0;
}

int execution_apply(const struct spec *spec, struct error *err)
{
	int r = spec->memory_policy ? set_policy(spec->memory_policy, err) : 0;
	if (r == 0 && spec->personality && personality(*spec->personality) < 0)
		return err_sys(err, errno, "set the personality");
	return r;
}
