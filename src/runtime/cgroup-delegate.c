/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A v2 cgroup that its container may divide further. Who may put processes into it and hand its controllers down is its
 * first user; its own limits stay the host's.
 *
 * Sources: config-linux.md, "Cgroup ownership"; cgroup-v2.rst, "Delegation"; sysfs-kernel-cgroup(ABI), "delegate".
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "runtime/cgroup-internal.h"
#include "runtime/mount-options.h"

#define DELEGATE_FILE "/sys/kernel/cgroup/delegate"

enum { MOUNTINFO_MAX = 256 << 20 };

bool cgroup_bounds_delegation(void)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, NULL) < 0)
		return false;
	for (const char *at = text; (at = strstr(at, " - cgroup2 ")); at++) {
		const char *option = strstr(at, "nsdelegate");
		if (option && option < strchrnul(at, '\n'))
			return true;
	}
	return false;
}

/* --- whether it is the container's to divide --- */

static bool is_writable(const struct spec_mount *mount)
{
	_cleanup_mount_options_ struct mount_options options = { 0 };
	return mount_options_parse(mount->options, &options, NULL) >= 0 &&
	       !(options.change.set & MOUNT_ATTR_RDONLY);
}

/* What is mounted last on a place is seen there. */
static bool sees_it_writable(const struct spec *spec)
{
	bool writable = false;
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (streq_null(spec->mounts[i].type, "cgroup") || streq_null(spec->mounts[i].type, "cgroup2"))
			writable = is_writable(&spec->mounts[i]);
	return writable;
}

/* The host's number for the process's user. False: it has none that we know. */
static bool find_owner(const struct spec *spec, uid_t *ret)
{
	const struct spec_namespace *user = &spec->namespaces[NAMESPACE_USER];
	if (!spec->process)
		return false;
	uid_t uid = spec->process->user.uid;
	for (size_t i = 0; user->listed && i < spec->n_uid_mappings; i++) {
		const struct spec_id_mapping *mapping = &spec->uid_mappings[i];
		if (uid >= mapping->container_id && uid - mapping->container_id < mapping->size) {
			*ret = mapping->host_id + (uid - mapping->container_id);
			return true;
		}
	}
	*ret = uid;
	return !user->listed;
}

/* --- giving --- */

static int give(int dir, const char *file, uid_t owner, struct error *err)
{
	if (fchownat(dir, file, owner, (gid_t)-1, *file ? 0 : AT_EMPTY_PATH) == 0 || errno == ENOENT)
		return 0;
	return err_sys_code(err, ERR_CGROUP, errno, "give '%s' of the cgroup to user %u", *file ? file : ".", owner);
}

/* The files that the kernel names; those that it has always had, where it does not say. */
static char **delegated_files(void)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(AT_FDCWD, DELEGATE_FILE, CGROUP_FILE_MAX, &text, NULL, NULL) < 0)
		return strv_split("cgroup.procs cgroup.threads cgroup.subtree_control", ' ');
	return strv_split(text, '\n');
}

int cgroup_delegate(const struct cgroup *cgroup, const struct spec *spec, struct error *err)
{
	const struct spec_namespace *own = &spec->namespaces[NAMESPACE_CGROUP];
	const struct cgroup_tree *tree = cgroup_v2_tree(cgroup);
	struct stat st;
	uid_t owner;
	if (cgroup_layout() != CGROUP_LAYOUT_V2 || !tree || !own->listed || own->path || !sees_it_writable(spec) ||
	    !find_owner(spec, &owner) || (fstat(tree->fd, &st) == 0 && st.st_uid == owner))
		return 0;
	_cleanup_strv_ char **files = delegated_files();
	int r = give(tree->fd, "", owner, err);
	for (char **file = files; r == 0 && *file; file++)
		r = **file ? give(tree->fd, *file, owner, err) : 0;
	return r;
}
