/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/network-options.h"
#include "engine/pod.h"

enum exit_policy { EXIT_CONTINUE, EXIT_STOP };
static const char *const EXIT_POLICIES[] = { "continue", "stop", NULL };

struct create_options {
	struct container_spec infra;
	struct network_options network;
	char *name, *id_file;
	char **shares, **labels;
	enum exit_policy exit_policy;
	bool with_infra, replace;
};

static const struct create_options DEFAULTS = { .with_infra = true };

/* "net,pid", or a flag for each. */
static char **split_shares(char *const *texts)
{
	char **words = NULL;
	for (; texts && *texts; texts++) {
		_cleanup_strv_ char **some = strv_split(*texts, ',');
		for (char **word = some; word && *word; word++)
			strv_append(&words, *word);
	}
	return words;
}

/* Only what has this very name gives way. */
static int remove_replaced(struct cli *cli, const char *name, struct error *err)
{
	_cleanup_pod_ struct pod *pod = NULL;
	struct error failure = { 0 };
	int r = engine_pod_find(cli->engine, name, &pod, &failure);
	if (r >= 0 && streq(pod->name, name))
		r = engine_pod_remove(cli->engine, pod->id, true, &failure);
	if (r >= 0 || r == -ERR_NO_POD)
		return 0;
	*err = failure;
	return err_wrap(err, "replace pod \"%s\"", name);
}

static int write_id(const char *path, const char *id, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : fd_write_all(fd, id, strlen(id));
	return r < 0 ? err_sys(err, -r, "write the pod ID file '%s'", path) : 0;
}

static int check(const struct create_options *options, struct error *err)
{
	if (!options->with_infra)
		return err_set(err, ERR_UNSUPPORTED,
			       "--infra=false is not available: the infra container has what a pod shares");
	if (options->replace && str_is_empty(options->name))
		return err_set(err, ERR_USAGE, "cannot replace pod without --name being set");
	return 0;
}

static int create(struct cli *cli, struct create_options *options, struct pod **ret, struct error *err)
{
	_cleanup_strv_ char **shares = split_shares(options->shares);
	const struct pod_request request = {
		.name = str_is_empty(options->name) ? NULL : options->name,
		.shares = shares,
		.labels = options->labels,
		.stops = options->exit_policy == EXIT_STOP,
		.networked = network_options_given(&options->network),
		.infra = &options->infra,
	};
	int r = check(options, err);
	if (r >= 0)
		r = network_options_finish(&options->network, &options->infra, err);
	if (r >= 0 && options->replace)
		r = remove_replaced(cli, options->name, err);
	return r < 0 ? r : engine_pod_create(cli->engine, &request, ret, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	struct create_options *options = data;
	_cleanup_pod_ struct pod *pod = NULL;
	if (args[0] && options->name)
		return err_set(err, ERR_USAGE, "conflicting options: --name and a name");
	if (args[0])
		options->name = mem_strdup(args[0]);
	int r = create(cli, options, &pod, err);
	if (r >= 0 && options->id_file)
		r = write_id(options->id_file, pod->id, err);
	if (r >= 0)
		puts(pod->id);
	return r;
}

/* Empty afterwards, because the table's rows point into the spec, too. */
static void done(void *data)
{
	container_spec_done(&((struct create_options *)data)->infra);
}

typedef struct create_options self;

#define LIMITS "limit each container, or all of them by that of the slice which --cgroup-parent names"

static const struct option OPTIONS[] = {
	OPT_LIST(self, infra.extra_hosts, 0, "add-host",
		 "Add a line to /etc/hosts: NAME:ADDRESS, or NAME:host-gateway"),
	OPT_STRING(self, infra.cgroup_parent, 0, "cgroup-parent", "string",
		   "Control group or slice that those of the pod's containers are made in"),
	OPT_LIST(self, infra.dns, 0, "dns", "Ask these name servers"),
	OPT_LIST(self, infra.dns_options, 0, "dns-option", "Set options for asking name servers"),
	OPT_LIST(self, infra.dns_search, 0, "dns-search", "Complete names with these domains"),
	OPT_CHOICE(self, exit_policy, 0, "exit-policy", EXIT_POLICIES,
		   "What the infra container does when the last of the others has ended (\"continue\", \"stop\") "
		   "(default \"continue\")"),
	OPT_STRING(self, infra.hostname, 'h', "hostname", "string", "Host name of the pod (default: its name)"),
	OPT_BOOL(self, with_infra, 0, "infra", "Make an infra container, which is always so"),
	OPT_STRING(self, infra.name, 0, "infra-name", "string", "Name of the infra container"),
	OPT_STRING(self, network.address, 0, "ip", "address", "IPv4 address on the first network"),
	OPT_STRING(self, network.address6, 0, "ip6", "address", "IPv6 address on the first network"),
	OPT_LIST(self, labels, 'l', "label", "Set metadata on the pod"),
	OPT_STRING(self, network.mac, 0, "mac-address", "address", "MAC address on the first network"),
	OPT_STRING(self, name, 'n', "name", "string", "Name the pod"),
	OPT_LIST(self, network.networks, 0, "network", "Network of the pod, as with *coffer-run*(1)",
		 .completes = COMPLETE_NETWORKS),
	OPT_LIST(self, network.networks, 0, "net", NULL),
	OPT_LIST(self, network.aliases, 0, "network-alias", "Name the pod on its first network"),
	OPT_STRING(self, id_file, 0, "pod-id-file", "string", "Write the pod's ID to the file",
		   .completes = COMPLETE_FILES),
	OPT_LIST(self, infra.ports, 'p', "publish", "Publish ports: [[ADDRESS:][PORT[-END]]:]PORT[-END][/PROTOCOL]"),
	OPT_BOOL(self, replace, 0, "replace", "Remove a pod that has the --name already"),
	OPT_LIST(self, shares, 0, "share",
		 "Namespaces that are shared: ipc, net, uts, pid, cgroup, or none; +pid for one more than by default "
		 "(default \"ipc,net,uts\")"),
	OPT_SIZE(self, infra.shm_size, 0, "shm-size", "Size of /dev/shm (default 64m)"),
	OPT_LIST(self, infra.sysctls, 0, "sysctl", "Set kernel parameters of the pod's own"),
	OPT_REFUSED(0, "cpus", LIMITS),
	OPT_REFUSED('m', "memory", LIMITS),
	OPT_REFUSED(0, "infra-command", "the infra container pauses"),
	OPT_REFUSED(0, "infra-image", "the infra container needs no files"),
	OPT_REFUSED(0, "userns", "containers of pods have the engine's user namespace"),
	OPT_REFUSED('v', "volume", "give it to each container of the pod"),
	OPT_END,
};

const struct command command_pod_create = {
	.name = "pod create",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] [NAME]",
	.summary = "Create a pod: containers that share a network and more",
	.description =
		"Prints its ID. The pod is a container, the infra container, which does nothing but hold the namespaces that "
		"containers of the pod live in; *coffer-run*(1) with *--pod* makes these. They share an address, ports, host "
		"name and what System V and POSIX have for talking among processes; with *--share +pid* they see each "
		"other's processes, too.\n\n"
		"What is about these namespaces is said of the pod, and not of its containers: *--publish*, *--network*, "
		"*--dns*, *--add-host*, *--hostname*. On a network with names the pod is found by its own.\n\n"
		"The infra container starts when the pod does, or the first of its containers. Its image, *localhost/coffer-pause*, "
		"has no files; it is made for the first pod.",
	.examples =
		(const struct example[]){
			{ "pod create -p 8080:80 web", "Make a pod, ..." },
			{ "run -d --pod web nginx", "... a container that is reached by it ..." },
			{ "run -d --pod web my/logger", "... and one that finds that at localhost:80" },
			{ 0 },
		},
	.max_args = 1,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct create_options),
	.defaults = &DEFAULTS,
	.run = run,
	.done = done,
};
