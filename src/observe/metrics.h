/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers use, in Prometheus' text format, under the names that cAdvisor gave them. What the kernel does not say has
 * no sample.
 *
 * Sources: prometheus.io/docs/instrumenting/exposition_formats; github.com/google/cadvisor, docs/storage/prometheus.md.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "observe/interfaces.h"
#include "observe/usage.h"

struct metrics_subject {
	const char *cgroup, *name, *image, *id; /* labels */
	double started_at;			/* seconds since the epoch */
	const struct usage *usage;
	const struct interfaces *interfaces; /* of its own */
};

void metrics_write(const struct metrics_subject *subjects, size_t count, struct str *out);
