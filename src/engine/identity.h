/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which database the store was filled with: ROOT/identity holds the id that coffer.db has given itself. Whoever finds another
 * one, or none, in the database looks at a store whose database was lost, and what has no row is not garbage but all that is
 * left of images and containers. So nothing without a row is removed until somebody decides.
 *
 * The id is in the database, and on the disk, before the file is. A store without the file is one that has never had an image.
 */
#pragma once

#include "engine/engine-internal.h"

/* Note the id of this database, the first time that something with content was recorded in it. */
int identity_keep(struct engine *engine, struct error *err);

/* 1 if the store was filled with another database, 0 if not. */
int identity_is_lost(struct engine *engine, struct error *err);

/* Take this database for the store's from now on. */
int identity_adopt(struct engine *engine, struct error *err);
