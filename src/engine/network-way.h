/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way from a network namespace to the world for who is not root of the host's: pasta (network/pasta.h), or where there is
 * none, slirp4netns (network/slirp.h). As people write it: "pasta", "slirp4netns", "slirp4netns:OPTION=VALUE,..."; NULL is
 * the first of them that is there.
 */
#pragma once

#include "engine/network-row.h"

/* Errors: ERR_INVALID. */
int way_out_check(const char *way, struct error *err);

/* The name server that comes with it, or NULL: those of the host can be asked. */
const char *way_out_resolver(const char *way);

/*
 * Lead out of @netns, and @ports of the host in. It ends with what it keeps in @directory. Errors: ERR_UNSUPPORTED for what
 * is not there, and for protocols that cannot be carried.
 */
int way_out_start(const char *directory, int netns, const char *way, const struct published_list *ports,
		  struct error *err);
bool way_out_is_running(const char *directory);
void way_out_stop(const char *directory);
