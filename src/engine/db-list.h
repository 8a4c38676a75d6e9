/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of strings in a column: a JSON array as text. */
#pragma once

#include "engine/db.h"

/* The text for a column. free() it. */
char *db_list_text(char *const *v);

/* The vector in a column of the current row. strv_free() it. */
int db_list(const struct db_query *query, int column, char ***ret, struct error *err);
