/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/targets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/container-filter.h"

int targets_check(const struct command *command, const struct targets *targets, char *const *args, struct error *err)
{
	bool named = args[0] || targets->cidfiles;
	bool flag = targets->all || targets->latest;
	if (targets->all && targets->latest)
		err_set(err, ERR_USAGE, "--all and --latest cannot be used together");
	else if (targets->latest && targets->filters)
		err_set(err, ERR_USAGE, "--latest and --filter cannot be used together");
	else if (flag && args[0])
		err_set(err, ERR_USAGE, "--all and --latest cannot be used together with names");
	else if (flag && named)
		err_set(err, ERR_USAGE, "--all and --latest cannot be used together with --cidfile");
	else if (!flag && !named && !targets->filters)
		err_set(err, ERR_USAGE, "'coffer %s' requires at least 1 argument", command->name);
	else
		return 0;
	return err_hint(err, "coffer %s --help", command->name);
}

/* --- Of those that there are --- */

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

static void add_matching(struct container_record *const *records, size_t count, unsigned allowed,
			 const struct container_filter *filter, char ***names)
{
	for (size_t i = 0; i < count; i++)
		if ((allowed & (1u << records[i]->state)) && container_filter_matches(filter, records[i]))
			strv_append(names, records[i]->name);
}

static int add_from_list(struct cli *cli, const struct targets *targets, const struct container_filter *filter,
			 unsigned allowed, char ***names, struct error *err)
{
	struct container_record **records;
	size_t count;
	int r = engine_container_list(cli->engine, true, &records, &count, err);
	if (r < 0)
		return r;
	if (targets->latest)
		r = add_latest(records, count, names, err);
	else
		add_matching(records, count, allowed, filter, names);
	for (size_t i = 0; i < count; i++)
		container_record_free(records[i]);
	free(records);
	return r;
}

/* --- Of those that are named --- */

/* What create --cidfile has written. */
static int add_from_file(const char *path, bool ignore, char ***names, struct error *err)
{
	char line[NAME_MAX + 1];
	ssize_t len = file_read_line(AT_FDCWD, path, line, sizeof line);
	if (len > 0)
		strv_append(names, line);
	else if (len == 0)
		return err_set(err, ERR_INVALID, "container ID file '%s' is empty", path);
	else if (len != -ENOENT || !ignore)
		return err_sys(err, (int)-len, "read container ID file '%s'", path);
	return 0;
}

/* 1: it is one of them; 0: it is not. One that is not there is left for the command to complain about. */
static int is_wanted(struct cli *cli, const struct targets *targets, const struct container_filter *filter,
		     const char *name, struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	struct error why = { 0 };
	if (!targets->ignore && filter->count == 0)
		return 1;
	int r = engine_container_find(cli->engine, name, &record, &why);
	if (r == -ERR_NO_CONTAINER)
		return !targets->ignore;
	if (r >= 0)
		return container_filter_matches(filter, record);
	if (err)
		*err = why;
	return r;
}

static int add_named(struct cli *cli, const struct targets *targets, const struct container_filter *filter,
		     char *const *args, char ***names, struct error *err)
{
	_cleanup_strv_ char **all = strv_copy(args);
	int r = 0;
	for (char **path = targets->cidfiles; path && *path && r >= 0; path++)
		r = add_from_file(*path, targets->ignore, &all, err);
	for (char **name = all; name && *name && r >= 0; name++)
		if ((r = is_wanted(cli, targets, filter, *name, err)) > 0)
			strv_append(names, *name);
	return r;
}

int targets_resolve(struct cli *cli, const struct targets *targets, char *const *args, unsigned allowed, char ***ret,
		    struct error *err)
{
	_cleanup_container_filter_ struct container_filter filter = { 0 };
	_cleanup_strv_ char **names = NULL;
	int r = container_filter_parse(cli->engine, targets->filters, &filter, err);
	if (r < 0)
		return r;
	if (args[0] || targets->cidfiles)
		r = add_named(cli, targets, &filter, args, &names, err);
	else
		r = add_from_list(cli, targets, &filter, allowed, &names, err);
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
