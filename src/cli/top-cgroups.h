/* SPDX-License-Identifier: Apache-2.0 */
/* `top --cgroups` */
#pragma once

#include "cli/command.h"

/* What the control groups of all containers that run use, for about a second; those that are below and above them, too. */
int top_cgroups(struct cli *cli, struct error *err);
