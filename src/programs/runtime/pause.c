/* SPDX-License-Identifier: Apache-2.0 */
/* `pause` and `resume`. */
#include "base/cleanup.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"

static int run_pause(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
		     struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	int r = verb_load(globals, verb, argv, &container, err);
	return r != 0 ? MIN(r, 0) : container_pause(container, err);
}

const struct runtime_verb verb_pause = {
	.name = "pause",
	.arguments = "ID",
	.summary = "Stop all processes of a container where they are",
	.run = run_pause,
};

static int run_resume(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
		      struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	int r = verb_load(globals, verb, argv, &container, err);
	return r != 0 ? MIN(r, 0) : container_resume(container, err);
}

const struct runtime_verb verb_resume = {
	.name = "resume",
	.arguments = "ID",
	.summary = "Let the processes of a paused container go on",
	.run = run_resume,
};
