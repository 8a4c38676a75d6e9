/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Monitors are children of whoever starts them, and outlive most of those. One that lives longer (a service) collects them
 * here, with a few others; one that waits for a container's end waits for its monitor's, too, so that all is over when it is.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "engine/engine-internal.h"

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
static void close_alone(int fd)
{
	if (fd > 0)
		(void)close_range(0, (unsigned)fd - 1, 0);
	(void)close_range((unsigned)fd + 1, ~0U, 0);
	_exit(EXIT_SUCCESS);
}

void child_close(struct engine *engine, int fd)
{
	pid_t pid = fd < 0 ? -1 : fork();
	if (pid == 0)
		close_alone(fd);
	if (pid > 0)
		child_add(engine, "", pid);
	fd_close(fd);
}

void children_reap(struct engine *engine)
{
	for (size_t i = engine->n_children; i-- > 0;)
		if (waitpid(engine->children[i].pid, NULL, WNOHANG) != 0)
			forget(engine, i);
}
