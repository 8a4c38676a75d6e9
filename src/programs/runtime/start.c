/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/process.h"
#include "programs/runtime/notify.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"

static int start(struct container *container, struct error *err)
{
	_cleanup_notify_ struct notify notify;
	notify_open(&notify, container->root, container->id);
	int r = container_start(container, err);
	if (r < 0 || notify.socket < 0)
		return r;
	notify.main_pid = container->pid;
	_cleanup_close_ int pidfd = process_pidfd_checked(container->pid, container->start_time);
	notify_await(&notify, pidfd);
	return 0;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	int r = verb_load(globals, verb, argv, &container, err);
	return r != 0 ? MIN(r, 0) : start(container, err);
}

const struct runtime_verb verb_start = {
	.name = "start",
	.arguments = "ID",
	.summary = "Run the program of a created container",
	.run = run,
};
