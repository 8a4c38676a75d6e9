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

const struct runtime_verb verb_pause = { "pause", "ID", "Stop all processes of a container where they are",
					 NULL,	  0,	run_pause };

static int run_resume(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
		      struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	int r = verb_load(globals, verb, argv, &container, err);
	return r != 0 ? MIN(r, 0) : container_resume(container, err);
}

const struct runtime_verb verb_resume = { "resume", "ID", "Let the processes of a paused container go on",
					  NULL,	    0,	  run_resume };
