/* SPDX-License-Identifier: Apache-2.0 */
/* coffer-runtime(8), out of the tables of its command line. */
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "programs/docs-gen/docs-gen.h"
#include "programs/runtime/runtime.h"
#include "runtime/spec.h"

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

/* Those that change what a configuration means: runtime/spec-annotations.c, hooks.h, create.c. */
static const struct {
	const char *key, *words;
} ANNOTATIONS[] = {
	{ "run.oci.hooks.stdout", "A file that hooks write to." },
	{ "run.oci.hooks.stderr", "The same for what they write to standard error." },
	{ "run.oci.keep_original_groups", "The groups of the caller are kept." },
	{ "run.oci.mount_context_type", "The mount option for labels: context, fscontext, defcontext or rootcontext." },
	{ "run.oci.pidfd_receiver", "A socket that gets a pidfd of the first process." },
	{ "run.oci.seccomp.receiver", "The socket of the seccomp agent, in place of listenerPath." },
	{ "run.oci.seccomp_bpf_data", "A filter in base64, in place of the profile." },
	{ "run.oci.seccomp_fail_unknown_syscall", "A system call in the profile that is not known is an error." },
	{ "run.oci.timens_offset", "Offsets of a new time namespace: CLOCK SECONDS NANOSECONDS." },
};

static void put_configuration(void)
{
	fputs("# CONFIGURATION\n\n"
	      "_config.json_ is read as release " OCI_VERSION " of the specification has it. Properties that are not known are "
	      "ignored; the names of the others count as they are written, and of one that stands twice the last is taken. A "
	      "value of the wrong type, or one that can mean nothing, is refused with its line, its column and its JSON "
	      "pointer. What is asked for and cannot be had is an error, except for capabilities, which are left out with a "
	      "warning.\n\n"
	      "These annotations change what it means, as with *crun*(1):\n\n",
	      stdout);
	for (size_t i = 0; i < ARRAY_SIZE(ANNOTATIONS); i++) {
		putchar('*');
		man_put_text(ANNOTATIONS[i].key);
		fputs("*\n\t", stdout);
		man_put_text(ANNOTATIONS[i].words);
		fputs("\n\n", stdout);
	}
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
	put_configuration();
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
