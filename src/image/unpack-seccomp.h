/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that are left in a sandbox. All others answer ENOSYS, so that a C library newer than this list
 * falls back to what it did before; those of another architecture kill.
 */
#pragma once

#include "image/unpack-sandbox.h"

/* Needs no_new_privs. Returns 0 or -errno. */
int unpack_seccomp_load(enum sandbox_duty duty);
