/* SPDX-License-Identifier: Apache-2.0 */
/* What a person is told on standard error. In colour only where that is a terminal and NO_COLOR is not set. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* The whole error, in the shape that err_format() describes. What is left of standard output goes before it. */
void report_error(const struct error *err, int exit_status);

/* One line that is no error: "coffer: ...". Control characters are escaped. */
void report_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Flush standard output; a full disk behind it is an error like any other. */
int report_flush(struct error *err);

/*
 * Do @act for each of @args, with @context (the command's options, mostly). A failure is reported with exit status 1,
 * and the others are done nevertheless. Returns the exit status: 0, or 1 if something failed.
 */
struct cli;
int report_each(struct cli *cli, const void *context, char *const *args,
		int (*act)(struct cli *cli, const void *context, const char *arg, struct error *err));
