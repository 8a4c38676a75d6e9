/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Monitors are children of whoever starts them, and outlive most of those. One that lives longer (a service) collects them
 * here; one that waits for a container's end waits for its monitor's, too, so that all is over when it is.
 */
#include <sys/wait.h>

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

void children_reap(struct engine *engine)
{
	for (size_t i = engine->n_children; i-- > 0;)
		if (waitpid(engine->children[i].pid, NULL, WNOHANG) != 0)
			forget(engine, i);
}
