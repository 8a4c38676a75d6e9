/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite, as the engine uses it: one connection of one thread, a write-ahead log, statements with typed values.
 *
 *  1. db_open() makes the file (mode 0600) if it is missing, and brings its tables to the newest version.
 *  2. db_run() for statements without rows, db_query() and db_next() for those with.
 *  3. Changes that belong together stand between db_begin() and db_commit(); _cleanup_db_transaction_ undoes them when
 *     the scope is left before.
 *
 * A commit is atomic, and survives a crash of any process. A power cut may take the last ones (synchronous=NORMAL), never
 * a part of one: what the engine does after it must be safe to be found undone.
 *
 * Errors: ERR_EXISTS for a value that must be unique and is there already, ERR_BUSY for a row that others refer to or
 * that refers to none, ERR_NOSPC, ERR_PERMISSION, ERR_TIMEOUT when other processes keep it locked, and else ERR_DB.
 *
 * Source: https://sqlite.org/c3ref/intro.html, wal.html, pragma.html.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct db;

/*
 * The tables' history: step i leads from version i to i + 1. A database of a newer coffer is refused.
 * @dir is open on the directory @path.
 */
int db_open(int dir, const char *path, const char *name, const char *const *steps, size_t n_steps, struct db **ret,
	    struct error *err);
void db_close(struct db *db);

/* --- values for ?1, ?2, ... --- */

struct db_value {
	enum { DB_VALUE_END, DB_VALUE_TEXT, DB_VALUE_NUMBER } type;
	const char *text; /* NULL is SQL's NULL */
	int64_t number;
};

#define DB_TEXT(value) ((struct db_value){ .type = DB_VALUE_TEXT, .text = (value) })
#define DB_NUMBER(value) ((struct db_value){ .type = DB_VALUE_NUMBER, .number = (value) })
#define DB_VALUES(...) ((const struct db_value[]){ __VA_ARGS__, { .type = DB_VALUE_END } })
#define DB_NO_VALUES ((const struct db_value[]){ { .type = DB_VALUE_END } })

/* Returns the number of rows that the statement changed. */
int db_run(struct db *db, const char *sql, const struct db_value *values, struct error *err);

/*
 * Compile a statement now, while nobody waits: the next db_run() or db_query() of the same text runs it. One that cannot be
 * compiled says so then. It holds no lock, and sees what is there when it runs.
 */
void db_prepare(struct db *db, const char *sql);

/* --- rows --- */

struct db_query {
	struct db *db;
	void *statement;
};
void db_query_done(struct db_query *query);
#define _cleanup_db_query_ _cleanup_(db_query_done)

/* Values are copied. */
int db_query(struct db *db, const char *sql, const struct db_value *values, struct db_query *ret, struct error *err);

/* 1 with a row, 0 behind the last one. */
int db_next(struct db_query *query, struct error *err);

/* Columns of the current row, from 0. Texts live until db_next(); NULL is "". */
const char *db_text(const struct db_query *query, int column);
int64_t db_number(const struct db_query *query, int column);

/* The first column of the only row: 1 and a copy, which the caller frees; 0 without a row. */
int db_get_text(struct db *db, const char *sql, const struct db_value *values, char **ret, struct error *err);

/* The first column of every row, as a strv; NULL without one. */
int db_get_texts(struct db *db, const char *sql, const struct db_value *values, char ***ret, struct error *err);

/* --- transactions --- */

struct db_transaction {
	struct db *db; /* NULL: none is open */
};
void db_transaction_done(struct db_transaction *transaction);
#define _cleanup_db_transaction_ _cleanup_(db_transaction_done)

/* Waits for other writers, so that nothing read inside of it is old when it is written. */
int db_begin(struct db *db, struct db_transaction *ret, struct error *err);
int db_commit(struct db_transaction *transaction, struct error *err);
