/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks: programs that the spec wants run at points of a container's life.
 *
 * Those of "prestart", "createRuntime", "poststart" and "poststop" are found and run in the runtime's namespaces,
 * "createContainer" hooks are found there, but run in the container's, "startContainer" hooks are found there as well.
 * Source: config.md, "POSIX-platform Hooks"; runtime.md, "Lifecycle".
 */
#pragma once

#include "base/error.h"
#include "runtime/spec.h"

/* Where what they write goes: files that annotations name, or -1. */
struct hook_streams {
	int out, err;
};

#define HOOK_STREAMS_NONE (struct hook_streams){ -1, -1 }

/*
 * As the annotations "run.oci.hooks.stdout" and "run.oci.hooks.stderr" want it: opened to append, made if missing.
 * Source: crun(1), "Extensions to OCI".
 */
int hook_streams_open(char *const *annotations, struct hook_streams *ret, struct error *err);
void hook_streams_close(struct hook_streams *streams);

struct hook_run {
	enum hook_point point;
	const struct spec_hooks *hooks;
	const char *state;     /* the state document, for their standard input */
	const char *directory; /* where they start; NULL: where we are */
	struct hook_streams streams;
};

/*
 * One after the other, each within its timeout. The first that fails (exit status, signal, timeout) ends it: ERR_HOOK with
 * its path and the last line of its standard error.
 */
int hooks_run(const struct hook_run *run, struct error *err);

/* The same, where a failure is a warning and the others have their turn all the same. */
void hooks_run_all(const struct hook_run *run);
