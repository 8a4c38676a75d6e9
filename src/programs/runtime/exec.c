/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/str.h"
#include "programs/runtime/activation.h"
#include "programs/runtime/bundle.h"
#include "programs/runtime/foreground.h"
#include "runtime/capability.h"

struct exec_options {
	struct bundle_options common; /* pid_file, console_socket, preserve_fds, detach */
	char *process, *cwd, *user, *process_label, *apparmor;
	char **env, **gids, **caps, **cgroups;
	bool tty, no_new_privs, ignore_paused;
};

/* "uid" or "uid:gid", whole numbers: a tail would be somebody else's idea of a user. */
static int apply_user(const char *text, struct spec_user *user, struct error *err)
{
	_cleanup_strv_ char **parts = strv_split(text, ':');
	uint64_t uid, gid = user->gid;
	if (strv_count(parts) < 1 || strv_count(parts) > 2)
		return err_set(err, ERR_USAGE, "--user \"%s\" is not UID or UID:GID", text);
	int r = parse_u64(parts[0], UINT32_MAX - 1, &uid, err);
	if (r == 0 && parts[1])
		r = parse_u64(parts[1], UINT32_MAX - 1, &gid, err);
	if (r < 0)
		return err_wrap(err, "--user");
	user->uid = (uid_t)uid;
	user->gid = (gid_t)gid;
	return 0;
}

static int apply_groups(char *const *groups, struct spec_user *user, struct error *err)
{
	for (; groups && *groups; groups++) {
		uint64_t gid;
		if (parse_u64(*groups, UINT32_MAX - 1, &gid, err) < 0)
			return err_wrap(err, "--additional-gids");
		*ARRAY_APPEND(user->additional_gids, user->n_additional_gids) = (gid_t)gid;
	}
	return 0;
}

static int apply_capabilities(char *const *names, struct spec_process *process, struct error *err)
{
	for (; names && *names; names++) {
		int capability = capability_from_name(*names, err);
		if (capability < 0)
			return err_wrap(err, "--cap");
		if (!process->capabilities)
			process->capabilities = NEW(struct spec_capabilities);
		process->capabilities->bounding |= capability_bit(capability);
		process->capabilities->effective |= capability_bit(capability);
		process->capabilities->permitted |= capability_bit(capability);
	}
	return 0;
}

static void replace_text(char **field, const char *text)
{
	if (!text)
		return;
	free(*field);
	*field = mem_strdup(text);
}

/* The container's own process, changed by the flags. */
static int apply_flags(const struct exec_options *options, char *const *args, struct spec_process *process,
		       struct error *err)
{
	int r = options->user ? apply_user(options->user, &process->user, err) : 0;
	if (r < 0 || (r = apply_groups(options->gids, &process->user, err)) < 0 ||
	    (r = apply_capabilities(options->caps, process, err)) < 0)
		return r;
	if (*args) {
		strv_free(process->args);
		process->args = strv_copy(args);
	}
	for (char **variable = options->env; variable && *variable; variable++)
		strv_append(&process->env, *variable);
	replace_text(&process->cwd, options->cwd);
	replace_text(&process->apparmor_profile, options->apparmor);
	replace_text(&process->selinux_label, options->process_label);
	process->terminal = options->tty;
	process->no_new_privileges |= options->no_new_privs;
	if (process->cwd[0] != '/')
		return err_set(err, ERR_USAGE, "--cwd \"%s\" is not an absolute path", process->cwd);
	return 0;
}

static int load_process(const char *path, struct spec_process **ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_load(AT_FDCWD, path, SPEC_SIZE_MAX, ERR_SPEC, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	return spec_process_from_json(&root, ret, err);
}

/* Either the process of a file, *ret_given, or the container's own in its configuration, changed by flags. */
static int choose_process(const struct exec_options *options, char *const *args, struct spec *spec,
			  struct spec_process **ret_given, struct error *err)
{
	if (options->process)
		return load_process(options->process, ret_given, err);
	if (!*args)
		return err_set(err, ERR_USAGE, "\"exec\" needs a program, or --process");
	if (!spec->process)
		return err_set(err, ERR_SPEC, "the container's configuration has no process any more");
	return apply_flags(options, args, spec->process, err);
}

static int hand_over(const struct exec_options *options, struct container_init *init, struct error *err)
{
	int r = bundle_announce(&options->common, init, true, err);
	if (r == 0 && options->common.console_socket && init->console >= 0) {
		r = console_send(options->common.console_socket, init->console, err);
		fd_close(TAKE_FD(init->console));
	}
	return r;
}

static int exec_in(const struct runtime_globals *globals, const struct exec_options *options, char *const *args,
		   struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	_cleanup_spec_ struct spec *spec = NULL;
	struct spec_process *given = NULL;
	int r = activation_check(0, options->common.preserve_fds, err);
	if (r >= 0)
		r = container_load(globals->root, args[0], &container, err);
	if (r == 0)
		r = container_load_spec(container, &spec, err);
	if (r == 0)
		r = choose_process(options, args + 1, spec, &given, err);
	const struct spec_process *process = given || !spec ? given : spec->process;
	if (r == 0 && process->terminal && options->common.detach && !options->common.console_socket)
		r = err_set(err, ERR_TTY, "cannot allocate a terminal without --console-socket");
	_cleanup_close_ int cache = r < 0 ? -1 : bundle_open_cache(globals->root);
	struct container_exec_options exec_options = {
		.process = process,
		.spec = spec,
		.cache_dir = cache,
		.stdio = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
		.preserve_fds = (int)options->common.preserve_fds,
		.cgroups = options->cgroups,
		.ignore_paused = options->ignore_paused,
	};
	struct container_init init = { .pidfd = -1, .console = -1, .sync = -1 };
	_cleanup_close_ int signals = r < 0 || options->common.detach ? -1 : foreground_block_signals(err);
	if (r == 0 && signals < 0 && !options->common.detach)
		r = signals;
	if (r == 0)
		r = container_exec(container, &exec_options, &init, err);
	if (r == 0)
		r = hand_over(options, &init, err);
	if (r < 0 && init.pidfd >= 0) /* nobody would know of it */
		(void)process_signal(init.pidfd, SIGKILL);
	if (r == 0 && !options->common.detach)
		r = foreground_supervise(&init, signals, NULL, err);
	container_init_done(&init);
	spec_process_free(given);
	return r;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	/* As with runc, so that it is not taken for the program's own; but a command line without sense is 1. */
	enum { MOST_ARGUMENTS = 1 << 20, EXEC_FAILED = 255 };
	struct exec_options options = { 0 };
	const struct option *const tables[] = { verb->options, NULL };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 1, MOST_ARGUMENTS, &args, err);
	if (r == 0) {
		r = exec_in(globals, &options, args, err);
		r = r < 0 ? EXEC_FAILED : r;
	} else {
		r = MIN(r, 0);
	}
	options_done(tables, &options);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_STRING(struct exec_options, process, 'p', "process", "FILE", "The process, as in config.json"),
	OPT_STRING(struct exec_options, cwd, 0, "cwd", "DIR", "Its working directory"),
	OPT_LIST(struct exec_options, env, 'e', "env", "Add a variable to its environment"),
	OPT_BOOL(struct exec_options, tty, 't', "tty", "Give it a terminal"),
	OPT_STRING(struct exec_options, user, 'u', "user", "UID[:GID]", "Who it runs as"),
	OPT_LIST(struct exec_options, gids, 'g', "additional-gids", "Add a group"),
	OPT_LIST(struct exec_options, caps, 'c', "cap", "Add a capability"),
	OPT_BOOL(struct exec_options, common.detach, 'd', "detach", "Do not wait for it to end"),
	OPT_STRING(struct exec_options, common.pid_file, 0, "pid-file", "FILE", "Write its process id there"),
	OPT_STRING(struct exec_options, common.pidfd_socket, 0, "pidfd-socket", "PATH",
		   "Send a pidfd of it to this socket"),
	OPT_STRING(struct exec_options, common.console_socket, 0, "console-socket", "PATH",
		   "Send the terminal's master to this socket"),
	OPT_STRING(struct exec_options, process_label, 0, "process-label", "LABEL", "Its SELinux label"),
	OPT_STRING(struct exec_options, apparmor, 0, "apparmor", "PROFILE", "Its AppArmor profile"),
	OPT_BOOL(struct exec_options, no_new_privs, 0, "no-new-privs", "Set no_new_privs"),
	OPT_LIST(struct exec_options, cgroups, 0, "cgroup", "Run it in a sub-cgroup: [CONTROLLER[,CONTROLLER]:]PATH"),
	OPT_BOOL(struct exec_options, common.no_subreaper, 0, "no-subreaper", NULL), /* of older runc's */
	OPT_BOOL(struct exec_options, ignore_paused, 0, "ignore-paused", "Also in a paused container"),
	OPT_PARSED(struct exec_options, common.preserve_fds, bundle_parse_fds, 0, "preserve-fds", "N",
		   "Pass N further file descriptors, from 3 up"),
	OPT_END,
};

const struct runtime_verb verb_exec = {
	.name = "exec",
	.arguments = "ID [PROGRAM [ARGUMENTS]]",
	.summary = "Run another program in a container",
	.options = OPTIONS,
	.flags = VERB_ENTERS | VERB_STOPS_AT_ARGUMENT,
	.run = run,
};
