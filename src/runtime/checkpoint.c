/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"
#include "runtime/criu.h"
#include "runtime/mount-options.h"
#include "runtime/procfs.h"

#define LOG "dump.log"
#define DESCRIPTORS "descriptors.json" /* what 0, 1 and 2 are, for restore */

/* --- what comes from outside --- */

static void put_external(char ***argv, const char *type, const char *id, const char *key)
{
	strv_append(argv, "--external");
	strv_take(argv, mem_printf("%s[%s]:%s", type, id, key));
}

/* Files that are hidden are mounts of the host's /dev/null. */
static void put_mounts(char ***argv, const struct spec *spec, int root)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (mount_is_bind(&spec->mounts[i]))
			put_external(argv, "mnt", spec->mounts[i].destination, spec->mounts[i].destination);
	for (char **path = spec->masked_paths; path && *path; path++) {
		struct stat st;
		_cleanup_close_ int fd = path_open_in_root(root, *path, O_PATH, 0);
		if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
			put_external(argv, "mnt", *path, "/dev/null");
	}
}

static int put_namespace(char ***argv, const struct spec *spec, enum namespace_type type, const char *key,
			 struct error *err)
{
	const char *path = spec->namespaces[type].path;
	struct stat st;
	char inode[24];
	if (!path)
		return 0;
	if (stat(path, &st) < 0)
		return err_sys(err, errno, "look at %s namespace '%s'", namespace_spec_name(type), path);
	snprintf(inode, sizeof inode, "%llu", (unsigned long long)st.st_ino);
	put_external(argv, namespace_proc_name(type), inode, key);
	return 0;
}

static int put_page_server(char ***argv, const char *address, struct error *err)
{
	const char *colon = address ? strrchr(address, ':') : NULL;
	if (!address)
		return 0;
	if (!colon || colon == address || !colon[1])
		return err_set(err, ERR_USAGE, "--page-server \"%s\" is not ADDRESS:PORT", address);
	strv_append(argv, "--page-server");
	strv_append(argv, "--address");
	strv_take(argv, mem_strndup(address, (size_t)(colon - address)));
	strv_append(argv, "--port");
	strv_append(argv, colon + 1);
	return 0;
}

/* criu stops the processes by it, and else by tracing each. */
static void put_freezer(char ***argv, const struct container *container)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	if (!*container->cgroup_path || cgroup_open(container->cgroup_path, &cgroup, NULL) < 0)
		return;
	const struct cgroup_tree *tree = cgroup_freezer_tree(cgroup);
	if (!tree)
		return;
	strv_append(argv, "--freeze-cgroup");
	strv_take(argv, cgroup_tree_path(tree, cgroup->path));
}

/* --- directories --- */

static int make_directories(const struct criu_options *criu, struct error *err)
{
	int r = path_make_dirs(criu->images, 0700, err);
	if (r == 0 && criu->work)
		r = path_make_dirs(criu->work, 0700, err);
	if (r < 0 || !criu->parent)
		return r;
	_cleanup_free_ char *parent = path_join(criu->images, criu->parent);
	if (criu->parent[0] == '/')
		return err_set(err, ERR_USAGE, "--parent-path \"%s\" is not relative to the images' directory",
			       criu->parent);
	struct stat st;
	if (stat(parent, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_NOT_FOUND, "there is no directory '%s' with earlier images", parent);
	return 0;
}

static int write_descriptors(const struct criu_options *criu, int proc, pid_t pid, struct error *err)
{
	_cleanup_json_ struct json_object *array = json_object_new_array();
	_cleanup_close_ int dir = open(criu->images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++) {
		char path[48], target[256] = "";
		snprintf(path, sizeof path, "%d/fd/%d", pid, fd);
		ssize_t n = readlinkat(proc, path, target, sizeof target - 1);
		target[MAX(n, 0)] = '\0';
		json_append_string(array, target);
	}
	if (dir < 0)
		return err_sys(err, errno, "open '%s'", criu->images);
	const char *text = json_text(array);
	return file_write_atomic(dir, DESCRIPTORS, text, strlen(text), 0600, 0, err);
}

/* --- the work --- */

static int put_arguments(char ***argv, const struct container *container, const struct spec *spec, int root,
			 const struct criu_options *criu, struct error *err)
{
	strv_append(argv, "criu");
	strv_append(argv, criu->pre_dump ? "pre-dump" : "dump");
	strv_append(argv, "--tree");
	strv_take(argv, mem_printf("%d", container->pid));
	criu_put_common(argv, criu, container, LOG);
	strv_append(argv, "--root");
	strv_append(argv, container->rootfs);
	if (criu->leave_running)
		strv_append(argv, "--leave-running");
	if (criu->parent || criu->pre_dump)
		strv_append(argv, "--track-mem");
	if (criu->parent) {
		strv_append(argv, "--prev-images-dir");
		strv_append(argv, criu->parent);
	}
	if (criu->status_fd >= 0) {
		strv_append(argv, "--status-fd");
		strv_take(argv, mem_printf("%d", PASS_FD_FIRST));
	}
	put_freezer(argv, container);
	int r = put_page_server(argv, criu->page_server, err);
	if (r < 0 || (r = put_namespace(argv, spec, NAMESPACE_NETWORK, "extRootNetNS", err)) < 0 ||
	    (r = put_namespace(argv, spec, NAMESPACE_PID, "extRootPidNS", err)) < 0)
		return r;
	if (!criu->pre_dump)
		put_mounts(argv, spec, root);
	return 0;
}

static int dump(struct container *container, const struct spec *spec, const struct criu_options *criu, const char *path,
		int proc, struct error *err)
{
	_cleanup_strv_ char **argv = NULL;
	char root_path[32];
	snprintf(root_path, sizeof root_path, "%d/root", container->pid);
	_cleanup_close_ int root = openat(proc, root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? err_sys(err, errno, "open the root of container '%s'", container->id) : 0;
	if (r < 0 || (r = make_directories(criu, err)) < 0 ||
	    (r = put_arguments(&argv, container, spec, root, criu, err)) < 0)
		return r;
	if (!criu->pre_dump && (r = write_descriptors(criu, proc, container->pid, err)) < 0)
		return r;
	struct process_spawn spawn = {
		.path = path,
		.argv = argv,
		.stdio = { -1, STDERR_FILENO, STDERR_FILENO },
		.pass_fds = &criu->status_fd,
		.n_pass_fds = criu->status_fd >= 0,
	};
	pid_t pid;
	int status;
	if ((r = process_spawn(&spawn, &pid, err)) < 0 || (r = process_wait(pid, &status, err)) < 0)
		return r;
	return process_exit_code(status) == 0 ? 0 : criu_failed(criu, LOG, status, err);
}

int container_checkpoint(struct container *container, const struct criu_options *criu, struct error *err)
{
	_cleanup_spec_ struct spec *spec = NULL;
	_cleanup_free_ char *path = NULL;
	enum container_status status;
	int r = container_status(container, &status, err);
	if (r < 0)
		return r;
	if (status != CONTAINER_RUNNING && status != CONTAINER_PAUSED)
		return err_set(err, ERR_STATE, "container not running: '%s' is %s", container->id,
			       container_status_name(status));
	if ((r = container_load_spec(container, &spec, err)) < 0 || (r = criu_find(spec, &path, err)) < 0)
		return r;
	_cleanup_close_ int proc = procfs_open(err);
	return proc < 0 ? proc : dump(container, spec, criu, path, proc, err);
}
