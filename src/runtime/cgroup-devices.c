/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.devices: v1's own controller where it is mounted, else a program on the v2 cgroup.
 * Sources: config-linux.md, "Allowed Device list"; Documentation/admin-guide/cgroup-v1/devices.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "runtime/cgroup-internal.h"
#include "runtime/device-policy.h"

static bool is_for_all(const struct spec_device_rule *rule)
{
	return rule->type == 'a' && rule->major < 0 && rule->minor < 0 && rule->read && rule->write && rule->mknod;
}

static bool is_empty(const struct spec_device_rule *rule)
{
	return !rule->read && !rule->write && !rule->mknod;
}

/* --- v1 --- */

static bool may_equal(int64_t a, int64_t b)
{
	return a < 0 || b < 0 || a == b;
}

static bool overlap(const struct spec_device_rule *a, const struct spec_device_rule *b)
{
	bool types = a->type == 'a' || b->type == 'a' || a->type == b->type;
	bool accesses = (a->read && b->read) || (a->write && b->write) || (a->mknod && b->mknod);
	return types && accesses && may_equal(a->major, b->major) && may_equal(a->minor, b->minor);
}

static bool same_devices(const struct spec_device_rule *a, const struct spec_device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

/*
 * v1 keeps a default and a list of exceptions from it. A rule that goes back to the default takes out an exception for
 * the very same devices, but has no effect on a wider one: such a list would give other rights than it says.
 */
static int check_v1(const struct spec_device_rule *rules, size_t count, struct error *err)
{
	bool allowed = true; /* the default */
	size_t since = 0;    /* where the exceptions begin */
	for (size_t i = 0; i < count; i++) {
		if (is_for_all(&rules[i])) {
			allowed = rules[i].allow;
			since = i + 1;
			continue;
		}
		for (size_t k = since; k < i && rules[i].allow == allowed; k++)
			if (rules[k].allow != allowed && overlap(&rules[i], &rules[k]) &&
			    !same_devices(&rules[i], &rules[k]))
				return err_set(err, ERR_UNSUPPORTED,
					       "device rule %zu takes back a part of rule %zu, "
					       "which cgroup v1 cannot do",
					       i, k);
	}
	return 0;
}

static void append_number(struct str *text, int64_t number)
{
	if (number < 0)
		str_append_char(text, '*');
	else
		str_appendf(text, "%" PRId64, number);
}

/* "c 1:3 rwm" */
static void format_rule(const struct spec_device_rule *rule, char type, struct str *ret)
{
	str_truncate(ret, 0);
	str_appendf(ret, "%c ", type);
	append_number(ret, rule->major);
	str_append_char(ret, ':');
	append_number(ret, rule->minor);
	str_appendf(ret, " %s%s%s", rule->read ? "r" : "", rule->write ? "w" : "", rule->mknod ? "m" : "");
}

struct files {
	const struct cgroup_tree *tree;
	int fds[2]; /* devices.deny, devices.allow */
};

static const char *const FILES[] = { "devices.deny", "devices.allow" };

static int write_text(const struct files *files, bool allow, const char *text, struct error *err)
{
	if (write(files->fds[allow], text, strlen(text)) >= 0)
		return 0;
	return cgroup_write_error(files->tree, FILES[allow], text, -errno, err);
}

/* To the kernel "a" is everything, whatever stands behind it; a narrower rule for both types is two rules. */
static int write_rule(const struct files *files, const struct spec_device_rule *rule, struct error *err)
{
	_cleanup_str_ struct str text = { 0 };
	if (is_for_all(rule))
		return write_text(files, rule->allow, "a", err);
	const char *types = rule->type == 'a' ? "bc" : rule->type == 'b' ? "b" : "c";
	int r = 0;
	for (const char *type = types; *type && r == 0; type++) {
		format_rule(rule, *type, &text);
		r = write_text(files, rule->allow, str_text(&text), err);
	}
	return r;
}

static int apply_v1(const struct cgroup_tree *tree, const struct spec_device_rule *rules, size_t count,
		    struct error *err)
{
	int r = check_v1(rules, count, err);
	if (r < 0)
		return r;
	_cleanup_close_ int deny = openat(tree->fd, FILES[0], O_WRONLY | O_CLOEXEC);
	_cleanup_close_ int allow = openat(tree->fd, FILES[1], O_WRONLY | O_CLOEXEC);
	if (deny < 0 || allow < 0)
		return cgroup_write_error(tree, FILES[deny >= 0], "", -errno, err);
	const struct files files = { tree, { deny, allow } };
	for (size_t i = 0; i < count && r == 0; i++)
		r = is_empty(&rules[i]) ? 0 : write_rule(&files, &rules[i], err);
	return r;
}

/* --- both --- */

/*
 * Without privileges over the host nobody can make a device node, nor open one that its owner has not granted; and the
 * kernel lets nobody limit that further.
 */
static bool is_dispensable(void)
{
	char map[64];
	unsigned inside, outside, count;
	if (geteuid() != 0)
		return true;
	return file_read_line(AT_FDCWD, "/proc/self/uid_map", map, sizeof map) > 0 &&
	       sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && count != UINT32_MAX;
}

static int apply_anywhere(struct cgroup *cgroup, const struct spec_device_rule *rules, size_t count, struct error *err)
{
	const struct cgroup_tree *v1 = cgroup_v1_tree(cgroup, "devices"), *v2 = cgroup_v2_tree(cgroup);
	if (v1)
		return apply_v1(v1, rules, count, err);
	if (!v2) {
		const struct cgroup_obstacle none = { 0 };
		return cgroup_explain_missing(cgroup, "devices", "the device rules", &none, err);
	}
	int r = device_policy_apply(v2->fd, cgroup->fresh && !cgroup->has_device_program, rules, count, err);
	if (r == 0)
		cgroup->has_device_program = true;
	return r;
}

static bool allow_all(const struct spec_device_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!rules[i].allow && !is_empty(&rules[i]))
			return false;
	return true;
}

int cgroup_apply_devices(struct cgroup *cgroup, const struct spec_resources *resources, struct error *err)
{
	struct error local = { 0 };
	if (resources->n_device_rules == 0)
		return 0;
	int r = apply_anywhere(cgroup, resources->device_rules, resources->n_device_rules, &local);
	bool refused = r == -ERR_CG_CTRL || (r == -ERR_CGROUP && local.sys_errno == EPERM);
	if (refused && (allow_all(resources->device_rules, resources->n_device_rules) || is_dispensable())) {
		log_info("the device rules are left out: %s", local.message);
		return 0;
	}
	if (r < 0 && err)
		*err = local;
	return r;
}
