/* SPDX-License-Identifier: Apache-2.0 */
/* `--help`, out of the table of commands, in the layout that Docker's users know. */
#pragma once

#include <stdio.h>

#include "cli/command.h"

void help_overview(FILE *out);
void help_group(FILE *out, const struct command_group *group);
void help_command(FILE *out, const struct command *command);
