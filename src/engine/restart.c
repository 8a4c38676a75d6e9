/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/restart.h"

#include <limits.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"

static const char *const NAMES[] = {
	[RESTART_NO] = "no",
	[RESTART_ON_FAILURE] = "on-failure",
	[RESTART_ALWAYS] = "always",
	[RESTART_UNLESS_STOPPED] = "unless-stopped",
};

const char *restart_policy_name(enum restart_policy policy)
{
	return NAMES[policy];
}

/* No name is the first of all. Returns -1 for one that is none. */
static int find_policy(const char *name)
{
	if (str_is_empty(name))
		return RESTART_NO;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (streq(NAMES[i], name))
			return (int)i;
	return -1;
}

enum restart_policy restart_policy_of(const struct container_spec *spec)
{
	int policy = find_policy(spec->restart_policy);
	return policy < 0 ? RESTART_NO : (enum restart_policy)policy;
}

int restart_policy_check(const struct container_spec *spec, struct error *err)
{
	int policy = find_policy(spec->restart_policy);
	if (policy < 0)
		return err_set(
			err, ERR_INVALID,
			"invalid restart policy: unknown policy '%s'; use one of 'no', 'always', 'on-failure', or "
			"'unless-stopped'",
			spec->restart_policy);
	bool negative = spec->restart_max < 0;
	if (policy != RESTART_ON_FAILURE && spec->restart_max != 0)
		return err_set(err, ERR_INVALID,
			       "invalid restart policy: maximum retry count can only be used with 'on-failure'%s",
			       negative ? " and cannot be negative" : "");
	if (negative)
		return err_set(err, ERR_INVALID, "invalid restart policy: maximum retry count cannot be negative");
	if (spec->restart_max > INT_MAX)
		return err_set(err, ERR_INVALID, "invalid restart policy: maximum retry count is too large");
	if (policy != RESTART_NO && spec->auto_remove)
		return err_set(err, ERR_USAGE, "conflicting options: cannot specify both --restart and --rm");
	return 0;
}

/* --- after a boot --- */

static bool is_for_boot(const struct container_row *row)
{
	struct monitor_status last = { 0 };
	enum restart_policy policy = restart_policy_of(config_spec(&row->config));
	if (row->state == STATE_CREATED)
		return false;
	if (policy == RESTART_UNLESS_STOPPED && *row->last_status)
		(void)monitor_status_parse(row->last_status, strlen(row->last_status), &last, NULL);
	return policy == RESTART_ALWAYS || (policy == RESTART_UNLESS_STOPPED && !last.stopped_by_hand);
}

int engine_containers_for_boot(struct engine *engine, char ***ret, struct error *err)
{
	struct container_row *rows = NULL;
	size_t count = 0;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = container_row_list(db, false, &rows, &count, err);
	if (r < 0)
		return r;
	char **ids = NULL;
	for (size_t i = count; i-- > 0;) { /* the oldest first */
		if (rows[i].state != STATE_RUNNING && is_for_boot(&rows[i]))
			strv_append(&ids, rows[i].id);
		container_row_done(&rows[i]);
	}
	free(rows);
	*ret = ids;
	return 0;
}
