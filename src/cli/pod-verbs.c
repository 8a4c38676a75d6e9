/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done to all containers of a pod: `pod start`, `stop`, `restart`, `kill`, `pause`, `unpause`. One that fails does
 * not stop the others. The infra container is the first of a pod's, starts first and is stopped last.
 */
#include <signal.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/pod-targets.h"
#include "cli/report.h"
#include "cli/service.h"
#include "cli/stop-options.h"

struct verb_options {
	struct pod_targets targets;
	struct stop_options stop;
	int sig;
};

/* The first failure is the caller's to report, the others are reported here. */
static void note(int r, const struct error *why, int *code, struct error *err)
{
	if (r >= 0)
		return;
	if (*code < 0) {
		report_error(why, 1);
		return;
	}
	*code = r;
	if (err)
		*err = *why;
}

/* --- starting --- */

static int start(struct cli *cli, const void *data, const struct pod *pod, struct error *err)
{
	int code = 0;
	for (size_t i = 0; i < pod->n_containers; i++) {
		_cleanup_record_ struct container_record *now = NULL;
		struct error why = { 0 };
		int none = -1, r = engine_container_find(cli->engine, pod->containers[i]->id, &now, &why);
		if (r >= 0 && now->state != STATE_RUNNING && now->state != STATE_RESTARTING)
			r = engine_container_start(cli->engine, now->id, true, &none, &why);
		note(r, &why, &code, err);
	}
	/* A manager that has this for a service watches the infra container. */
	return code < 0 || pod->n_containers == 0 ? code : service_started(cli, pod->containers[0], err);
}

/* --- stopping --- */

/* All at once: the containers @first to @last of the pod. */
static int stop_some(struct cli *cli, const struct stop_options *options, const struct pod *pod, size_t first,
		     size_t last, struct error *err)
{
	_cleanup_free_ struct stop **stops = mem_alloc((pod->n_containers + 1) * sizeof *stops);
	struct stop_result result;
	int code = 0;
	for (size_t i = first; i < last; i++) {
		struct error why = { 0 };
		note(engine_stop_begin(cli->engine, pod->containers[i]->id, options, &stops[i], &why), &why, &code,
		     err);
	}
	for (size_t i = first; i < last; i++) {
		struct error why = { 0 };
		int r = stops[i] ? engine_stop_finish(stops[i], &result, &why) : 0;
		if (stops[i] && r >= 0 && i > 0)
			stop_report(pod->containers[i]->name, &result);
		note(r, &why, &code, err);
	}
	return code;
}

static int stop_all(struct cli *cli, const struct stop_options *options, const struct pod *pod, struct error *err)
{
	int r = pod->n_containers > 1 ? stop_some(cli, options, pod, 1, pod->n_containers, err) : 0;
	struct error why = { 0 };
	note(pod->n_containers > 0 ? stop_some(cli, options, pod, 0, 1, &why) : 0, &why, &r, err);
	return r;
}

static int stop(struct cli *cli, const void *data, const struct pod *pod, struct error *err)
{
	const struct verb_options *options = data;
	return stop_all(cli, &options->stop, pod, err);
}

static int restart(struct cli *cli, const void *data, const struct pod *pod, struct error *err)
{
	const struct verb_options *options = data;
	struct stop_options stop_options = options->stop;
	stop_options.purpose = STOP_TO_RESTART;
	int r = stop_all(cli, &stop_options, pod, err);
	return r < 0 ? r : start(cli, data, pod, err);
}

/* --- what is done to those that are in a certain state --- */

static int each_that(struct cli *cli, const struct pod *pod, unsigned states, const struct verb_options *options,
		     int (*act)(struct engine *engine, const char *id, const struct verb_options *options,
				struct error *err),
		     struct error *err)
{
	int code = 0;
	for (size_t i = 0; i < pod->n_containers; i++) {
		struct error why = { 0 };
		if (states & (1u << pod->containers[i]->state))
			note(act(cli->engine, pod->containers[i]->id, options, &why), &why, &code, err);
	}
	return code;
}

static int kill_one(struct engine *engine, const char *id, const struct verb_options *options, struct error *err)
{
	return engine_container_kill(engine, id, options->sig, err);
}

static int pause_one(struct engine *engine, const char *id, const struct verb_options *options, struct error *err)
{
	return engine_container_pause(engine, id, err);
}

static int unpause_one(struct engine *engine, const char *id, const struct verb_options *options, struct error *err)
{
	return engine_container_unpause(engine, id, err);
}

static int kill_all(struct cli *cli, const void *data, const struct pod *pod, struct error *err)
{
	return each_that(cli, pod, 1u << STATE_RUNNING | 1u << STATE_PAUSED, data, kill_one, err);
}

static int pause_all(struct cli *cli, const void *data, const struct pod *pod, struct error *err)
{
	return each_that(cli, pod, 1u << STATE_RUNNING, data, pause_one, err);
}

static int unpause_all(struct cli *cli, const void *data, const struct pod *pod, struct error *err)
{
	return each_that(cli, pod, 1u << STATE_PAUSED, data, unpause_one, err);
}

/* --- the commands --- */

#define RUN(name, act)                                                                                 \
	static int name(struct cli *cli, void *data, char **args, struct error *err)                   \
	{                                                                                              \
		return pod_targets_each(cli, &((struct verb_options *)data)->targets, args, act, err); \
	}
RUN(run_start, start)
RUN(run_stop, stop)
RUN(run_restart, restart)
RUN(run_kill, kill_all)
RUN(run_pause, pause_all)
RUN(run_unpause, unpause_all)

static int parse_sig(const char *value, void *field, struct error *err)
{
	return parse_signal(value, field, err);
}

typedef struct verb_options self;

#define OPT_STOP_TIME                                                                                                  \
	OPT_PARSED(self, stop, stop_parse_timeout, 't', "time", "int",                                                 \
		   "Seconds to wait before containers are killed, -1 for ever (default: their stop timeouts, or 10)"), \
		OPT_PARSED(self, stop, stop_parse_timeout, 0, "timeout", "int", NULL)

static const struct option OPTIONS[] = {
	OPT_PODS_ALL(self),
	OPT_PODS_LATEST(self),
	OPT_END,
};

static const struct option START_OPTIONS[] = {
	OPT_PODS_ALL(self),
	OPT_PODS_LATEST(self),
	OPT_PODS_ID_FILE(self),
	OPT_END,
};

static const struct option STOP_OPTIONS[] = {
	OPT_PODS_ALL(self),	OPT_PODS_IGNORE(self), OPT_PODS_LATEST(self),
	OPT_PODS_ID_FILE(self), OPT_STOP_TIME,	       OPT_END,
};

static const struct option RESTART_OPTIONS[] = {
	OPT_PODS_ALL(self),
	OPT_PODS_LATEST(self),
	OPT_STOP_TIME,
	OPT_END,
};

static const struct option KILL_OPTIONS[] = {
	OPT_PODS_ALL(self),
	OPT_PODS_LATEST(self),
	OPT_PARSED(self, sig, parse_sig, 's', "signal", "string", "Signal to send (default \"KILL\")"),
	OPT_END,
};

#define POD_COMMAND(verb, table, summary_, description_)                    \
	const struct command command_pod_##verb = {                         \
		.name = "pod " #verb,                                       \
		.flags = COMMAND_ENGINE | COMMAND_RECONCILE,                \
		.usage = "[OPTIONS] POD [POD...]",                          \
		.summary = summary_,                                        \
		.description = description_,                                \
		.max_args = ARGS_ANY,                                       \
		.completes = COMPLETE_PODS,                                 \
		.options = (const struct option *const[]){ table, NULL },   \
		.options_size = sizeof(struct verb_options),                \
		.defaults = &(const struct verb_options){ .sig = SIGKILL }, \
		.run = run_##verb,                                          \
	}

POD_COMMAND(kill, KILL_OPTIONS, "Send a signal to the containers of pods",
	    "To the first process of each container that runs, the infra container among them.");
POD_COMMAND(pause, OPTIONS, "Pause all processes of pods", "As *coffer-pause*(1) does for one container.");
POD_COMMAND(restart, RESTART_OPTIONS, "Restart pods",
	    "Stops all containers, as *coffer-pod-stop*(1) does, and starts them.");
POD_COMMAND(start, START_OPTIONS, "Start the containers of pods",
	    "The infra container first. Those that run already are left alone.");
POD_COMMAND(stop, STOP_OPTIONS, "Stop the containers of pods",
	    "All at once, and the infra container when they have ended. What they wrote stays.");
POD_COMMAND(unpause, OPTIONS, "Let paused pods go on", "Ends what *coffer-pod-pause*(1) has begun.");
