/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of a container out of images: a child enters the container's cgroup, makes a mount namespace in which the
 * root filesystem is a mount as criu wants it, and executes criu. That restores the first process beside itself
 * (--restore-sibling), as our child, writes down which it is, and is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/criu.h"
#include "runtime/init.h"
#include "runtime/mount-options.h"
#include "runtime/process-setup.h"

#define LOG "restore.log"
#define PID_FILE "criu.pid"
#define ROOT "criu-root"

enum { DESCRIPTORS_MAX = 64 << 10 };

struct restore {
	const struct container_create_options *options;
	const struct container *container;
	struct cgroup *cgroup;
	char *criu, *root, *pid_file;
	char **argv;
	int sync[2];
};

static void restore_done(struct restore *restore)
{
	free(restore->criu);
	free(restore->root);
	free(restore->pid_file);
	strv_free(restore->argv);
	fd_close(restore->sync[0]);
	fd_close(restore->sync[1]);
}

/* --- arguments --- */

static void put(struct restore *restore, const char *flag, char *value)
{
	strv_append(&restore->argv, flag);
	strv_take(&restore->argv, value);
}

static void put_mounts(struct restore *restore)
{
	const struct spec *spec = restore->options->spec;
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (mount_is_bind(&spec->mounts[i]))
			put(restore, "--external",
			    mem_printf("mnt[%s]:%s", spec->mounts[i].destination, spec->mounts[i].source));
	if (spec->masked_paths)
		put(restore, "--external", mem_strdup("mnt[/dev/null]:/dev/null"));
}

/* Streams that were pipes become ours. */
static int put_streams(struct restore *restore, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_free_ char *path = path_join(restore->options->restore->images, "descriptors.json");
	int r = json_load(AT_FDCWD, path, DESCRIPTORS_MAX, ERR_INVALID, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	size_t count = json_object_is_type(root.value, json_type_array) ? json_array_length(&root) : 0;
	for (size_t fd = 0; fd < MIN(count, (size_t)3); fd++) {
		struct json_node element = json_array_at(&root, fd);
		const char *target;
		if ((r = json_as_string(&element, &target, err)) < 0)
			return r;
		if (str_starts_with(target, "pipe:"))
			put(restore, "--inherit-fd", mem_printf("fd[%zu]:%s", fd, target));
	}
	return 0;
}

/* Namespaces that were joined: criu has two ways, by type. The fds stay open in the child. */
static int put_namespaces(struct restore *restore, struct error *err)
{
	const struct spec *spec = restore->options->spec;
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		const char *path = spec->namespaces[type].path;
		if (!path)
			continue;
		if (type == NAMESPACE_CGROUP || type == NAMESPACE_TIME)
			return err_set(err, ERR_UNSUPPORTED,
				       "a container cannot be restored into a %s namespace that exists",
				       namespace_spec_name(type));
		if (type != NAMESPACE_NETWORK && type != NAMESPACE_PID) {
			put(restore, "--join-ns", mem_printf("%s:%s", namespace_proc_name(type), path));
			continue;
		}
		int fd = open(path, O_RDONLY); /* for criu */
		if (fd < 0)
			return err_sys(err, errno, "open %s namespace '%s'", namespace_spec_name(type), path);
		put(restore, "--inherit-fd",
		    mem_printf("fd[%d]:%s", fd, type == NAMESPACE_NETWORK ? "extRootNetNS" : "extRootPidNS"));
	}
	return 0;
}

/* Where we are now is where the container is to be, whatever the images say. */
static int put_cgroups(struct restore *restore, struct error *err)
{
	enum { CGROUPS_MAX = 64 << 10 };
	_cleanup_free_ char *text = NULL;
	int r = file_read(AT_FDCWD, "/proc/self/cgroup", CGROUPS_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; *line; line++) {
		char *controllers = strchr(*line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		put(restore, "--cgroup-root",
		    controllers[1] ? mem_printf("%s:%s", controllers + 1, path) : mem_strdup(path));
	}
	return 0;
}

static int put_arguments(struct restore *restore, struct error *err)
{
	const struct criu_options *criu = restore->options->restore;
	strv_append(&restore->argv, "criu");
	strv_append(&restore->argv, "restore");
	strv_append(&restore->argv, "--restore-detached");
	strv_append(&restore->argv, "--restore-sibling");
	strv_append(&restore->argv, "--evasive-devices");
	criu_put_common(&restore->argv, criu, restore->container, LOG);
	put(restore, "--pidfile", mem_strdup(restore->pid_file));
	put(restore, "--root", mem_strdup(restore->root));
	if (criu->lsm_profile)
		put(restore, "--lsm-profile", mem_strdup(criu->lsm_profile));
	if (criu->lsm_mount_context)
		put(restore, "--lsm-mount-context", mem_strdup(criu->lsm_mount_context));
	put_mounts(restore);
	return put_streams(restore, err);
}

/* --- in the child --- */

static bool is_below_tmpfs(const struct spec *spec, size_t index)
{
	const char *destination = spec->mounts[index].destination;
	for (size_t i = 0; i < index; i++) {
		const char *rest = str_after(destination, spec->mounts[i].destination);
		if (rest && *rest == '/' && spec->mounts[i].type && streq(spec->mounts[i].type, "tmpfs"))
			return true;
	}
	return false;
}

/* criu expects what the container's creation has made; what is in a tmpfs is in the images. */
static int make_mount_points(const struct spec *spec, int root, struct error *err)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		struct stat st;
		bool file = mount_is_bind(mount) && stat(mount->source, &st) == 0 && !S_ISDIR(st.st_mode);
		if (is_below_tmpfs(spec, i))
			continue;
		_cleanup_close_ int fd = file ? path_make_file_in_root(root, mount->destination, 0644, 0755) :
						path_make_dirs_in_root(root, mount->destination, 0755);
		if (fd < 0)
			return err_sys_code(err, ERR_MOUNT, -fd, "make mount point '%s'", mount->destination);
	}
	return 0;
}

static int enter(struct restore *restore, struct error *err)
{
	int r = cgroup_join_self(restore->cgroup, false, err);
	if (r < 0)
		return r;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount(restore->container->rootfs, restore->root, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "mount root filesystem '%s' for criu",
				    restore->container->rootfs);
	_cleanup_close_ int root = open(restore->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, errno, "open '%s'", restore->root);
	if ((r = make_mount_points(restore->options->spec, root, err)) < 0 || (r = put_namespaces(restore, err)) < 0 ||
	    (r = put_cgroups(restore, err)) < 0)
		return r;
	process_reset_signals();
	return process_take_stdio(restore->options->stdio, err);
}

_Noreturn static void become_criu(struct restore *restore)
{
	struct error err = { 0 };
	if (enter(restore, &err) == 0) {
		execv(restore->criu, restore->argv);
		(void)err_sys(&err, errno, "run '%s'", restore->criu);
	}
	(void)init_send(restore->sync[1], INIT_ERROR, &err, -1);
	_exit(EXIT_FAILURE);
}

/* --- outside --- */

static int read_pid(const struct restore *restore, pid_t *ret, struct error *err)
{
	char text[32];
	uint64_t pid;
	ssize_t n = file_read_line(AT_FDCWD, restore->pid_file, text, sizeof text);
	if (n < 0 || parse_u64(text, INT32_MAX, &pid, NULL) < 0 || pid == 0)
		return err_set(err, ERR_SYSTEM, "criu has not said which process it has restored");
	*ret = (pid_t)pid;
	return 0;
}

static int run_criu(struct restore *restore, struct error *err)
{
	int status;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, restore->sync) < 0)
		return err_sys(err, errno, "make a socket pair");
	pid_t child = fork();
	if (child < 0)
		return err_sys(err, errno, "make a process");
	if (child == 0)
		become_criu(restore);
	fd_close(TAKE_FD(restore->sync[1]));
	int r = init_await_exec(restore->sync[0], err);
	int waited = process_wait(child, &status, r < 0 ? NULL : err);
	if (r < 0 || waited < 0)
		return MIN(r, waited);
	return process_exit_code(status) == 0 ? 0 : criu_failed(restore->options->restore, LOG, status, err);
}

int criu_restore(const struct container_create_options *options, const struct container *container,
		 struct cgroup *cgroup, pid_t *ret_pid, struct error *err)
{
	_cleanup_(restore_done) struct restore restore = {
		.options = options, .container = container, .cgroup = cgroup, .sync = { -1, -1 }
	};
	/* criu has another working directory. */
	_cleanup_free_ char *cwd = *options->root == '/' ? NULL : getcwd(NULL, 0);
	_cleanup_free_ char *state = mem_printf("%s%s%s/%s", cwd ? cwd : "", cwd ? "/" : "", options->root, options->id);
	const struct criu_options *criu = options->restore;
	restore.root = path_join(state, ROOT);
	restore.pid_file = path_join(state, PID_FILE);
	int r = criu_find(options->spec, &restore.criu, err);
	if (r < 0 || (criu->work && (r = path_make_dirs(criu->work, 0700, err)) < 0) ||
	    (r = path_make_dirs(restore.root, 0755, err)) < 0 || (r = put_arguments(&restore, err)) < 0 ||
	    (r = run_criu(&restore, err)) < 0 || (r = read_pid(&restore, ret_pid, err)) < 0)
		return r;
	(void)rmdir(restore.root);
	(void)unlink(restore.pid_file);
	return 0;
}
