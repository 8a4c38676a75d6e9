/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/capability-default.h"

#include <linux/capability.h>
#include <strings.h>

#include "base/util.h"
#include "runtime/capability.h"

static const int DEFAULTS[] = {
	CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FSETID,  CAP_FOWNER,		 CAP_MKNOD,	 CAP_NET_RAW,	  CAP_SETGID,
	CAP_SETUID, CAP_SETFCAP,      CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_AUDIT_WRITE, CAP_KILL,
};

uint64_t capability_default(void)
{
	uint64_t set = 0;
	for (size_t i = 0; i < ARRAY_SIZE(DEFAULTS); i++)
		set |= capability_bit(DEFAULTS[i]);
	return set;
}

/* One list of the command line. */
struct wish {
	uint64_t set;
	bool all;
};

static int parse_wish(char *const *names, struct wish *ret, struct error *err)
{
	for (; names && *names; names++) {
		if (strcasecmp(*names, "ALL") == 0) {
			ret->all = true;
			continue;
		}
		int capability = capability_from_name(*names, err);
		if (capability < 0)
			return capability;
		ret->set |= capability_bit(capability);
	}
	return 0;
}

int capability_set_resolve(char *const *add, char *const *drop, bool privileged, uint64_t *ret, struct error *err)
{
	struct wish added = { 0 }, dropped = { 0 };
	int r = parse_wish(add, &added, err);
	if (r < 0)
		return r;
	r = parse_wish(drop, &dropped, err);
	if (r < 0)
		return r;
	if (privileged)
		*ret = capability_bounding();
	else if (added.all)
		*ret = capability_bounding() & ~dropped.set;
	else if (dropped.all)
		*ret = added.set;
	else
		*ret = (capability_default() & ~dropped.set) | added.set;
	return 0;
}
