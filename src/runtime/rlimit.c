/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/rlimit.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/capability.h"

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

static int get_current(int resource, struct rlimit *ret)
{
	return getrlimit((__rlimit_resource_t)resource, ret) < 0 ? -errno : 0;
}

bool rlimit_can_be(const struct spec_rlimit *limit)
{
	enum { CAP_SYS_RESOURCE_ = 24 };
	struct rlimit current;
	return get_current(limit->resource, &current) == 0 &&
	       (limit->hard <= current.rlim_max || (capability_bounding() & capability_bit(CAP_SYS_RESOURCE_)));
}

static int set_what_is_permitted(const struct spec_rlimit *wanted)
{
	struct rlimit current;
	int r = get_current(wanted->resource, &current);
	if (r < 0)
		return r;
	struct rlimit limit = { .rlim_cur = MIN((rlim_t)wanted->soft, current.rlim_max),
				.rlim_max = MIN((rlim_t)wanted->hard, current.rlim_max) };
	log_debug("raising %s to %llu is not permitted, it stays %llu", rlimit_name(wanted->resource),
		  (unsigned long long)wanted->hard, (unsigned long long)current.rlim_max);
	return setrlimit((__rlimit_resource_t)wanted->resource, &limit) < 0 ? -errno : 0;
}

int rlimit_apply(const struct spec_rlimit *limits, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct rlimit limit = { .rlim_cur = limits[i].soft, .rlim_max = limits[i].hard };
		if (setrlimit((__rlimit_resource_t)limits[i].resource, &limit) == 0)
			continue;
		int r = errno == EPERM ? set_what_is_permitted(&limits[i]) : -errno;
		if (r < 0)
			return err_sys(err, -r, "set %s to %llu:%llu", rlimit_name(limits[i].resource),
				       (unsigned long long)limits[i].soft, (unsigned long long)limits[i].hard);
	}
	return 0;
}
