/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"

struct engine;

/* Remove the rest of pods that somebody was killed over (PO2). Goes on after an error, and returns the first. */
int pods_repair(struct engine *engine, struct error *err);
