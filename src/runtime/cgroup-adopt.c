/* SPDX-License-Identifier: Apache-2.0 */
/* A v2 cgroup that systemd makes: known by its path first, and opened when it is there. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "runtime/cgroup-internal.h"

int cgroup_expect(const char *path, struct cgroup **ret, struct error *err)
{
	const struct cgroup_mounts *mounts = cgroup_mounts();
	int r = cgroup_check_path(path, err);
	if (r < 0)
		return r;
	if (cgroup_mounts_layout(mounts) != CGROUP_LAYOUT_V2)
		return err_set(err, ERR_UNSUPPORTED, "cgroups of systemd are supported on cgroup v2 only");
	struct cgroup *cgroup = cgroup_new(path);
	cgroup_add_tree(cgroup, &mounts->list[0], -1);
	cgroup->expected = true;
	*ret = cgroup;
	return 0;
}

/* One that is not there is made in the one that has come into being instead, where @pid is. */
int cgroup_adopt(struct cgroup *cgroup, pid_t pid, struct error *err)
{
	const struct cgroup_mount *mount = &cgroup_mounts()->list[0];
	bool made;
	int fd = cgroup_make_directory(mount, cgroup->path, &made, err);
	if (fd < 0)
		return fd;
	cgroup->trees[0].fd = fd;
	cgroup->expected = false;
	int r = made ? cgroup_join(cgroup, pid, false, err) : 0;
	if (r < 0 || !made)
		return r;
	/* Only now that nobody is in it any more can the one above hand its controllers down. */
	_cleanup_close_ int root = open(mount->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0)
		cgroup_enable_controllers(root, cgroup->path, fd);
	return 0;
}
