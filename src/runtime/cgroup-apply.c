/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: all are checked, and every controller that they need is found, before the first of them is written.
 * Source: OCI runtime-spec, config-linux.md, "Control groups", "Unified".
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"

static const struct cgroup_controller *const CONTROLLERS[] = {
	&cgroup_controller_memory, &cgroup_controller_cpu,   &cgroup_controller_cpuset,
	&cgroup_controller_pids,   &cgroup_controller_blkio, &cgroup_controller_hugetlb,
	&cgroup_controller_rdma,   &cgroup_controller_net_cls, &cgroup_controller_net_prio,
};

/* v2 filters packets by cgroup, but has no controller that would mark them. */
static int explain_v1_only(const struct cgroup *cgroup, const struct cgroup_controller *controller, struct error *err)
{
	err_set(err, ERR_CG_CTRL, "apply %s: controller \"%s\" is not available in '%s'", controller->what,
		controller->v1_name, cgroup->path);
	return err_cause(err, "it exists in cgroup v1 only, and no hierarchy with it is mounted");
}

/* *ret stays NULL if nothing is wanted of the controller. */
static int prepare(struct cgroup *cgroup, const struct cgroup_controller *controller,
		   const struct spec_resources *resources, const struct cgroup_tree **ret, struct error *err)
{
	if (!controller->wanted(resources))
		return 0;
	const struct cgroup_tree *tree = cgroup_v1_tree(cgroup, controller->v1_name);
	if (!tree && !controller->v2_name)
		return explain_v1_only(cgroup, controller, err);
	if (!tree) {
		int r = cgroup_need_v2(cgroup, controller->v2_name, controller->what, err);
		if (r < 0)
			return r;
		tree = cgroup_v2_tree(cgroup);
	}
	if (controller->check) {
		int r = controller->check(resources, tree, err);
		if (r < 0)
			return r;
	}
	*ret = tree;
	return 0;
}

/* "memory.max": a file of the cgroup itself, of the controller before the first point. */
static int prepare_unified(struct cgroup *cgroup, const char *key, struct error *err)
{
	if (*key == '\0' || *key == '.' || strchr(key, '/'))
		return err_set(err, ERR_SPEC, "\"%s\" is not the name of a cgroup file", key);
	if (!cgroup_v2_tree(cgroup) && cgroup_layout() == CGROUP_LAYOUT_V1)
		return err_set(err, ERR_CG_CTRL,
			       "apply \"%s\": invalid configuration: cannot use unified on cgroup v1", key);
	_cleanup_free_ char *controller = mem_strndup(key, strcspn(key, "."));
	_cleanup_free_ char *what = mem_printf("\"%s\"", key);
	/* What we do not know by name may be newer than we are: then the write decides. */
	if (cgroup_v2_tree(cgroup) && !cgroup_v2_has_name(controller))
		return 0;
	return cgroup_need_v2(cgroup, controller, what, err);
}

/* Files such as io.max take one line at a time. */
static int write_unified(const struct cgroup_tree *tree, const struct spec_unified *unified, struct error *err)
{
	_cleanup_strv_ char **lines = strv_split(unified->value, '\n');
	for (char **line = lines; *line; line++) {
		int r = **line ? cgroup_write(tree, unified->key, *line, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* The result @r of preparing something, whose error is @why: one that may be left out is said, and forgotten. */
static int or_leave_out(const struct spec_resources *resources, int r, const struct error *why, struct error *err)
{
	if (r == -ERR_CG_CTRL && resources->best_effort) {
		log_failure(LOG_LEVEL_WARN, CGROUP_LEFT_OUT, why);
		return 0;
	}
	if (r < 0 && err)
		*err = *why;
	return r;
}

/* @trees: as CONTROLLERS, and NULL at first. */
static int prepare_all(struct cgroup *cgroup, const struct spec_resources *resources, const struct cgroup_tree **trees,
		       struct error *err)
{
	struct error why = { 0 };
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(CONTROLLERS); i++)
		r = or_leave_out(resources, prepare(cgroup, CONTROLLERS[i], resources, &trees[i], &why), &why, err);
	for (size_t i = 0; r == 0 && i < resources->n_unified; i++)
		r = or_leave_out(resources, prepare_unified(cgroup, resources->unified[i].key, &why), &why, err);
	return r;
}

/* prepare_all() has said so. */
static bool is_left_out(struct cgroup *cgroup, const struct spec_resources *resources, const char *key)
{
	return resources->best_effort && prepare_unified(cgroup, key, NULL) < 0;
}

int cgroup_check(struct cgroup *cgroup, const struct spec_resources *resources, struct error *err)
{
	const struct cgroup_tree *trees[ARRAY_SIZE(CONTROLLERS)] = { NULL };
	return prepare_all(cgroup, resources, trees, err);
}

int cgroup_apply(struct cgroup *cgroup, const struct spec_resources *resources, struct error *err)
{
	const struct cgroup_tree *trees[ARRAY_SIZE(CONTROLLERS)] = { NULL };
	int r = prepare_all(cgroup, resources, trees, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(CONTROLLERS); i++)
		if (trees[i])
			r = (trees[i]->v2 ? CONTROLLERS[i]->apply_v2 : CONTROLLERS[i]->apply_v1)(trees[i], resources,
												 err);
	for (size_t i = 0; r == 0 && i < resources->n_unified; i++)
		if (!is_left_out(cgroup, resources, resources->unified[i].key))
			r = write_unified(cgroup_v2_tree(cgroup), &resources->unified[i], err);
	return r < 0 ? r : cgroup_apply_devices(cgroup, resources, err);
}
