/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "programs/runtime/bundle.h"
#include "programs/runtime/foreground.h"
#include "programs/runtime/notify.h"

enum { KILLED = 128 + SIGKILL };

static int start_and_wait(const struct bundle_options *options, struct container *container,
			  struct container_init *init, int signals, struct error *err)
{
	_cleanup_notify_ struct notify notify = { .socket = -1 };
	int r = bundle_announce(options, init, false, err);
	if (r < 0)
		return r;
	notify_open(&notify, container->root, container->id);
	notify.main_pid = options->detach ? init->pid : getpid();
	if ((r = container_release(container, init, err)) < 0)
		return r;
	if (!options->detach)
		return foreground_supervise(init, signals, &notify, err);
	notify_await(&notify, init->pidfd);
	return 0;
}

/* A program that was killed has not said why. */
static void warn_of_memory(const struct container *container)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct cgroup_oom oom = { 0 };
	if (container_open_cgroup(container, &cgroup, NULL) < 0 || cgroup_read_oom(cgroup, &oom, NULL) < 0 ||
	    !oom.limit.set || oom.oom_kill.value == 0)
		return;
	log_warn("container '%s' was killed by the kernel: out of memory (limit %" PRIu64 " KiB)", container->id,
		 oom.limit.value >> 10);
}

static int run_container(const struct runtime_globals *globals, const struct bundle_options *options, const char *id,
			 struct error *err)
{
	_cleanup_bundle_ struct bundle bundle = { .fd = -1, .cache_dir = -1 };
	_cleanup_container_ struct container *container = NULL;
	struct container_init init;
	int r = bundle_open(globals, options, id, &bundle, err);
	if (r < 0)
		return r;
	if (options->detach && bundle.spec->process->terminal && !options->console_socket)
		return err_set(err, ERR_TTY, "cannot allocate a terminal for '%s' without --console-socket", id);
	if (!options->detach && !options->no_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	struct container_create_options create_options = bundle_create_options(globals, options, &bundle, id);
	create_options.in_process_start = true;
	r = container_create(&create_options, &container, &init, err);
	if (r < 0)
		return r;
	_cleanup_close_ int signals = options->detach ? -1 : foreground_block_signals(err);
	r = signals < 0 && !options->detach ? signals : start_and_wait(options, container, &init, signals, err);
	if (r == KILLED)
		warn_of_memory(container);
	bool keep = r >= 0 && (options->detach || options->keep);
	struct error why = { 0 };
	if (!keep && container_delete(container, true, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "delete container", &why);
	container_init_done(&init);
	return r;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	struct bundle_options options = { 0 };
	const struct option *const tables[] = { verb->options, NULL };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 1, 1, &args, err);
	if (r == 0) {
		r = run_container(globals, &options, args[0], err);
		if (r < 0)
			err_wrap(err, "run container '%s'", args[0]);
	} else if (r > 0) {
		r = 0;
	}
	options_done(tables, &options);
	return r;
}

static const struct option OPTIONS[] = {
	BUNDLE_OPTIONS,
	OPT_BOOL(struct bundle_options, detach, 'd', "detach", "Do not wait for the container to end"),
	OPT_BOOL(struct bundle_options, keep, 0, "keep", "Do not delete the container when it has ended"),
	OPT_BOOL(struct bundle_options, no_subreaper, 0, "no-subreaper", "Do not adopt the container's orphans"),
	OPT_END,
};

const struct runtime_verb verb_run = {
	.name = "run",
	.arguments = "ID",
	.summary = "Create and start a container",
	.options = OPTIONS,
	.flags = VERB_ENTERS,
	.run = run,
};
