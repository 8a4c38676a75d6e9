/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups as transient scopes of systemd. It gets to know the limits, and what it cannot know is written to the files;
 * the scope is delegated to us, so it does not touch what is below, and leaves the files alone that it has no word for.
 *
 * The annotation run.oci.systemd.subgroup names a cgroup in the scope that the container gets in place of the scope's
 * own. Source: crun(1), "run.oci.systemd.subgroup".
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "runtime/cgroup-driver.h"
#include "runtime/systemd-unit.h"
#include "runtime/systemd.h"

/* Another layout has trees that systemd does not make scopes in. */
static int check_layout(struct error *err)
{
	enum cgroup_layout layout = cgroup_layout();
	if (layout == CGROUP_LAYOUT_V2)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "the systemd cgroup driver needs cgroup v2 alone");
	err_cause(err, "the layout of cgroups is \"%s\"", cgroup_layout_name(layout));
	return err_hint(err, "--cgroup-manager cgroupfs");
}

/* NULL if there is none. */
static const char *find_subgroup(const struct spec *spec)
{
	for (char **pair = spec->annotations; pair && pair[0] && pair[1]; pair += 2)
		if (streq(pair[0], "run.oci.systemd.subgroup") && *pair[1])
			return pair[1];
	return NULL;
}

/* The slices of a user's own manager are below its own cgroup. */
static int manager_path(char **ret, struct error *err)
{
	_cleanup_systemd_ struct systemd *systemd = NULL;
	if (!systemd_is_of_user()) {
		*ret = mem_strdup("");
		return 0;
	}
	int r = systemd_open(&systemd, err);
	return r < 0 ? r : systemd_read_cgroup(systemd, ret, err);
}

static int plan_path(const struct spec *spec, const struct systemd_unit *unit, char **ret, struct error *err)
{
	_cleanup_free_ char *manager = NULL, *slice = NULL;
	const char *subgroup = find_subgroup(spec);
	int r = manager_path(&manager, err);
	if (r < 0 || (r = systemd_slice_path(unit->slice, &slice, err)) < 0)
		return r;
	*ret = mem_printf("%s%s/%s%s%s", manager, slice, unit->name, subgroup ? "/" : "", subgroup ? subgroup : "");
	return cgroup_check_path(*ret, err);
}

static int parse_unit(const struct container_create_options *options, struct systemd_unit *ret, struct error *err)
{
	return systemd_unit_parse(options->spec->cgroups_path, options->id, systemd_is_of_user(), ret, err);
}

static int plan(const struct container_create_options *options, struct container *container, struct error *err)
{
	_cleanup_systemd_unit_ struct systemd_unit unit = { 0 };
	int r = parse_unit(options, &unit, err);
	if (r < 0 || (r = systemd_check_running(err)) < 0 || (r = check_layout(err)) < 0 ||
	    (r = plan_path(options->spec, &unit, &container->cgroup_path, err)) < 0)
		return r;
	container->unit = TAKE_PTR(unit.name);
	return 0;
}

static int make(const struct container_create_options *options, const struct container *container, struct cgroup **ret,
		struct error *err)
{
	return cgroup_expect(container->cgroup_path, ret, err);
}

static int enter(const struct container_create_options *options, const struct container *container,
		 struct cgroup *cgroup, struct error *err)
{
	_cleanup_driver_resources_ struct spec_resources resources = cgroup_driver_resources(options->spec);
	_cleanup_free_ char *description = mem_printf("coffer container %s", container->id);
	_cleanup_systemd_unit_ struct systemd_unit unit = { 0 };
	_cleanup_systemd_ struct systemd *systemd = NULL;
	int r = parse_unit(options, &unit, err);
	if (r < 0 || (r = systemd_open(&systemd, err)) < 0)
		return r;
	const struct systemd_scope scope = {
		.name = unit.name,
		.slice = unit.slice,
		.description = description,
		.pid = container->pid,
		.annotations = options->spec->annotations,
		.resources = &resources,
	};
	if ((r = systemd_start_scope(systemd, &scope, err)) < 0 || (r = cgroup_adopt(cgroup, container->pid, err)) < 0)
		return r;
	return cgroup_apply(cgroup, &resources, err);
}

static int update(const struct container *container, const struct spec_resources *changes, struct error *err)
{
	_cleanup_systemd_ struct systemd *systemd = NULL;
	int r = systemd_open(&systemd, err);
	return r < 0 ? r : systemd_set_limits(systemd, container->unit, changes, err);
}

static int protect_slice(const char *name, const struct cgroup_protection *protection, struct error *err)
{
	_cleanup_systemd_ struct systemd *systemd = NULL;
	int r = systemd_open(&systemd, err);
	return r < 0 ? r : systemd_set_protection(systemd, name, protection->min, protection->low, err);
}

static int destroy(const struct container *container, struct error *err)
{
	_cleanup_systemd_ struct systemd *systemd = NULL;
	int r = systemd_open(&systemd, err);
	return r < 0 ? r : systemd_stop_unit(systemd, container->unit, err);
}

const struct cgroup_driver cgroup_driver_systemd = {
	.name = "systemd",
	.plan = plan,
	.make = make,
	.enter = enter,
	.update = update,
	.protect_slice = protect_slice,
	.destroy = destroy,
};
