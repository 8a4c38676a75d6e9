/* SPDX-License-Identifier: Apache-2.0 */
/* Networks in lists, with Docker's fields and headers. */
#pragma once

#include "cli/rows.h"
#include "engine/network.h"

extern const struct rows_kind NETWORK_ROWS;

/* For rows_add(). */
struct json_object *network_fields(const struct network_record *record, bool no_trunc);
