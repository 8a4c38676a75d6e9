/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/targets.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

int targets_check(const struct command *command, const struct targets *targets, char *const *args, struct error *err)
{
	bool flag = targets->all || targets->latest;
	if (targets->all && targets->latest)
		err_set(err, ERR_USAGE, "--all and --latest cannot be used together");
	else if (flag && args[0])
		err_set(err, ERR_USAGE, "--all and --latest cannot be used together with names");
	else if (!flag && !args[0])
		err_set(err, ERR_USAGE, "'coffer %s' requires at least 1 argument", command->name);
	else
		return 0;
	return err_hint(err, "coffer %s --help", command->name);
}

static int add_latest(struct container_record *const *records, size_t count, char ***names, struct error *err)
{
	const struct container_record *latest = NULL;
	for (size_t i = 0; i < count; i++)
		if (!latest || records[i]->created_at > latest->created_at)
			latest = records[i];
	if (!latest)
		return err_set(err, ERR_NO_CONTAINER, "No such container: there are none");
	strv_append(names, latest->name);
	return 0;
}

static void add_all(struct container_record *const *records, size_t count, unsigned allowed, char ***names)
{
	for (size_t i = 0; i < count; i++)
		if (allowed & (1u << records[i]->state))
			strv_append(names, records[i]->name);
}

static int add_from_list(struct cli *cli, const struct targets *targets, unsigned allowed, char ***names,
			 struct error *err)
{
	struct container_record **records;
	size_t count;
	int r = engine_container_list(cli->engine, true, &records, &count, err);
	if (r < 0)
		return r;
	if (targets->latest)
		r = add_latest(records, count, names, err);
	else
		add_all(records, count, allowed, names);
	for (size_t i = 0; i < count; i++)
		container_record_free(records[i]);
	free(records);
	return r;
}

int targets_resolve(struct cli *cli, const struct targets *targets, char *const *args, unsigned allowed, char ***ret,
		    struct error *err)
{
	_cleanup_strv_ char **names = args[0] ? strv_copy(args) : NULL;
	int r = names ? 0 : add_from_list(cli, targets, allowed, &names, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(names);
	return 0;
}

const struct option LATEST_OPTIONS[] = { OPT_LATEST(struct latest_options), OPT_END };

int targets_latest(struct cli *cli, char **args, char **ret_name, struct error *err)
{
	const struct targets targets = { .latest = true };
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &targets, (char *[]){ NULL }, TARGETS_ANY, &names, err);
	if (r >= 0)
		args[0] = *ret_name = mem_strdup(names[0]);
	return r;
}
