/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is himself in his container (--userns keep-id) is somebody there: its /etc/passwd and /etc/group get an entry for him,
 * unless they know his name or his number already. An image without these files stays without.
 *
 * The entries are in the container's own layer, as if he had made them himself; so they can be changed, and programs that
 * make users find the files as they expect them.
 *
 * Source: passwd(5), group(5); podman-run(1), "--passwd".
 */
#pragma once

#include "base/error.h"

struct engine;
struct container_row;

/* For the container @row whose snapshot was made just now. Errors: of the disk. */
int user_entry_add(struct engine *engine, const struct container_row *row, struct error *err);
