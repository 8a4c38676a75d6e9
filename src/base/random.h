/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness from the kernel. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t random_u64(void);

enum { ID_HEX_LENGTH = 64 };

/* A fresh id of 64 hexadecimal digits, terminated: what names a container. */
void random_id(char id[static ID_HEX_LENGTH + 1]);
