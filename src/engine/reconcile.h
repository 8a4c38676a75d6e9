/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/engine.h"

/*
 * If nobody alive cares for container @id, finish what was begun (E2). Nothing happens to one that runs, and to one that
 * somebody works on just now.
 */
int reconcile_container(struct engine *engine, const char *id, struct error *err);
