/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Monitors are children of whoever starts them, and outlive most of those. One that lives longer (a service) collects them
 * here, with a few others; one that waits for a container's end waits for its monitor's, too, so that all is over when it is.
 */
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/netlink.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "network/link.h"

void child_add(struct engine *engine, const char *id, pid_t pid)
{
	struct child *child = ARRAY_APPEND(engine->children, engine->n_children);
	child->pid = pid;
	str_copy(child->id, sizeof child->id, id);
}

static void forget(struct engine *engine, size_t index)
{
	engine->children[index] = engine->children[--engine->n_children];
}

int child_wait(struct engine *engine, const char *id)
{
	struct error failure = { 0 };
	for (size_t i = 0; i < engine->n_children; i++) {
		if (!streq(engine->children[i].id, id))
			continue;
		int status = -1;
		if (process_wait(engine->children[i].pid, &status, &failure) < 0)
			log_failure(LOG_LEVEL_WARN, "wait for a monitor", &failure);
		forget(engine, i);
		return status;
	}
	return -1;
}

/* Nothing else may stay open in it: somebody may be waiting for the end of a pipe. */
static void close_others(int fd)
{
	if (fd > 0)
		(void)close_range(0, (unsigned)fd - 1, 0);
	(void)close_range((unsigned)MAX(fd, -1) + 1, ~0U, 0);
}

static void remove_links(char *const *links)
{
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, NULL);
	for (; rtnl >= 0 && links && *links; links++)
		(void)link_remove(rtnl, *links, NULL);
}

void child_remove_links(struct engine *engine, char *const *links, int fd)
{
	pid_t pid = fd < 0 && !links ? -1 : fork();
	if (pid == 0) {
		close_others(fd);
		remove_links(links);
		_exit(EXIT_SUCCESS);
	}
	if (pid > 0)
		child_add(engine, "", pid);
	else
		remove_links(links);
	fd_close(fd);
}

void child_close(struct engine *engine, int fd)
{
	child_remove_links(engine, NULL, fd);
}

void children_reap(struct engine *engine)
{
	for (size_t i = engine->n_children; i-- > 0;)
		if (waitpid(engine->children[i].pid, NULL, WNOHANG) != 0)
			forget(engine, i);
}
