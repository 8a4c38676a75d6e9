/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on the cgroup of a container that runs: its processes, pause and resume, other limits. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "runtime/cgroup-driver.h"
#include "runtime/cgroup-permission.h"
#include "runtime/pid-namespace.h"
#include "runtime/user-namespace.h"

int container_open_cgroup(const struct container *container, struct cgroup **ret, struct error *err)
{
	if (*container->cgroup_path)
		return cgroup_open(container->cgroup_path, ret, err);
	err_set(err, ERR_UNSUPPORTED, "container '%s' has no cgroup", container->id);
	if (!user_namespace_is_own())
		return err_cause(err, "it was created with the cgroup manager disabled");
	err_cause(err, "no hierarchy of cgroups was open to its user when it was created");
	cgroup_hint_place(err);
	return -ERR_UNSUPPORTED;
}

static int not_running(const struct container *container, enum container_status status, struct error *err)
{
	return err_set(err, ERR_STATE, "container not running: '%s' is %s", container->id,
		       container_status_name(status));
}

/* The status must be one of the bits in @wanted. */
static int open_cgroup_if(struct container *container, unsigned wanted, struct cgroup **ret, struct error *err)
{
	enum container_status status;
	int r = container_status(container, &status, err);
	if (r < 0)
		return r;
	return wanted & (1u << status) ? container_open_cgroup(container, ret, err) :
					 not_running(container, status, err);
}

int container_pids(struct container *container, pid_t **ret, size_t *ret_count, struct error *err)
{
	enum container_status status;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct error why = { 0 };
	int r = container_status(container, &status, err);
	if (r < 0)
		return r;
	if (!*container->cgroup_path && status != CONTAINER_STOPPED && !container->host_pid)
		return pid_namespace_members(container->pid, ret, ret_count, err);
	r = container_open_cgroup(container, &cgroup, &why);
	/* The cgroup may be gone with the last process, and that is an answer. */
	if (r == -ERR_NOT_FOUND && status == CONTAINER_STOPPED) {
		*ret = NULL;
		*ret_count = 0;
		return 0;
	}
	if (r < 0 && err)
		*err = why;
	return r < 0 ? r : cgroup_pids(cgroup, ret, ret_count, err);
}

int container_pause(struct container *container, struct error *err)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	enum container_status status;
	int r = open_cgroup_if(container, 1u << CONTAINER_CREATED | 1u << CONTAINER_RUNNING, &cgroup, err);
	if (r < 0 || (r = cgroup_freeze(cgroup, true, err)) < 0 || (r = container_status(container, &status, err)) < 0)
		return r;
	if (status == CONTAINER_PAUSED)
		return 0;
	/* It has ended while we froze it; what is left of it must not stay frozen, or nobody could remove it. */
	(void)cgroup_freeze(cgroup, false, NULL);
	return not_running(container, status, err);
}

int container_resume(struct container *container, struct error *err)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	enum container_status status;
	int r = container_status(container, &status, err);
	if (r < 0)
		return r;
	if (status != CONTAINER_PAUSED)
		return err_set(err, ERR_STATE, "container not paused: '%s' is %s", container->id,
			       container_status_name(status));
	r = container_open_cgroup(container, &cgroup, err);
	return r < 0 ? r : cgroup_freeze(cgroup, false, err);
}

int container_update(struct container *container, const struct spec_resources *resources, struct error *err)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	const unsigned wanted = 1u << CONTAINER_CREATED | 1u << CONTAINER_RUNNING | 1u << CONTAINER_PAUSED;
	const struct cgroup_driver *driver = cgroup_driver_of(container);
	int r = open_cgroup_if(container, wanted, &cgroup, err);
	if (r < 0)
		return r;
	struct spec_resources changes = cgroup_changes(cgroup, resources);
	if (driver->update &&
	    ((r = cgroup_check(cgroup, &changes, err)) < 0 || (r = driver->update(container, &changes, err)) < 0))
		return r;
	r = cgroup_apply(cgroup, &changes, err);
	cgroup_protection_changed(container);
	return r;
}
