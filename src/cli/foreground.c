/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/foreground.h"

#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/format.h"
#include "cli/report.h"
#include "cli/start-trace.h"
#include "engine/event.h"

int foreground_check_terminal(bool tty, bool input, struct error *err)
{
	if (!tty || !input || isatty(STDIN_FILENO))
		return 0;
	err_set(err, ERR_TTY, "cannot allocate a terminal: the input device is not a TTY");
	return err_hint(err, "drop -t");
}

/* --- When it has ended --- */

static void describe_limit(const struct monitor_status *status, struct str *out)
{
	char size[SIZE_TEXT_MAX];
	if (status->memory_limit > 0)
		str_appendf(out, "limit %s", format_binary_size((uint64_t)status->memory_limit, size));
	else
		str_append(out, "it had no limit of its own");
	if (status->memory_peak > 0)
		str_appendf(out, ", peak %s", format_binary_size((uint64_t)status->memory_peak, size));
}

/* A program that the kernel killed for memory has said nothing: here is what is known of it. */
static void explain_death(const struct foreground *foreground, const struct monitor_status *status)
{
	if (foreground->quiet || !status->oom_killed || status->exit_code != FOREGROUND_SIGNALLED + SIGKILL)
		return;
	_cleanup_str_ struct str limit = { 0 };
	struct error err = { 0 };
	describe_limit(status, &limit);
	err_set(&err, ERR_OOM, "container \"%s\" was killed by the kernel: out of memory (%s)",
		foreground->container->name, str_text(&limit));
	if (status->memory_limit > 0)
		err_hint(&err, "-m %lldm", (long long)(status->memory_limit >> 20) * 2);
	err_stage(&err, STAGE_APP);
	report_error(&err, status->exit_code);
}

/* The exit status is the container's, whatever the clean-up thinks; the next command tries again. */
static int after_exit(struct cli *cli, const struct foreground *foreground, const struct monitor_status *status)
{
	struct error failure = { 0 };
	/* A container that is started again is its monitor's. */
	if (status->state == MONITOR_STATE_EXITED &&
	    engine_container_finish(cli->engine, foreground->container->id, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "clean up after the container", &failure);
	explain_death(foreground, status);
	return status->exit_code;
}

/*
 * The connection was closed without a last word. A monitor that lives does that to a peer that does not read; a dead
 * one has left a container that somebody has to clean up.
 */
static int after_loss(struct cli *cli, const struct foreground *foreground, bool stalled, struct error *err)
{
	const char *name = foreground->container->name;
	struct error failure = { 0 };
	if (stalled) {
		err_set(err, ERR_TIMEOUT, "lost the output of \"%s\": nobody read it for %d seconds", name,
			MONITOR_PEER_STALL_MS / 1000);
		err_cause(err, "the container's monitor closed the connection; the container was not stopped");
		return err_stage(err, STAGE_APP);
	}
	if (engine_reconcile(cli->engine, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "clean up after the container", &failure);
	err_set(err, ERR_INTERNAL, "lost container \"%s\": the container's monitor died", name);
	return err_stage(err, STAGE_APP);
}

struct signal_target {
	struct engine *engine;
	const char *id;
};

/* One that has just ended needs no signal any more. */
static void send_signal(void *context, int sig)
{
	const struct signal_target *target = context;
	struct error failure = { 0 };
	if (engine_container_kill(target->engine, target->id, sig, &failure) < 0)
		log_failure(LOG_LEVEL_DEBUG, "forward a signal", &failure);
}

/* How staying with it ended, as an exit status. */
static int conclude(struct cli *cli, const struct foreground *foreground, const struct attach_result *result,
		    struct error *err)
{
	switch (result->end) {
	case ATTACH_EXITED:
		return after_exit(cli, foreground, &result->status);
	case ATTACH_DETACHED:
		event_container_named(cli->engine, foreground->container->id, "detach");
		return 0;
	case ATTACH_HUNG_UP:
		return FOREGROUND_SIGNALLED + SIGHUP;
	case ATTACH_UNREAD:
		return FOREGROUND_SIGNALLED + SIGPIPE;
	case ATTACH_LOST:
		break;
	}
	return after_loss(cli, foreground, result->stalled, err);
}

/* @connect makes the connection while signals wait already. */
static int stay(struct cli *cli, const struct foreground *foreground,
		int (*connect)(struct cli *cli, const char *id, int *ret_connection, struct error *err),
		bool *ret_connected, struct error *err)
{
	_cleanup_attach_ struct attach *attach = NULL;
	_cleanup_close_ int connection = -1;
	struct signal_target target = { cli->engine, foreground->container->id };
	struct attach_options options = foreground->attach;
	struct attach_result result;
	options.send_signal = send_signal;
	options.context = &target;
	int r = attach_new(&options, &attach, err);
	if (r < 0 || (r = connect(cli, foreground->container->id, &connection, err)) < 0)
		return r;
	*ret_connected = true;
	r = attach_run(attach, connection, &result, err);
	return r < 0 ? r : conclude(cli, foreground, &result, err);
}

static int start(struct cli *cli, const char *id, int *ret_connection, struct error *err)
{
	int r = engine_container_start(cli->engine, id, false, ret_connection, err);
	start_trace_end();
	return r;
}

int foreground_start(struct cli *cli, const struct foreground *foreground, bool *ret_started, struct error *err)
{
	*ret_started = false;
	return stay(cli, foreground, start, ret_started, err);
}

static int connect_to(struct cli *cli, const char *id, int *ret_connection, struct error *err)
{
	return engine_container_attach(cli->engine, id, ret_connection, err);
}

int foreground_attach(struct cli *cli, const struct foreground *foreground, struct error *err)
{
	bool connected;
	return stay(cli, foreground, connect_to, &connected, err);
}
