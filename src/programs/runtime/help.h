/* SPDX-License-Identifier: Apache-2.0 */
/* `--help`, from the tables that the command line is parsed by. */
#pragma once

#include "programs/runtime/runtime.h"

/* @verbs is NULL-terminated. */
void help_print(const struct runtime_verb *const *verbs, const struct option *globals);

void help_print_verb(const struct runtime_verb *verb);
