/* SPDX-License-Identifier: Apache-2.0 */
/* Pulling with its progress on show: for `pull`, and for `run` and `create` where the image is missing. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "cli/command.h"
#include "engine/engine.h"

struct pull_request {
	const char *reference;
	const char *platform; /* or NULL */
	bool quiet;	      /* show nothing */
	bool one_of_many;     /* whoever asks tells the status of all of them */
	FILE *out;	      /* where to show it */
};

int pull_and_show(struct cli *cli, const struct pull_request *request, struct pull_result *ret, struct error *err);

/* Whether somebody who typed @reference meant a certain tag or digest. */
bool says_tag_or_digest(const char *reference);
