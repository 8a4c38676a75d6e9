/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pod-targets.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/report.h"

struct each {
	const struct pod_targets *targets;
	pod_action *act;
};

int pod_id_file_read(const char *path, char **ret, struct error *err)
{
	char id[ID_HEX_LENGTH + 2];
	ssize_t len = file_read_line(AT_FDCWD, path, id, sizeof id);
	if (len < 0)
		return err_sys_code(err, ERR_NOT_FOUND, (int)-len, "read the pod ID file '%s'", path);
	*ret = mem_strdup(id);
	return 0;
}

static int check(const struct pod_targets *targets, char *const *args, struct error *err)
{
	bool flag = targets->all || targets->latest, named = args[0] || targets->id_files;
	if (targets->all && targets->latest)
		return err_set(err, ERR_USAGE, "--all and --latest cannot be used together");
	if (flag && named)
		return err_set(err, ERR_USAGE, "--all and --latest cannot be used together with names");
	return flag || named ? 0 : err_set(err, ERR_USAGE, "name a pod, or say --all");
}

static int add_all(struct cli *cli, bool latest, char ***names, struct error *err)
{
	struct pod **pods;
	size_t count;
	int r = engine_pod_list(cli->engine, &pods, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count && (i == 0 || !latest); i++)
		strv_append(names, pods[i]->name);
	pods_free(pods, count);
	return latest && count == 0 ? err_set(err, ERR_NO_POD, "No such pod: there are none") : 0;
}

static int add_files(const struct pod_targets *targets, char ***names, struct error *err)
{
	for (char **file = targets->id_files; file && *file; file++) {
		struct error why = { 0 };
		char *id = NULL;
		int r = pod_id_file_read(*file, &id, &why);
		if (r < 0 && targets->ignore)
			continue;
		if (r < 0) {
			*err = why;
			return r;
		}
		strv_take(names, id);
	}
	return 0;
}

static int act_on_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct each *each = data;
	_cleanup_pod_ struct pod *pod = NULL;
	struct error why = { 0 };
	int r = engine_pod_find(cli->engine, name, &pod, &why);
	if (r == -ERR_NO_POD && each->targets->ignore)
		return 0;
	if (r < 0) {
		*err = why;
		return r;
	}
	r = each->act(cli, each->targets, pod, err);
	if (r >= 0)
		puts(name);
	return r;
}

int pod_targets_each(struct cli *cli, const struct pod_targets *targets, char *const *args, pod_action *act,
		     struct error *err)
{
	_cleanup_strv_ char **names = args[0] ? strv_copy(args) : NULL;
	const struct each each = { targets, act };
	int r = check(targets, args, err);
	if (r >= 0 && (targets->all || targets->latest))
		r = add_all(cli, targets->latest, &names, err);
	if (r >= 0)
		r = add_files(targets, &names, err);
	return r < 0 || !names ? r : report_each(cli, &each, names, act_on_one);
}

/* --- their containers --- */

int pod_container_names(struct cli *cli, char *const *pods, bool running, char ***ret, struct error *err)
{
	_cleanup_strv_ char **names = NULL, **all = NULL;
	int r = *pods ? 0 : add_all(cli, false, &all, err);
	for (char *const *name = *pods ? pods : all; r >= 0 && name && *name; name++) {
		_cleanup_pod_ struct pod *pod = NULL;
		r = engine_pod_find(cli->engine, *name, &pod, err);
		for (size_t i = 0; r >= 0 && i < pod->n_containers; i++)
			if (!running || pod->containers[i]->state == STATE_RUNNING)
				strv_append(&names, pod->containers[i]->name);
	}
	if (r < 0)
		return r;
	if (!names)
		return *pods ? err_set(err, ERR_STATE, "no container of pod \"%s\" is running", *pods)
			     : err_set(err, ERR_NO_POD, "No such pod: there are none");
	*ret = TAKE_PTR(names);
	return 0;
}
