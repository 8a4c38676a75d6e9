/* SPDX-License-Identifier: Apache-2.0 */
/* `checkpoint` and `restore`, which have most of their flags in common. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "programs/runtime/bundle.h"
#include "programs/runtime/foreground.h"
#include "runtime/container.h"
#include "runtime/criu.h"

struct criu_flags {
	struct bundle_options common; /* of restore: bundle, console_socket, pid_file, detach, no_subreaper */
	char *image_path, *work_path, *parent_path, *page_server, *lsm_profile, *lsm_mount_context;
	enum cgroups_mode { CGROUPS_SOFT, CGROUPS_FULL, CGROUPS_STRICT, CGROUPS_IGNORE } cgroups_mode;
	char **empty_ns;
	int64_t status_fd;
	bool leave_running, tcp_established, ext_unix_sk, shell_job, lazy_pages, file_locks, pre_dump, auto_dedup;
	bool tcp_skip_in_flight, link_remap, no_pivot;
};

static const char *const cgroups_modes[] = {
	[CGROUPS_SOFT] = "soft",
	[CGROUPS_FULL] = "full",
	[CGROUPS_STRICT] = "strict",
	[CGROUPS_IGNORE] = "ignore",
	NULL,
};

static int parse_fd(const char *value, void *field, struct error *err)
{
	return parse_i64(value, -1, INT32_MAX, field, err);
}

#define COMMON_OPTIONS                                                                                                \
	OPT_STRING(struct criu_flags, image_path, 0, "image-path", "DIR",                                              \
		   "Where the images are (default: checkpoint)"),                                                      \
	OPT_STRING(struct criu_flags, work_path, 0, "work-path", "DIR", "Where criu works and logs"),                  \
	OPT_BOOL(struct criu_flags, tcp_established, 0, "tcp-established", "With open TCP connections"),               \
	OPT_BOOL(struct criu_flags, tcp_skip_in_flight, 0, "tcp-skip-in-flight",                                       \
		 "Drop connections that are being made"),                                                              \
	OPT_BOOL(struct criu_flags, link_remap, 0, "link-remap", "With open files that have been removed"),            \
	OPT_BOOL(struct criu_flags, ext_unix_sk, 0, "ext-unix-sk", "With unix sockets to the outside"),                \
	OPT_BOOL(struct criu_flags, shell_job, 0, "shell-job", "A job of a shell"),                                    \
	OPT_BOOL(struct criu_flags, lazy_pages, 0, "lazy-pages", "Bring memory as it is used"),                        \
	OPT_BOOL(struct criu_flags, file_locks, 0, "file-locks", "With file locks"),                                   \
	OPT_BOOL(struct criu_flags, auto_dedup, 0, "auto-dedup",                                                       \
		 "Drop pages from earlier images that are in later ones"),                                             \
	OPT_CHOICE(struct criu_flags, cgroups_mode, 0, "manage-cgroups-mode", cgroups_modes,                           \
		   "soft (the default), full, strict or ignore"),                                                      \
	OPT_LIST(struct criu_flags, empty_ns, 0, "empty-ns", "A namespace whose content is left out: network")

static const struct option CHECKPOINT_OPTIONS[] = {
	COMMON_OPTIONS,
	OPT_STRING(struct criu_flags, parent_path, 0, "parent-path", "DIR",
		   "Images of an earlier --pre-dump, relative to the new ones"),
	OPT_STRING(struct criu_flags, page_server, 0, "page-server", "ADDRESS:PORT", "Send memory there"),
	OPT_PARSED(struct criu_flags, status_fd, parse_fd, 0, "status-fd", "FD",
		   "Tell that descriptor when --lazy-pages can begin"),
	OPT_BOOL(struct criu_flags, leave_running, 0, "leave-running", "Do not stop and delete the container"),
	OPT_BOOL(struct criu_flags, pre_dump, 0, "pre-dump", "Only its memory, while it runs"),
	OPT_END,
};

static const struct option RESTORE_OPTIONS[] = {
	COMMON_OPTIONS,
	OPT_STRING(struct criu_flags, common.bundle, 'b', "bundle", "DIR", "The bundle (default: this directory)"),
	OPT_STRING(struct criu_flags, common.console_socket, 0, "console-socket", "PATH",
		   "For a terminal, which cannot be restored"),
	OPT_STRING(struct criu_flags, common.pid_file, 0, "pid-file", "FILE", "Write the process id there"),
	OPT_STRING(struct criu_flags, lsm_profile, 0, "lsm-profile", "TYPE:NAME", "Another security label"),
	OPT_STRING(struct criu_flags, lsm_mount_context, 0, "lsm-mount-context", "CONTEXT",
		   "Another label of its mounts"),
	OPT_BOOL(struct criu_flags, common.detach, 'd', "detach", "Do not wait for the container to end"),
	OPT_BOOL(struct criu_flags, common.no_subreaper, 0, "no-subreaper", "Do not adopt the container's orphans"),
	OPT_BOOL(struct criu_flags, no_pivot, 0, "no-pivot", NULL), /* runc's; criu does as it does */
	OPT_END,
};

/* criu works in a directory of its own. free() it. */
static char *absolute(const char *path)
{
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	return *path == '/' || !cwd ? path_normalize(path) : path_join(cwd, path);
}

static int check_flags(const struct criu_flags *flags, struct error *err)
{
	for (char **name = flags->empty_ns; name && *name; name++)
		if (!streq(*name, "network"))
			return err_set(err, ERR_USAGE, "--empty-ns \"%s\": only the network namespace can be left empty",
				       *name);
	if (flags->status_fd >= 0 && fcntl((int)flags->status_fd, F_GETFD) < 0)
		return err_set(err, ERR_USAGE, "--status-fd %d is not open", (int)flags->status_fd);
	return 0;
}

/* @images and @work become the caller's to free; they live as long as the options. */
static struct criu_options to_options(const struct criu_flags *flags, char **images, char **work)
{
	*images = absolute(flags->image_path ? flags->image_path : "checkpoint");
	*work = flags->work_path ? absolute(flags->work_path) : NULL;
	return (struct criu_options){
		.images = *images,
		.work = *work,
		.parent = flags->parent_path,
		.page_server = flags->page_server,
		.cgroups_mode = cgroups_modes[flags->cgroups_mode],
		.lsm_profile = flags->lsm_profile,
		.lsm_mount_context = flags->lsm_mount_context,
		.empty_ns = flags->empty_ns,
		.status_fd = (int)flags->status_fd,
		.leave_running = flags->leave_running,
		.pre_dump = flags->pre_dump,
		.tcp_established = flags->tcp_established,
		.tcp_skip_in_flight = flags->tcp_skip_in_flight,
		.link_remap = flags->link_remap,
		.ext_unix_sk = flags->ext_unix_sk,
		.shell_job = flags->shell_job,
		.lazy_pages = flags->lazy_pages,
		.file_locks = flags->file_locks,
		.auto_dedup = flags->auto_dedup,
	};
}

static int checkpoint(const struct runtime_globals *globals, const struct criu_flags *flags, const char *id,
		      struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	_cleanup_free_ char *images = NULL, *work = NULL;
	struct criu_options options = to_options(flags, &images, &work);
	int r = container_load(globals->root, id, &container, err);
	if (r < 0 || (r = container_checkpoint(container, &options, err)) < 0)
		return r;
	return flags->leave_running || flags->pre_dump ? 0 : container_delete(container, true, err);
}

static int supervise(const struct criu_flags *flags, const struct container_init *init, struct error *err)
{
	int r = bundle_announce(&flags->common, init, false, err);
	if (r < 0 || flags->common.detach)
		return r;
	_cleanup_close_ int signals = foreground_block_signals(err);
	return signals < 0 ? signals : foreground_supervise(init, signals, NULL, err);
}

static int restore(const struct runtime_globals *globals, const struct criu_flags *flags, const char *id,
		   struct error *err)
{
	_cleanup_bundle_ struct bundle bundle = { .fd = -1, .cache_dir = -1 };
	_cleanup_container_ struct container *container = NULL;
	_cleanup_free_ char *images = NULL, *work = NULL;
	struct criu_options options = to_options(flags, &images, &work);
	struct container_init init;
	int r = bundle_open(globals, &flags->common, id, &bundle, err);
	if (r < 0)
		return r;
	if (!flags->common.detach && !flags->common.no_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	struct container_create_options create_options = bundle_create_options(globals, &flags->common, &bundle, id);
	create_options.in_process_start = true;
	create_options.restore = &options;
	r = container_create(&create_options, &container, &init, err);
	if (r < 0)
		return r;
	r = supervise(flags, &init, err);
	struct error why = { 0 };
	if ((r < 0 || !flags->common.detach) && container_delete(container, true, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "delete container", &why);
	container_init_done(&init);
	return r;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	struct criu_flags flags = { .status_fd = -1 };
	const struct option *const tables[] = { verb->options, NULL };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &flags, 1, 1, &args, err);
	if (r == 0) {
		r = check_flags(&flags, err);
		if (r == 0)
			r = (verb == &verb_restore ? restore : checkpoint)(globals, &flags, args[0], err);
		if (r < 0)
			err_wrap(err, "%s container '%s'", verb->name, args[0]);
	} else if (r > 0) {
		r = 0;
	}
	options_done(tables, &flags);
	return r;
}

const struct runtime_verb verb_checkpoint = {
	.name = "checkpoint",
	.arguments = "ID",
	.summary = "Save a running container to files, by criu(8)",
	.options = CHECKPOINT_OPTIONS,
	.run = run,
};
const struct runtime_verb verb_restore = {
	.name = "restore",
	.arguments = "ID",
	.summary = "Start a container from what checkpoint has saved",
	.options = RESTORE_OPTIONS,
	.run = run,
};
