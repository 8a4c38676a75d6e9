/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before every source file. Functions that have no bound, a hidden state or a surprising rule do not
 * compile here; the comment names what to use.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* clang's fortified headers make macros of some of them, which cannot be poisoned. */
#undef strcpy
#undef strcat
#undef stpcpy
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat stpcpy /* str_copy(), struct str */
#pragma GCC poison strncpy strncat      /* str_copy() */
#pragma GCC poison sprintf vsprintf     /* snprintf(), str_appendf() */
#pragma GCC poison gets strtok          /* fd_read_file(), strv_split() */
#pragma GCC poison asctime ctime gmtime localtime /* time_format_*() */
#pragma GCC poison atoi atol atoll      /* parse_u64() and its kin, which refuse tails */
