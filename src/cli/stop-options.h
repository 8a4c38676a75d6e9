/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that stop containers have in common. */
#pragma once

#include "cli/command.h"

/* As parsers of options they take a struct stop_options. */
int stop_parse_signal(const char *text, void *options, struct error *err);
int stop_parse_timeout(const char *text, void *options, struct error *err);

/* Seconds, or -1 for no limit. */
int parse_stop_timeout(const char *text, int64_t *ret, struct error *err);

/* Tell whoever stopped container @name that it had to be killed, and what is known of the reason. */
void stop_report(const char *name, const struct stop_result *result);

/*
 * Stop all of @names: each is asked to end before the first is waited for. Failures are reported. Returns the exit status:
 * 0, or 1 if something failed.
 */
int stop_each(struct cli *cli, const struct stop_options *options, char *const *names);

/* Rows for the tables of options. */
#define OPT_STOP(type, field)                                                                                      \
	OPT_PARSED(type, field, stop_parse_signal, 's', "signal", "string",                                        \
		   "Signal that asks the container to end (default: its stop signal)"),                            \
		OPT_PARSED(type, field, stop_parse_timeout, 't', "timeout", "int",                                 \
			   "Seconds to wait before it is killed, -1 for ever (default: its stop timeout, or 10)"), \
		OPT_PARSED(type, field, stop_parse_timeout, 0, "time", "int", NULL)
