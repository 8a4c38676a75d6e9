/* SPDX-License-Identifier: Apache-2.0 */
/* Which images a name may mean that is to be pulled, said to, and where there is a terminal, asked of the person. */
#pragma once

#include "image/short-name.h"

/*
 * *ret_chosen: the person has chosen one of several, which is the only one in *ret then. Errors: as short_name_find(),
 * short_name_check(), ask_line(); ERR_USAGE for a choice that is none.
 */
int pull_names(const char *text, bool quiet, struct short_name *ret, bool *ret_chosen, struct error *err);
