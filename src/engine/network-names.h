/* SPDX-License-Identifier: Apache-2.0 */
/* What a name server is to say, out of the rows. */
#pragma once

#include "base/str.h"
#include "engine/network-row.h"

struct names {
	struct str hosts, dotted;
	char **dns; /* whom the containers want to be asked */
	size_t count;
	bool leads_out; /* one of the networks does */
};
void names_done(struct names *names);
#define _cleanup_names_ _cleanup_(names_done)

/* Add those on @network, but for the container @without (NULL: all). */
int names_collect(struct db *db, const struct network_record *network, const char *without, struct names *names,
		  struct error *err);
