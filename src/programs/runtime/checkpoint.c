/* SPDX-License-Identifier: Apache-2.0 */
/* `checkpoint` and `restore`: their flags are known, so that what is wrong is said in the right words. */
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"
#include "runtime/program.h"

struct criu_options {
	char *image_path, *work_path, *parent_path, *page_server, *cgroups_mode, *lsm_profile, *lsm_mount_context;
	char *console_socket, *bundle, *pid_file, *status_fd;
	char **empty_ns;
	bool leave_running, tcp_established, ext_unix_sk, shell_job, lazy_pages, file_locks, pre_dump, auto_dedup;
	bool tcp_skip_in_flight, link_remap, detach, no_subreaper, no_pivot;
};

#define COMMON_OPTIONS												\
	OPT_STRING(struct criu_options, image_path, 0, "image-path", "DIR",					\
		   "Where the images are (default: checkpoint)"),						\
	OPT_STRING(struct criu_options, work_path, 0, "work-path", "DIR", "Where criu works and logs"),		\
	OPT_BOOL(struct criu_options, tcp_established, 0, "tcp-established", "With open TCP connections"),	\
	OPT_BOOL(struct criu_options, tcp_skip_in_flight, 0, "tcp-skip-in-flight",				\
		 "Drop connections that are being made"),							\
	OPT_BOOL(struct criu_options, link_remap, 0, "link-remap",						\
		 "With open files that have been removed"),							\
	OPT_BOOL(struct criu_options, ext_unix_sk, 0, "ext-unix-sk", "With unix sockets to the outside"),	\
	OPT_BOOL(struct criu_options, shell_job, 0, "shell-job", "A job of a shell"),				\
	OPT_BOOL(struct criu_options, lazy_pages, 0, "lazy-pages", "Bring memory as it is used"),		\
	OPT_BOOL(struct criu_options, file_locks, 0, "file-locks", "With file locks"),				\
	OPT_BOOL(struct criu_options, auto_dedup, 0, "auto-dedup",						\
		 "Drop pages from earlier images that are in later ones"),					\
	OPT_STRING(struct criu_options, cgroups_mode, 0, "manage-cgroups-mode", "MODE",				\
		   "soft, full, strict or ignore"),								\
	OPT_LIST(struct criu_options, empty_ns, 0, "empty-ns", "A namespace whose content is left out")

static const struct option CHECKPOINT_OPTIONS[] = {
	COMMON_OPTIONS,
	OPT_STRING(struct criu_options, parent_path, 0, "parent-path", "DIR", "Images of an earlier --pre-dump"),
	OPT_STRING(struct criu_options, page_server, 0, "page-server", "ADDRESS:PORT", "Send memory there"),
	OPT_STRING(struct criu_options, status_fd, 0, "status-fd", "FD", "Tell that fd when --lazy-pages can begin"),
	OPT_BOOL(struct criu_options, leave_running, 0, "leave-running", "Do not stop the container"),
	OPT_BOOL(struct criu_options, pre_dump, 0, "pre-dump", "Only its memory, while it runs"),
	OPT_END,
};

static const struct option RESTORE_OPTIONS[] = {
	COMMON_OPTIONS,
	OPT_STRING(struct criu_options, bundle, 'b', "bundle", "DIR", "The bundle (default: this directory)"),
	OPT_STRING(struct criu_options, console_socket, 0, "console-socket", "PATH",
		   "Send the terminal's master to this socket"),
	OPT_STRING(struct criu_options, pid_file, 0, "pid-file", "FILE", "Write the process id there"),
	OPT_STRING(struct criu_options, lsm_profile, 0, "lsm-profile", "TYPE:NAME", "Another security label"),
	OPT_STRING(struct criu_options, lsm_mount_context, 0, "lsm-mount-context", "CONTEXT",
		   "Another label of its mounts"),
	OPT_BOOL(struct criu_options, detach, 'd', "detach", "Do not wait for the container to end"),
	OPT_BOOL(struct criu_options, no_subreaper, 0, "no-subreaper", "Do not adopt the container's orphans"),
	OPT_BOOL(struct criu_options, no_pivot, 0, "no-pivot", "Do not use pivot_root"),
	OPT_END,
};

static int refuse(const struct runtime_verb *verb, const char *id, struct error *err)
{
	_cleanup_free_ char *criu = NULL;
	err_set(err, ERR_UNSUPPORTED, "cannot %s container '%s'", verb->name, id);
	if (program_find("criu", environ, &criu, NULL) == 0)
		return err_cause(err, "this version of coffer-runtime does not use %s", criu);
	err_cause(err, "criu, which does the work, is not in $PATH");
	return err_hint(err, "apt-get install criu");
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	(void)globals;
	struct criu_options options = { 0 };
	const struct option *const tables[] = { verb->options, NULL };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 1, 1, &args, err);
	if (r == 0)
		r = refuse(verb, args[0], err);
	options_done(tables, &options);
	return MIN(r, 0);
}

const struct runtime_verb verb_checkpoint = {
	.name = "checkpoint",
	.arguments = "ID",
	.summary = "Save a running container (not supported)",
	.options = CHECKPOINT_OPTIONS,
	.run = run,
};
const struct runtime_verb verb_restore = {
	.name = "restore",
	.arguments = "ID",
	.summary = "Start a container from what checkpoint saved (not supported)",
	.options = RESTORE_OPTIONS,
	.run = run,
};
