/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rpm has installed, out of its database rpmdb.sqlite: a table of headers, each an index of tags and their values. Its
 * older databases, of Berkeley DB and its own ndb, are not read.
 *
 * Source: rpm.org, "Package Format", "Header"; rpm's lib/backend/sqlite.c; rpmtags.
 */
#pragma once

#include "engine/package-db.h"

#define RPM_TABLE "Packages"
enum { RPM_COLUMN = 1 };

/* Append the packages of the database that is open as @fd. Returns 0, or -errno as sqlite_table_each() does. */
int package_rpm_read(int fd, struct package_list *list);
