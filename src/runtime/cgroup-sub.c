/* SPDX-License-Identifier: Apache-2.0 */
/* Sub-cgroups that the container has made, as places for newcomers. Source: runc-exec(8), "--cgroup". */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "runtime/cgroup-internal.h"

/* No list at all means every tree. */
static bool concerns(const struct cgroup_tree *tree, char *const *controllers)
{
	for (char *const *name = controllers; name && *name; name++)
		if (cgroup_has_controller(tree->controllers, *name))
			return true;
	return !controllers;
}

static int check_controllers(const struct cgroup *cgroup, char *const *controllers, const char *word, struct error *err)
{
	for (; controllers && *controllers; controllers++)
		if (!**controllers || !cgroup_v1_tree(cgroup, *controllers))
			return err_set(err, ERR_USAGE, "unknown controller \"%s\" in \"%s\"", *controllers, word);
	return 0;
}

static int check_path(const char *path, struct error *err)
{
	_cleanup_free_ char *absolute = mem_printf("/%s", path);
	int r = cgroup_check_path(absolute, err);
	return r < 0 ? err_wrap(err, "bad sub cgroup path \"%s\"", path) : 0;
}

static int descend(struct cgroup *cgroup, struct cgroup_tree *tree, const char *path, struct error *err)
{
	int fd = path_open_beneath(tree->fd, path, O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return err_sys_code(err, ERR_CGROUP, -fd, "join sub-cgroup '%s' of '%s%s'", path, tree->mount_point,
				    cgroup->path);
	fd_close(tree->fd);
	tree->fd = fd;
	return 0;
}

int cgroup_descend(struct cgroup *cgroup, const char *word, struct error *err)
{
	const char *colon = strchr(word, ':'), *path = colon ? colon + 1 : word;
	_cleanup_free_ char *list = colon ? mem_strndup(word, (size_t)(colon - word)) : NULL;
	_cleanup_strv_ char **controllers = list ? strv_split(list, ',') : NULL;
	if (list && !*list)
		return err_set(err, ERR_USAGE, "\"%s\" names no controller before the colon", word);
	int r = check_controllers(cgroup, controllers, word, err);
	path += strspn(path, "/");
	cgroup->exact = true;
	if (r < 0 || !*path || (r = check_path(path, err)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < cgroup->n_trees; i++)
		if (concerns(&cgroup->trees[i], controllers))
			r = descend(cgroup, &cgroup->trees[i], path, err);
	return r;
}

void cgroup_allow_frozen(struct cgroup *cgroup)
{
	cgroup->allow_frozen = true;
}
