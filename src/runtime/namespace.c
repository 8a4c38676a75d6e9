/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>

#include "runtime/spec.h"

/* Source: config-linux.md, "Namespaces"; namespaces(7). */
static const struct {
	const char *spec_name, *proc_name;
	int flag;
} NAMESPACES[NAMESPACE_COUNT] = {
	[NAMESPACE_USER] = { "user", "user", CLONE_NEWUSER },
	[NAMESPACE_MOUNT] = { "mount", "mnt", CLONE_NEWNS },
	[NAMESPACE_PID] = { "pid", "pid", CLONE_NEWPID },
	[NAMESPACE_NETWORK] = { "network", "net", CLONE_NEWNET },
	[NAMESPACE_UTS] = { "uts", "uts", CLONE_NEWUTS },
	[NAMESPACE_IPC] = { "ipc", "ipc", CLONE_NEWIPC },
	[NAMESPACE_CGROUP] = { "cgroup", "cgroup", CLONE_NEWCGROUP },
	[NAMESPACE_TIME] = { "time", "time", 0x00000080 /* CLONE_NEWTIME */ },
};

const char *namespace_spec_name(enum namespace_type type)
{
	return NAMESPACES[type].spec_name;
}

const char *namespace_proc_name(enum namespace_type type)
{
	return NAMESPACES[type].proc_name;
}

int namespace_clone_flag(enum namespace_type type)
{
	return NAMESPACES[type].flag;
}
