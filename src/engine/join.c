/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/join.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/live.h"
#include "engine/record.h"
#include "engine/sharing.h"

/* Whoever wants to share asks for it: what is private by default cannot be taken. */
static int check_shareable(const struct container_row *row, struct error *err)
{
	const char *mode = config_spec(&row->config)->ipc_mode;
	if (mode && !streq(mode, "private") && !streq(mode, "none"))
		return 0;
	err_set(err, ERR_STATE, "cannot join IPC of container %s: non-shareable IPC", row->name);
	return err_hint(err, "start %s with --ipc shareable", row->name);
}

static int resolve(struct engine *engine, const struct container_spec *spec, enum namespace_type type, char ***joins,
		   struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	const char *name = joined_container(spec, type);
	if (!name)
		return 0;
	int r = container_load_row(engine, name, &row, err);
	if (r >= 0 && type == NAMESPACE_IPC)
		r = check_shareable(&row, err);
	if (r >= 0 && type == NAMESPACE_USER && !config_has_userns(&row.config))
		return 0; /* it is the engine's, which is ours, too */
	if (r >= 0)
		strv_take(joins, mem_printf("%s=%s", namespace_spec_name(type), row.id));
	return r;
}

int join_resolve(struct engine *engine, const struct container_spec *spec, char ***ret, struct error *err)
{
	_cleanup_strv_ char **joins = NULL;
	int r = sharing_check(spec, err);
	for (int type = 0; r >= 0 && type < NAMESPACE_COUNT; type++)
		r = resolve(engine, spec, (enum namespace_type)type, &joins, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(joins);
	return 0;
}

int join_resolve_network(struct engine *engine, const struct container_spec *spec, char **ret, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	if (spec->network != NETWORK_CONTAINER)
		return 0;
	int r = container_load_row(engine, spec->network_target, &row, err);
	if (r >= 0)
		*ret = mem_strdup(row.id);
	return r < 0 ? r : 0;
}

static int check_running(struct engine *engine, const char *join, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_live_ struct live live = LIVE_NONE;
	int len = (int)strcspn(join, "=");
	int r = container_load_row(engine, join + len + 1, &row, err);
	if (r < 0)
		return err_wrap(err, "cannot join the %.*s namespace of a container", len, join);
	r = live_open(engine, &row, &live, err);
	if (r != 0)
		return r;
	err_set(err, ERR_STATE, "cannot join the %.*s namespace of a non running container: container %s is %s", len,
		join, row.name, container_state_name(row.state));
	return err_hint(err, "coffer start %s", row.name);
}

int join_check(struct engine *engine, char *const *joins, struct error *err)
{
	int r = 0;
	for (; r >= 0 && joins && *joins; joins++)
		r = check_running(engine, *joins, err);
	return r < 0 ? r : 0;
}

const char *join_id(char *const *joins, const char *name)
{
	for (; joins && *joins; joins++) {
		const char *rest = str_after(*joins, name);
		if (rest && *rest == '=')
			return rest + 1;
	}
	return NULL;
}
