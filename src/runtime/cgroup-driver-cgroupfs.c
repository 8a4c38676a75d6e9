/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups as directories that we make. Source: OCI runtime-spec, config-linux.md, "Cgroups Path". */
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "runtime/cgroup-driver.h"

static char *path_of(const struct container_create_options *options)
{
	const char *path = options->spec->cgroups_path;
	if (str_is_empty(path))
		return mem_printf("/coffer-runtime/%s", options->id);
	return *path == '/' ? mem_strdup(path) : mem_printf("/%s", path);
}

static int plan(const struct container_create_options *options, struct container *container, struct error *err)
{
	container->cgroup_path = path_of(options);
	container->unit = mem_strdup("");
	return cgroup_check_path(container->cgroup_path, err);
}

static int make(const struct container_create_options *options, const struct container *container, struct cgroup **ret,
		struct error *err)
{
	_cleanup_driver_resources_ struct spec_resources resources = cgroup_driver_resources(options->spec);
	int r = cgroup_create(container->cgroup_path, ret, err);
	return r < 0 ? r : cgroup_apply(*ret, &resources, err);
}

const struct cgroup_driver cgroup_driver_cgroupfs = {
	.name = "cgroupfs",
	.plan = plan,
	.make = make,
};
