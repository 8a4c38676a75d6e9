/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --log-driver and --log-opt: Docker's drivers, options and refusals.
 *
 * Sizes are in powers of 1024 for every option. What nothing is said about: json-file, three files of 10 MiB; local, five of
 * 20 MiB, compressed.
 *
 * Source: Docker's documentation, "Configure logging drivers", and each driver's page.
 */
#pragma once

#include "engine/container-row.h"
#include "monitor/container-log.h"

/* Errors: ERR_INVALID. */
int log_options_check(const struct container_spec *spec, struct error *err);

/* What the monitor of @row is told. @path is the place of a log file. log_plan_done() it. */
void log_options_plan(const struct container_row *row, const char *path, struct log_plan *ret);

/* "json-file", ... */
const char *log_driver_name(const struct container_spec *spec);

/* Whether its log is in files. */
bool log_driver_has_files(const struct container_spec *spec);
