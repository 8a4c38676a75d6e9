/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	int r = verb_load(globals, verb, argv, &container, err);
	return r != 0 ? MIN(r, 0) : container_start(container, err);
}

const struct runtime_verb verb_start = {
	.name = "start",
	.arguments = "ID",
	.summary = "Run the program of a created container",
	.run = run,
};
