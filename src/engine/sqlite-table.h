/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a table out of a database of SQLite that an image has brought. SQLite itself is not asked: it would execute what
 * the file says (views, expressions), and all that is wanted is one column.
 *
 * Nothing that the file says is believed: what is read is bounded by its own size, so that pages in a circle come to an end. A
 * write-ahead log beside it is not looked at.
 *
 * Source: sqlite.org/fileformat2.html, 1.3 "The Database Header", 1.6 "B-tree Pages", 2.1 "Record Format".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Call @visit with the bytes of @column (from 0 on; a text or blob) of each row of @table. Returns 0; -ENOENT if there is no
 * such table, -EBADMSG if the file makes no sense (after some rows, perhaps), or -errno.
 */
int sqlite_table_each(int fd, const char *table, unsigned column,
		      void (*visit)(const uint8_t *bytes, size_t len, void *data), void *data);
