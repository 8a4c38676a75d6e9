/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/runtime/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "programs/runtime/activation.h"
#include "programs/runtime/notify.h"

int bundle_parse_fds(const char *value, void *field, struct error *err)
{
	enum { MOST = 1024 };
	return parse_u64(value, MOST, field, err);
}

int bundle_open_cache(const char *root)
{
	_cleanup_free_ char *path = path_join(root, ".seccomp");
	if (path_make_dirs(path, 0700, NULL) < 0)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

int bundle_open(const struct runtime_globals *globals, const struct bundle_options *options, const char *id,
		struct bundle *ret, struct error *err)
{
	int sockets = activation_count(err);
	int r = sockets < 0 ? sockets : activation_check(sockets, options->preserve_fds, err);
	if (r < 0)
		return r;
	_cleanup_bundle_ struct bundle bundle = { .fd = -1, .cache_dir = -1, .n_fds = r };
	const char *given = options->bundle ? options->bundle : ".";
	bundle.path = realpath(given, NULL);
	if (!bundle.path || (bundle.fd = open(bundle.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_sys(err, errno, "open bundle '%s'", given);
	const char *config = options->config ? options->config : "config.json";
	if (faccessat(bundle.fd, config, F_OK, 0) < 0) {
		r = err_sys_code(err, ERR_SPEC, errno, "configuration '%s' in bundle '%s'", config, bundle.path);
		err_hint(err, "coffer-runtime spec --bundle %s", bundle.path);
		return r;
	}
	r = spec_load(bundle.fd, config, &bundle.spec, err);
	if (r < 0)
		return r;
	if (!bundle.spec->process)
		return err_set(err, ERR_SPEC, "%s: /: \"process\" is required to create a container", config);
	activation_announce(bundle.spec->process, sockets);
	if (notify_is_wanted())
		notify_extend_spec(globals->root, id, bundle.spec);
	bundle.cache_dir = bundle.spec->seccomp ? bundle_open_cache(globals->root) : -1;
	*ret = bundle;
	bundle = (struct bundle){ .fd = -1, .cache_dir = -1 };
	return 0;
}

void bundle_close(struct bundle *bundle)
{
	fd_close(bundle->fd);
	fd_close(bundle->cache_dir);
	free(bundle->path);
	spec_free(bundle->spec);
}

struct container_create_options bundle_create_options(const struct runtime_globals *globals,
						      const struct bundle_options *options,
						      const struct bundle *bundle, const char *id)
{
	return (struct container_create_options){
		.root = globals->root,
		.id = id,
		.bundle = bundle->path,
		.bundle_fd = bundle->fd,
		.config = options->config,
		.spec = bundle->spec,
		.rootfs_mount = -1,
		.cache_dir = bundle->cache_dir,
		.stdio = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
		.preserve_fds = bundle->n_fds,
		.console_socket = options->console_socket,
		.no_pivot = options->no_pivot,
		.no_new_keyring = options->no_new_keyring,
		.cgroup_manager = globals->systemd_cgroup ? CGROUP_MANAGER_SYSTEMD : globals->cgroup_manager,
		.notify = notify_is_wanted(),
	};
}

static int write_pid(const struct bundle_options *options, pid_t pid, struct error *err)
{
	const char *name = path_base(options->pid_file);
	_cleanup_free_ char *dir_path = mem_strndup(options->pid_file, (size_t)(name - options->pid_file));
	_cleanup_close_ int dir = open(*dir_path ? dir_path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[16];
	if (dir < 0)
		return err_sys(err, errno, "open the directory of '%s'", options->pid_file);
	int len = snprintf(text, sizeof text, "%d", pid);
	return file_write_atomic(dir, name, text, (size_t)len, 0644, 0, err);
}

int bundle_announce(const struct bundle_options *options, const struct container_init *init, bool of_exec,
		    struct error *err)
{
	int r = str_is_empty(options->pid_file) ? 0 : write_pid(options, init->pid, err);
	if (r == 0 && !str_is_empty(options->pidfd_socket))
		r = pidfd_send(options->pidfd_socket, init->pidfd, of_exec, err);
	return r;
}
