/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/cleanup.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	int r = verb_load(globals, verb, argv, &container, err);
	if (r != 0)
		return MIN(r, 0);
	_cleanup_free_ char *text = container_state_text(container, err);
	if (!text)
		return -ERR_INTERNAL;
	puts(text);
	return 0;
}

const struct runtime_verb verb_state = {
	.name = "state",
	.arguments = "ID",
	.summary = "Print the state of a container",
	.run = run,
};
