/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/cgroup-place.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/limits.h"
#include "engine/qos.h"
#include "engine/sharing.h"
#include "runtime/cgroup.h"
#include "runtime/systemd.h"

#define SCOPE_PREFIX "coffer"

static const char *const NAMES[] = {
	[CGROUP_MANAGER_CGROUPFS] = "cgroupfs",
	[CGROUP_MANAGER_SYSTEMD] = "systemd",
};

int engine_set_cgroup_manager(struct engine *engine, const char *name, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
		if (!streq(name, NAMES[i]))
			continue;
		engine->cgroup_manager = NAMES[i];
		return 0;
	}
	return err_set(err, ERR_USAGE, "invalid argument \"%s\" for \"--cgroup-manager\": it is cgroupfs or systemd",
		       name);
}

/*
 * An ordinary user's service manager need not be there; but where it is, nobody else can make cgroups for him: only to it
 * are they delegated.
 */
static bool systemd_rules(void)
{
	/* The layout last: all that is mounted has to be read for it. */
	return systemd_check_running(NULL) >= 0 && (!systemd_is_of_user() || systemd_has_bus()) &&
	       cgroup_layout() == CGROUP_LAYOUT_V2;
}

static enum cgroup_manager default_manager(const struct engine *engine)
{
	if (!engine->cgroup_manager)
		return systemd_rules() ? CGROUP_MANAGER_SYSTEMD : CGROUP_MANAGER_CGROUPFS;
	return streq(engine->cgroup_manager, NAMES[CGROUP_MANAGER_SYSTEMD]) ? CGROUP_MANAGER_SYSTEMD
									    : CGROUP_MANAGER_CGROUPFS;
}

const char *cgroup_place_name(const struct engine *engine)
{
	return NAMES[default_manager(engine)];
}

static int check_mode(const char *mode, struct error *err)
{
	static const char *const known[] = { "enabled", "disabled", "no-conmon", NULL };
	if (!mode || strv_contains((char *const *)known, mode))
		return 0;
	if (!streq(mode, "split"))
		return err_set(err, ERR_INVALID, "--cgroups %s: it is enabled, disabled or no-conmon", mode);
	return err_set(err, ERR_UNSUPPORTED, "--cgroups split: a monitor is in no control group of its container's");
}

static int check_parent(enum cgroup_manager manager, const char *parent, struct error *err)
{
	if (!parent || manager == CGROUP_MANAGER_CGROUPFS) /* what the path may be, the runtime knows */
		return 0;
	if (str_ends_with(parent, ".slice") && !strchr(parent, '/'))
		return 0;
	err_set(err, ERR_INVALID, "cgroup-parent for systemd cgroup should be a valid slice named as \"xxx.slice\"");
	return err_hint(err, "--cgroup-manager cgroupfs, where another cgroup is meant");
}

static int check_no_limits(const struct container_spec *spec, struct error *err)
{
	_cleanup_json_ struct json_object *limits = json_object_new_object();
	int r = limits_add(spec, limits, err);
	if (r < 0 || json_object_object_length(limits) == 0)
		return r;
	struct json_object_iterator first = json_object_iter_begin(limits);
	return err_set(err, ERR_CG_CTRL, "--cgroups disabled: without a control group there is no limit of \"%s\"",
		       json_object_iter_peek_name(&first));
}

int cgroup_place_manager(const struct engine *engine, const struct container_spec *spec, enum cgroup_manager *ret,
			 struct error *err)
{
	int r = check_mode(spec->cgroups_mode, err);
	if (r < 0)
		return r;
	enum cgroup_manager manager = streq_null(spec->cgroups_mode, "disabled") ? CGROUP_MANAGER_DISABLED
										 : default_manager(engine);
	r = manager == CGROUP_MANAGER_DISABLED ? check_no_limits(spec, err)
					       : check_parent(manager, spec->cgroup_parent, err);
	if (r >= 0)
		*ret = manager;
	return r;
}

/* NULL: the kernel keeps its own limits from it. */
static const char *why_not_writable(const struct container_spec *spec)
{
	if (cgroup_layout() != CGROUP_LAYOUT_V2)
		return "its part of the tree can be separated on cgroup v2 only, which this machine does not have alone";
	if (streq_null(spec->cgroups_mode, "disabled"))
		return "it has no control group of its own (--cgroups)";
	if (!has_own(spec, NAMESPACE_CGROUP))
		return "it has no cgroup namespace of its own (--cgroupns)";
	return cgroup_bounds_delegation() ? NULL : "cgroup v2 is mounted without the option nsdelegate";
}

int cgroup_place_check_writable(const struct container_spec *spec, struct error *err)
{
	const char *why = why_not_writable(spec);
	if (!why)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "--security-opt writable-cgroups: the container could change its own limits");
	return err_cause(err, "%s", why);
}

static bool is_promised_memory(const struct container_spec *spec)
{
	const struct container_spec effective = qos_effective(spec);
	for (char **conf = spec->cgroup_conf; conf && *conf; conf++)
		if (str_starts_with(*conf, "memory.min=") || str_starts_with(*conf, "memory.low="))
			return true;
	return effective.memory_min || effective.memory_low || effective.memory_reservation;
}

/* In system.slice, which is the administrator's, a promise of memory would be worth nothing. */
static const char *default_slice(const struct container_spec *spec)
{
	return is_promised_memory(spec) ? CGROUP_OWN_SLICE : "";
}

char *cgroup_place_path(enum cgroup_manager manager, const struct container_spec *spec, const char *id)
{
	const char *parent = spec->cgroup_parent;
	switch (manager) {
	case CGROUP_MANAGER_SYSTEMD:
		return mem_printf("%s:" SCOPE_PREFIX ":%s", parent ? parent : default_slice(spec), id);
	case CGROUP_MANAGER_DISABLED:
		return NULL;
	case CGROUP_MANAGER_CGROUPFS:
		break;
	}
	if (str_is_empty(parent))
		return mem_printf(CGROUP_OWN_PARENT "/%s", id);
	return mem_printf("%s%s%s%s", *parent == '/' ? "" : "/", parent, str_ends_with(parent, "/") ? "" : "/", id);
}
