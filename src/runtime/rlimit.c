/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/rlimit.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/str.h"
#include "base/util.h"

/* By the kernel's numbers, which have no hole. */
static const char *const NAMES[] = {
	[RLIMIT_CPU] = "RLIMIT_CPU",		 [RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_DATA] = "RLIMIT_DATA",		 [RLIMIT_STACK] = "RLIMIT_STACK",
	[RLIMIT_CORE] = "RLIMIT_CORE",		 [RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",	 [RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",	 [RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",	 [RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",	 [RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",	 [RLIMIT_RTTIME] = "RLIMIT_RTTIME",
	NULL,
};

enum { NAME_COUNT = ARRAY_SIZE(NAMES) - 1 };

int rlimit_from_name(const char *name, struct error *err)
{
	char full[32] = "RLIMIT_";
	size_t len = str_starts_with(name, full) ? 0 : strlen(full);
	str_copy(full + len, sizeof full - len, name);
	for (char *c = full; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	for (int resource = 0; resource < NAME_COUNT; resource++)
		if (streq(NAMES[resource], full))
			return resource;
	int r = err_set(err, ERR_INVALID, "unknown resource limit \"%s\"", name);
	const char *nearest = str_nearest(full, NAMES);
	if (nearest)
		err_hint(err, "did you mean %s?", nearest);
	return r;
}

const char *rlimit_name(int resource)
{
	return resource >= 0 && resource < NAME_COUNT ? NAMES[resource] : NULL;
}

static int set_failed(const struct spec_rlimit *limit, int error, struct error *err)
{
	int r = err_sys(err, error, "set %s to %llu:%llu", rlimit_name(limit->resource), (unsigned long long)limit->soft,
			(unsigned long long)limit->hard);
	struct rlimit current;
	if (error == EPERM && getrlimit((__rlimit_resource_t)limit->resource, &current) == 0)
		err_cause(err, "the hard limit in force is %llu, and raising it needs CAP_SYS_RESOURCE",
			  (unsigned long long)current.rlim_max);
	return r;
}

int rlimit_raise(pid_t pid, const struct spec_rlimit *limits, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		__rlimit_resource_t resource = (__rlimit_resource_t)limits[i].resource;
		struct rlimit limit;
		if (prlimit(pid, resource, NULL, &limit) < 0)
			return set_failed(&limits[i], errno, err);
		if (limits[i].hard <= limit.rlim_max)
			continue;
		limit.rlim_max = limits[i].hard;
		if (prlimit(pid, resource, &limit, NULL) < 0)
			return set_failed(&limits[i], errno, err);
	}
	return 0;
}

int rlimit_apply(const struct spec_rlimit *limits, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct rlimit limit = { .rlim_cur = limits[i].soft, .rlim_max = limits[i].hard };
		if (setrlimit((__rlimit_resource_t)limits[i].resource, &limit) < 0)
			return set_failed(&limits[i], errno, err);
	}
	return 0;
}
