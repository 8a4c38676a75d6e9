/* SPDX-License-Identifier: Apache-2.0 */
/* Documents out of the table of commands, on standard output. Part of the build; not installed. */
#pragma once

#include "cli/command.h"

/* The name of the page about @command: "coffer-container-inspect". free() it. */
char *page_name(const struct command *command);

/* Man pages as scdoc source. */
void man_overview(void);
void man_command(const struct command *command);
void man_runtime(void);
void man_put_text(const char *text); /* with what would be markup escaped */
void man_put_option(const struct option *option);

void completion_bash(void);
void completion_zsh(void);
void completion_fish(void);
void completion_runtime_bash(void);
void completion_runtime_fish(void);

/* The groups of commands, and the flags before a command that take a value ("--root -l"), with @separator in between. */
char *completion_groups(const char *separator);
char *completion_global_flags(const char *separator);

/* All names of @command that can be typed, the first one its own: a strv. */
char **command_names(const struct command *command);
