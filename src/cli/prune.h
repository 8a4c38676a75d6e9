/* SPDX-License-Identifier: Apache-2.0 */
/* Removing what is not used, one kind after the other: what the commands of each kind and `system prune` share. */
#pragma once

#include "cli/command.h"
#include "engine/container-filter.h"
#include "engine/image-filter.h"
#include "engine/network-match.h"
#include "engine/volume-filter.h"

/* What came of it so far. One that cannot be removed is reported at once, and does not stop the others. */
struct pruned {
	size_t count; /* things, by the last call */
	int64_t bytes;
	int status; /* to exit with */
};

/* They print what they have removed, under a heading. */
int prune_containers(struct cli *cli, const struct container_filter *filter, struct pruned *pruned, struct error *err);
/* How full the store's file system has to be for images to go, and how full it may stay; in percent. */
struct disk_marks {
	unsigned above, below;
};

/* @marks may be NULL: however full it is. */
int prune_images(struct cli *cli, const struct image_filter *filter, bool all, const struct disk_marks *marks,
		 struct pruned *pruned, struct error *err);
int prune_networks(struct cli *cli, const struct network_match *match, struct pruned *pruned, struct error *err);
int prune_pods(struct cli *cli, struct pruned *pruned, struct error *err);
int prune_volumes(struct cli *cli, const struct volume_filter *filter, bool all, struct pruned *pruned,
		  struct error *err);

/* The line at the end. Returns the exit status. */
int prune_end(const struct pruned *pruned);
