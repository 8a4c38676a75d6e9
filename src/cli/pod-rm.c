/* SPDX-License-Identifier: Apache-2.0 */
/* `pod rm`, `pod prune`. */
#include <stdio.h>

#include "base/str.h"
#include "cli/confirm.h"
#include "cli/pod-targets.h"
#include "cli/prune.h"
#include "cli/report.h"

struct rm_options {
	struct pod_targets targets;
	bool force;
};

struct prune_options {
	bool force;
};

static int remove_one(struct cli *cli, const void *data, const struct pod *pod, struct error *err)
{
	const struct rm_options *options = data;
	return engine_pod_remove(cli->engine, pod->id, options->force, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct rm_options *options = data;
	return pod_targets_each(cli, &options->targets, args, remove_one, err);
}

/* --- prune --- */

static bool may_go(const struct pod *pod)
{
	return streq(pod_state(pod), "Exited") || streq(pod_state(pod), "Stopped");
}

/* One that cannot be removed does not stop the others. */
static void prune_one(struct cli *cli, const struct pod *pod, struct pruned *pruned)
{
	struct error err = { 0 };
	if (!may_go(pod))
		return;
	if (engine_pod_remove(cli->engine, pod->id, false, &err) < 0) {
		report_error(&err, 1);
		pruned->status = 1;
		return;
	}
	if (pruned->count++ == 0)
		puts("Deleted Pods:");
	puts(pod->id);
}

int prune_pods(struct cli *cli, struct pruned *pruned, struct error *err)
{
	struct pod **pods;
	size_t count;
	int r = engine_pod_list(cli->engine, &pods, &count, err);
	if (r < 0)
		return r;
	pruned->count = 0;
	for (size_t i = 0; i < count; i++)
		prune_one(cli, pods[i], pruned);
	pods_free(pods, count);
	if (pruned->count > 0)
		puts("");
	return 0;
}

static int run_prune(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct prune_options *options = data;
	struct pruned pruned = { 0 };
	int r = confirm("WARNING! This will remove all pods of which nothing runs any more, with their containers.",
			options->force, err);
	if (r >= 0)
		r = prune_pods(cli, &pruned, err);
	return r < 0 ? r : pruned.status;
}

typedef struct rm_options self;

static const struct option OPTIONS[] = {
	OPT_PODS_ALL(self),	OPT_BOOL(self, force, 'f', "force", "Kill containers that run"),
	OPT_PODS_IGNORE(self),	OPT_PODS_LATEST(self),
	OPT_PODS_ID_FILE(self), OPT_END,
};

static const struct option PRUNE_OPTIONS[] = {
	OPT_BOOL(struct prune_options, force, 'f', "force", "Do not ask"),
	OPT_END,
};

const struct command command_pod_rm = {
	.name = "pod rm",
	.aliases = (const char *const[]){ "pod remove", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] POD [POD...]",
	.summary = "Remove pods, with their containers",
	.description =
		"One with containers that run stays, unless *--force* is given; the infra container does not count.",
	.max_args = ARGS_ANY,
	.completes = COMPLETE_PODS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct rm_options),
	.run = run,
};

const struct command command_pod_prune = {
	.name = "pod prune",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "Remove pods of which nothing runs any more",
	.description = "Those whose status is *Exited* or *Stopped*, with their containers.",
	.options = (const struct option *const[]){ PRUNE_OPTIONS, NULL },
	.options_size = sizeof(struct prune_options),
	.run = run_prune,
};
