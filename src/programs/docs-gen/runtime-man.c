/* SPDX-License-Identifier: Apache-2.0 */
/* coffer-runtime(8), out of the tables of its command line. */
#include "base/cleanup.h"
#include "base/str.h"
#include "programs/docs-gen/docs-gen.h"
#include "programs/runtime/runtime.h"

static void put_options(const struct option *option)
{
	for (; option && option->name; option++)
		if (option->help)
			man_put_option(option);
}

static void put_verb(const struct runtime_verb *verb)
{
	printf("## %s\n\n*coffer-runtime %s*%s%s", verb->name, verb->name, verb->options ? " \\[OPTIONS\\]" : "",
	       *verb->arguments ? " " : "");
	man_put_text(verb->arguments);
	fputs("\n\n", stdout);
	man_put_text(verb->summary);
	fputs(".\n\n", stdout);
	put_options(verb->options);
}

void man_runtime(void)
{
	fputs("coffer-runtime(8) \"coffer " VERSION "\" \"coffer\"\n\n"
	      "# NAME\n\ncoffer-runtime - an OCI runtime\n\n"
	      "# SYNOPSIS\n\n*coffer-runtime* \\[OPTIONS\\] VERB \\[ARGUMENTS\\]\n\n"
	      "# DESCRIPTION\n\n"
	      "Runs containers as the OCI runtime specification describes them: out of a bundle, which is a directory with a "
	      "_config.json_ and a root filesystem. Engines call it as they call *runc*(8) and *crun*(1), with the same verbs "
	      "and flags; *coffer*(1) itself does not, because it holds the same library.\n\n"
	      "# OPTIONS\n\n",
	      stdout);
	put_options(RUNTIME_OPTIONS);
	fputs("# VERBS\n\n", stdout);
	for (const struct runtime_verb *const *verb = RUNTIME_VERBS; *verb; verb++)
		put_verb(*verb);
	fputs("# ENVIRONMENT\n\n"
	      "*LISTEN\\_FDS*, *LISTEN\\_PID*\n\tSockets of a service manager, which the container's program gets; see "
	      "*sd\\_listen\\_fds*(3).\n\n"
	      "*NOTIFY\\_SOCKET*\n\tWhere a service manager wants to hear that the container is ready: what its program says at "
	      "the socket that it finds in the same variable goes on to there. *start* and *run --detach* wait for it.\n\n"
	      "*PATH*\n\tWhere *ps*(1) and *criu*(8) are looked for.\n\n"
	      "# EXIT STATUS\n\n"
	      "*0*\n\tAll is done.\n\n"
	      "*1*\n\tIt failed. Standard error says why, and the last line of the log.\n\n"
	      "*255*\n\t*exec* could not run the program.\n\n"
	      "*run* and *exec* exit with the status of the program otherwise.\n\n"
	      "# EXAMPLES\n\n"
	      "A bundle in this directory, run and removed:\n\n"
	      "```\ncoffer-runtime spec\ncoffer-runtime run test\n```\n\n"
	      "For containerd, in _/etc/containerd/config.toml_:\n\n"
	      "```\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.coffer]\n"
	      "runtime_type = \"io.containerd.runc.v2\"\n"
	      "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.coffer.options]\n"
	      "BinaryName = \"/usr/bin/coffer-runtime\"\n```\n\n"
	      "# SEE ALSO\n\n"
	      "*coffer*(1), the OCI runtime specification at https://github.com/opencontainers/runtime-spec\n",
	      stdout);
}
