/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "runtime/cgroup-internal.h"

/* Why a component cannot be a cgroup's name, or NULL. */
static const char *component_fault(const char *name, size_t len)
{
	if (len == 0)
		return "has an empty component";
	if (len > NAME_MAX)
		return "has a component longer than 255 bytes";
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return "has a \".\" or \"..\"";
	if (str_starts_with(name, "cgroup."))
		return "has a component with the kernel's prefix \"cgroup.\"";
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return "has a control character";
	return NULL;
}

int cgroup_check_path(const char *path, struct error *err)
{
	const char *fault = NULL;
	if (*path != '/')
		fault = "is not absolute";
	else if (path[1] == '\0')
		fault = "is the root, which holds everything";
	else if (strlen(path) > PATH_MAX / 2) /* there is a mount point in front of it and a file name behind */
		fault = "is too long";
	for (const char *at = path; !fault && *at; at += 1 + strcspn(at + 1, "/"))
		fault = component_fault(at + 1, strcspn(at + 1, "/"));
	return fault ? err_set(err, ERR_SPEC, "cgroup path \"%s\" %s", path, fault) : 0;
}

struct cgroup *cgroup_new(const char *path)
{
	struct cgroup *cgroup = NEW(struct cgroup);
	cgroup->path = mem_strdup(path);
	return cgroup;
}

struct cgroup *cgroup_none(void)
{
	return cgroup_new("");
}

void cgroup_add_tree(struct cgroup *cgroup, const struct cgroup_mount *mount, int fd)
{
	cgroup->trees[cgroup->n_trees++] = (struct cgroup_tree){
		.name = mount->name,
		.controllers = mount->controllers,
		.mount_point = mount->mount_point,
		.v2 = !mount->controllers,
		.fd = fd,
	};
}

void cgroup_free(struct cgroup *cgroup)
{
	if (!cgroup)
		return;
	for (size_t i = 0; i < cgroup->n_trees; i++)
		fd_close(cgroup->trees[i].fd);
	free(cgroup->path);
	free(cgroup);
}

const char *cgroup_path(const struct cgroup *cgroup)
{
	return cgroup->path;
}

bool cgroup_is_there(const struct cgroup *cgroup)
{
	return *cgroup->path && !cgroup->expected;
}

size_t cgroup_trees(const struct cgroup *cgroup, const struct cgroup_tree **ret)
{
	*ret = cgroup->trees;
	return cgroup->n_trees;
}

int cgroup_clone_fd(const struct cgroup *cgroup)
{
	const struct cgroup_tree *tree = cgroup_v2_tree(cgroup);
	return tree ? tree->fd : -1;
}

const struct cgroup_tree *cgroup_v1_tree(const struct cgroup *cgroup, const char *controller)
{
	for (size_t i = 0; i < cgroup->n_trees; i++)
		if (cgroup_has_controller(cgroup->trees[i].controllers, controller))
			return &cgroup->trees[i];
	return NULL;
}

const struct cgroup_tree *cgroup_v2_tree(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->n_trees; i++)
		if (cgroup->trees[i].v2)
			return &cgroup->trees[i];
	return NULL;
}

const struct cgroup_tree *cgroup_find_tree(const struct cgroup *cgroup, const char *controller)
{
	const struct cgroup_tree *v1 = cgroup_v1_tree(cgroup, controller);
	return v1 ? v1 : cgroup_v2_tree(cgroup);
}

const struct cgroup_tree *cgroup_main_tree(const struct cgroup *cgroup)
{
	const struct cgroup_tree *tree = cgroup_v2_tree(cgroup);
	if (!tree)
		tree = cgroup_v1_tree(cgroup, "freezer");
	return tree || cgroup->n_trees == 0 ? tree : &cgroup->trees[0];
}

char *cgroup_tree_path(const struct cgroup_tree *tree, const char *path)
{
	return mem_printf("%s%s", tree->mount_point, path);
}

static int refuse_populated(const struct cgroup_tree *tree, const char *path, struct error *err)
{
	_cleanup_pid_list_ struct pid_list list = { 0 };
	_cleanup_free_ char *full = cgroup_tree_path(tree, path);
	int r = cgroup_read_pids_below(tree->fd, &list);
	if (r < 0)
		return err_sys_code(err, ERR_CGROUP, -r, "list the processes of '%s'", full);
	if (list.count == 0)
		return 0;
	_cleanup_free_ char *names = cgroup_describe_pids(&list);
	err_set(err, ERR_BUSY, "cgroup '%s' exists and is in use", full);
	return err_cause(err, "it holds %s", names);
}

/* Add the tree of @mount, unless the hierarchy is none that we may write to. */
static int create_in_tree(struct cgroup *cgroup, const struct cgroup_mount *mount, bool *ret_made, struct error *err)
{
	bool made;
	int fd = cgroup_make_directory(mount, cgroup->path, &made, err);
	if (fd < 0) {
		bool not_ours = err->sys_errno == EACCES || err->sys_errno == EPERM || err->sys_errno == EROFS;
		if (!not_ours)
			return fd;
		log_debug("cgroup hierarchy '%s' is left out: %s", mount->mount_point, err->message);
		cgroup->refusals[cgroup->n_refusals++] = (struct cgroup_refusal){ mount, err->sys_errno };
		err_clear(err);
		return 0;
	}
	cgroup_add_tree(cgroup, mount, fd);
	*ret_made = made;
	if (made)
		return 0;
	cgroup->fresh = false;
	return refuse_populated(&cgroup->trees[cgroup->n_trees - 1], cgroup->path, err);
}

/* Remove what a failed creation has made; what was there before it stays. */
static void undo_create(struct cgroup *cgroup, const bool *made)
{
	_cleanup_free_ char *beside = mem_printf("../%s", path_base(cgroup->path));
	for (size_t i = 0; i < cgroup->n_trees; i++)
		if (made[i])
			(void)unlinkat(cgroup->trees[i].fd, beside, AT_REMOVEDIR);
}

int cgroup_create(const char *path, struct cgroup **ret, struct error *err)
{
	int r = cgroup_check_path(path, err);
	if (r < 0)
		return r;
	const struct cgroup_mounts *mounts = cgroup_mounts();
	_cleanup_cgroup_ struct cgroup *cgroup = cgroup_new(path);
	bool made[CGROUP_TREES_MAX] = { false }; /* as cgroup->trees */
	struct error local = { 0 };
	cgroup->fresh = true;
	for (size_t i = 0; i < mounts->count; i++) {
		r = create_in_tree(cgroup, &mounts->list[i], &made[cgroup->n_trees], &local);
		if (r < 0) {
			undo_create(cgroup, made);
			if (err)
				*err = local;
			return r;
		}
	}
	*ret = TAKE_PTR(cgroup);
	return 0;
}

int cgroup_open(const char *path, struct cgroup **ret, struct error *err)
{
	int r = cgroup_check_path(path, err);
	if (r < 0)
		return r;
	const struct cgroup_mounts *mounts = cgroup_mounts();
	_cleanup_cgroup_ struct cgroup *cgroup = cgroup_new(path);
	for (size_t i = 0; i < mounts->count; i++) {
		_cleanup_free_ char *full = mem_printf("%s%s", mounts->list[i].mount_point, path);
		int fd = open(full, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			cgroup_add_tree(cgroup, &mounts->list[i], fd);
		else if (errno != ENOENT)
			return err_sys_code(err, ERR_CGROUP, errno, "open cgroup '%s'", full);
	}
	if (cgroup->n_trees == 0)
		return err_set(err, ERR_NOT_FOUND, "no cgroup '%s' in any hierarchy", path);
	*ret = TAKE_PTR(cgroup);
	return 0;
}
