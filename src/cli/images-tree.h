/* SPDX-License-Identifier: Apache-2.0 */
/* Images as a forest: each below the one that it has the most layers of, and that has no others. */
#pragma once

#include <stdbool.h>

#include "engine/engine.h"

/* Siblings are in the order of @images. */
void images_tree_print(struct image *const *images, size_t count, bool no_trunc);
