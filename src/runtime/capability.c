/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capability.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

/* Of these no hole: capability_names() ends at the first NULL. */
static const char *const NAMES[] = {
	[CAP_CHOWN] = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER] = "CAP_FOWNER",
	[CAP_FSETID] = "CAP_FSETID",
	[CAP_KILL] = "CAP_KILL",
	[CAP_SETGID] = "CAP_SETGID",
	[CAP_SETUID] = "CAP_SETUID",
	[CAP_SETPCAP] = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN] = "CAP_NET_ADMIN",
	[CAP_NET_RAW] = "CAP_NET_RAW",
	[CAP_IPC_LOCK] = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER] = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE] = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT] = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT] = "CAP_SYS_BOOT",
	[CAP_SYS_NICE] = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME] = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD] = "CAP_MKNOD",
	[CAP_LEASE] = "CAP_LEASE",
	[CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP] = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
	[CAP_SYSLOG] = "CAP_SYSLOG",
	[CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "CAP_AUDIT_READ",
	[CAP_PERFMON] = "CAP_PERFMON",
	[CAP_BPF] = "CAP_BPF",
	[CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
	NULL,
};

enum {
	NAME_COUNT = ARRAY_SIZE(NAMES) - 1,
	HIGHEST_POSSIBLE = 63, /* the sets are 64 bits wide */
};

/* --- names --- */

const char *const *capability_names(void)
{
	return NAMES;
}

const char *capability_name(int capability)
{
	return capability >= 0 && capability < NAME_COUNT ? NAMES[capability] : NULL;
}

/* "net_admin" to "CAP_NET_ADMIN". free() it. */
static char *full_name(const char *name)
{
	bool prefixed = strncasecmp(name, "CAP_", 4) == 0;
	char *full = mem_printf("%s%s", prefixed ? "" : "CAP_", name);
	for (char *c = full; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return full;
}

int capability_from_name(const char *name, struct error *err)
{
	_cleanup_free_ char *full = full_name(name);
	for (int capability = 0; capability < NAME_COUNT; capability++)
		if (streq(NAMES[capability], full))
			return capability;
	int r = err_set(err, ERR_SEC_CAP, "unknown capability '%s'", name);
	const char *nearest = str_nearest(full, NAMES);
	if (nearest)
		(void)err_hint(err, "did you mean %s?", nearest);
	return r;
}

/* --- what the kernel has, and what we have --- */

static bool in_bounding_set(int capability)
{
	return prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1;
}

/* Without procfs the kernel itself says where they end: EINVAL for the first that it does not know. -1: it is silent. */
static int probe_last(void)
{
	int last = -1;
	while (last < HIGHEST_POSSIBLE && prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
		last++;
	return last;
}

static int last_capability(void)
{
	static int last = -1;
	if (last >= 0)
		return last;
	char text[16];
	uint64_t number;
	if (file_read_line(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", text, sizeof text) > 0 &&
	    parse_u64(text, HIGHEST_POSSIBLE, &number, NULL) >= 0)
		last = (int)number;
	else
		last = MAX(probe_last(), CAP_LAST_CAP);
	return last;
}

uint64_t capability_all(void)
{
	return UINT64_MAX >> (HIGHEST_POSSIBLE - last_capability());
}

uint64_t capability_bounding(void)
{
	uint64_t set = 0;
	for (int capability = 0; capability <= last_capability(); capability++)
		if (in_bounding_set(capability))
			set |= capability_bit(capability);
	return set;
}

/* The kernel's three sets; each 64-bit set is two halves there, the low one first. */
struct process_sets {
	uint64_t effective, permitted, inheritable;
};

static int get_sets(struct process_sets *ret, struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct halves[_LINUX_CAPABILITY_U32S_3] = { 0 };
	if (syscall(SYS_capget, &header, halves) < 0)
		return err_sys_code(err, ERR_SEC_CAP, errno, "read our capabilities");
	*ret = (struct process_sets){
		.effective = halves[0].effective | (uint64_t)halves[1].effective << 32,
		.permitted = halves[0].permitted | (uint64_t)halves[1].permitted << 32,
		.inheritable = halves[0].inheritable | (uint64_t)halves[1].inheritable << 32,
	};
	return 0;
}

static int set_sets(const struct process_sets *sets, struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct halves[_LINUX_CAPABILITY_U32S_3];
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		halves[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(sets->effective >> (32 * i)),
			.permitted = (uint32_t)(sets->permitted >> (32 * i)),
			.inheritable = (uint32_t)(sets->inheritable >> (32 * i)),
		};
	if (syscall(SYS_capset, &header, halves) < 0)
		return err_sys_code(err, ERR_SEC_CAP, errno, "set the capabilities");
	return 0;
}

/* --- becoming what is wanted --- */

static void warn_of_missing(uint64_t missing)
{
	if (!missing)
		return;
	_cleanup_str_ struct str names = { 0 };
	for (int capability = 0; capability <= HIGHEST_POSSIBLE; capability++) {
		if (!(missing & capability_bit(capability)))
			continue;
		str_append(&names, names.len ? ", " : "");
		if (capability_name(capability))
			str_append(&names, capability_name(capability));
		else
			str_appendf(&names, "%d", capability);
	}
	log_warn("capabilities that are not ours to give are left out: %s", str_text(&names));
}

/* Dropping what has been dropped before is refused to those without CAP_SETPCAP, but is no failure. */
static int drop_from_bounding(int capability, struct error *err)
{
	if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
		return 0;
	int error = errno;
	if (!in_bounding_set(capability))
		return 0;
	const char *name = capability_name(capability);
	return err_sys_code(err, ERR_SEC_CAP, error, "drop %s (%d) from the bounding set", name ? name : "a capability",
			    capability);
}

/* What is wanted here and is not in our bounding set needs no word: it is not in our permitted set either. */
int capability_drop_bounding(const struct spec_capabilities *wanted, struct error *err)
{
	for (int capability = 0; capability <= last_capability(); capability++) {
		if (wanted->bounding & capability_bit(capability))
			continue;
		int r = drop_from_bounding(capability, err);
		if (r < 0)
			return r;
	}
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys_code(err, ERR_SEC_CAP, errno, "keep capabilities over the change of user");
	return 0;
}

static int set_ambient(uint64_t ambient, struct error *err)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys_code(err, ERR_SEC_CAP, errno, "clear the ambient capabilities");
	for (int capability = 0; capability <= HIGHEST_POSSIBLE; capability++) {
		if (!(ambient & capability_bit(capability)))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return err_sys_code(err, ERR_SEC_CAP, errno, "make capability %d ambient", capability);
	}
	return 0;
}

/*
 * The largest subset of @wanted that the kernel lets a process with the sets @have take without CAP_SETPCAP, which a
 * former root has no longer in its effective set (capabilities(7), "Programmatically adjusting capability sets").
 */
static struct spec_capabilities what_can_be_had(const struct spec_capabilities *wanted, const struct process_sets *have)
{
	struct spec_capabilities can = { .permitted = wanted->permitted & have->permitted };
	can.effective = wanted->effective & can.permitted;
	if (wanted->inheritable)
		can.inheritable = wanted->inheritable & (have->inheritable | (have->permitted & capability_bounding()));
	can.ambient = wanted->ambient & can.permitted & can.inheritable;
	return can;
}

int capability_apply(const struct spec_capabilities *wanted, struct error *err)
{
	struct process_sets have = { 0 };
	int r = get_sets(&have, err);
	if (r < 0)
		return r;
	struct spec_capabilities can = what_can_be_had(wanted, &have);
	struct process_sets next = { .effective = can.effective,
				     .permitted = can.permitted,
				     .inheritable = can.inheritable };
	r = set_sets(&next, err);
	if (r < 0)
		return r;
	r = set_ambient(can.ambient, err);
	if (r < 0)
		return r;
	/* Ambient ones that are not inheritable are in many a config.json, and mean nothing: no runtime speaks of them. */
	warn_of_missing((wanted->permitted & ~can.permitted) | (wanted->effective & ~can.effective) |
			(wanted->inheritable & ~can.inheritable));
	return 0;
}
