/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/db.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "storage/space.h"

enum {
	DB_MODE = 0600,
	BUSY_TIMEOUT_MS = 10 * 1000,
	/*
	 * Who opens the database first reads the whole log, at some 5 us a page, so it is kept short; who writes it
	 * back waits for the disk twice, so not too short: at nine pages for a container, every eleventh pays.
	 */
	CHECKPOINT_PAGES = 100,
	PREPARED_MAX = 4,
	LOG_RESERVE = 640 << 10, /* these, of 4 KiB, and a transaction more */
};

struct db {
	sqlite3 *handle;
	char *path; /* of the file, for messages */
	int dir;    /* where it is; not ours */
	sqlite3_stmt *prepared[PREPARED_MAX];
	size_t n_prepared;
};

/* --- errors --- */

static int damaged(const struct db *db, const char *why, struct error *err)
{
	err_set(err, ERR_DB, "the database %s is damaged: %s", db->path, why);
	return err_hint(err, "mv %s %s.damaged && rm -f %s-wal %s-shm, to start without any images and containers",
			db->path, db->path, db->path, db->path);
}

static int io_failed(const struct db *db, const char *why, struct error *err)
{
	int sys_errno = sqlite3_system_errno(db->handle);
	if (sys_errno == 0)
		return err_set(err, ERR_DB, "use the database %s: %s", db->path, why);
	int r = err_sys(err, sys_errno, "use the database %s", db->path);
	r = space_explain(r, db->dir, 0, err);
	return r;
}

/* @r is SQLite's extended code, just returned. */
static int failed(const struct db *db, int r, struct error *err)
{
	const char *why = sqlite3_errmsg(db->handle);
	switch (r) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
		return err_set(err, ERR_EXISTS, "%s", why);
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return err_set(err, ERR_BUSY, "%s", why);
	default:
		break;
	}
	switch (r & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return damaged(db, why, err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, ERR_TIMEOUT, "the database %s has been locked by another process for %d s", db->path,
			       BUSY_TIMEOUT_MS / 1000);
	case SQLITE_FULL:
		return space_explain(err_sys(err, ENOSPC, "write the database %s", db->path), db->dir, 0, err);
	case SQLITE_READONLY:
		return err_set(err, ERR_PERMISSION, "write the database %s: it is read-only", db->path);
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return io_failed(db, why, err);
	default:
		return err_set(err, ERR_DB, "use the database %s: %s", db->path, why);
	}
}

/* --- statements --- */

static int bind(sqlite3_stmt *statement, const struct db_value *values)
{
	int r = SQLITE_OK;
	for (int i = 1; r == SQLITE_OK && values->type != DB_VALUE_END; i++, values++)
		r = values->type == DB_VALUE_TEXT ? sqlite3_bind_text(statement, i, values->text, -1, SQLITE_TRANSIENT) :
						    sqlite3_bind_int64(statement, i, values->number);
	return r;
}

void db_prepare(struct db *db, const char *sql)
{
	sqlite3_stmt *statement;
	if (db->n_prepared < PREPARED_MAX && sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) == SQLITE_OK)
		db->prepared[db->n_prepared++] = statement;
}

static sqlite3_stmt *take_prepared(struct db *db, const char *sql)
{
	for (size_t i = 0; i < db->n_prepared; i++) {
		sqlite3_stmt *statement = db->prepared[i];
		if (!streq(sqlite3_sql(statement), sql))
			continue;
		db->prepared[i] = db->prepared[--db->n_prepared];
		return statement;
	}
	return NULL;
}

int db_query(struct db *db, const char *sql, const struct db_value *values, struct db_query *ret, struct error *err)
{
	sqlite3_stmt *statement = take_prepared(db, sql);
	int r = statement ? SQLITE_OK : sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
	if (r == SQLITE_OK)
		r = bind(statement, values);
	if (r != SQLITE_OK) {
		r = failed(db, r, err);
		sqlite3_finalize(statement);
		return r;
	}
	*ret = (struct db_query){ .db = db, .statement = statement };
	return 0;
}

int db_next(struct db_query *query, struct error *err)
{
	int r = sqlite3_step(query->statement);
	if (r == SQLITE_ROW)
		return 1;
	return r == SQLITE_DONE ? 0 : failed(query->db, r, err);
}

const char *db_text(const struct db_query *query, int column)
{
	const char *text = (const char *)sqlite3_column_text(query->statement, column);
	return text ? text : "";
}

int64_t db_number(const struct db_query *query, int column)
{
	return sqlite3_column_int64(query->statement, column);
}

void db_query_done(struct db_query *query)
{
	sqlite3_finalize(query->statement);
	*query = (struct db_query){ 0 };
}

int db_run(struct db *db, const char *sql, const struct db_value *values, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, sql, values, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		;
	return r < 0 ? r : sqlite3_changes(db->handle);
}

int db_get_text(struct db *db, const char *sql, const struct db_value *values, char **ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, sql, values, &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r > 0)
		*ret = mem_strdup(db_text(&query, 0));
	return r;
}

int db_get_texts(struct db *db, const char *sql, const struct db_value *values, char ***ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	_cleanup_strv_ char **texts = NULL;
	int r = db_query(db, sql, values, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		strv_append(&texts, db_text(&query, 0));
	if (r >= 0)
		*ret = TAKE_PTR(texts);
	return r;
}

/* --- transactions --- */

static int execute(struct db *db, const char *sql, struct error *err)
{
	int r = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	return r == SQLITE_OK ? 0 : failed(db, r, err);
}

int db_begin(struct db *db, struct db_transaction *ret, struct error *err)
{
	int r = execute(db, "BEGIN IMMEDIATE", err);
	if (r == 0)
		ret->db = db;
	return r;
}

int db_commit(struct db_transaction *transaction, struct error *err)
{
	int r = execute(transaction->db, "COMMIT", err);
	if (r == 0)
		transaction->db = NULL;
	return r;
}

void db_transaction_done(struct db_transaction *transaction)
{
	if (transaction->db)
		(void)execute(transaction->db, "ROLLBACK", NULL);
	transaction->db = NULL;
}

/* --- opening --- */

/* Before anything else of SQLite is called; it can be done only once in a process. */
static void configure_library(void)
{
	static bool done;
	if (done)
		return;
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_MMAP_SIZE, (sqlite3_int64)0, (sqlite3_int64)0);
	done = true;
}

/*
 * SQLite would make the file with the mode that the umask leaves. One that exists is not opened here: closing it would
 * drop the POSIX locks of another connection of this process.
 */
static int ensure_file(int dir, const char *name, struct error *err)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if ((st.st_mode & 0777) != DB_MODE && fchmodat(dir, name, DB_MODE, 0) < 0)
			return err_sys(err, errno, "make the database '%s' private", name);
		return S_ISREG(st.st_mode) ? 0 : err_set(err, ERR_DB, "the database '%s' is not a file", name);
	}
	_cleanup_close_ int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, DB_MODE);
	if (fd < 0 && errno != EEXIST)
		return space_explain(err_sys(err, errno, "make the database '%s'", name), dir, 0, err);
	return 0;
}

static int connect_file(struct db *db, struct error *err)
{
	static const struct {
		int option, value;
	} options[] = {
		/* Closing is a part of every command: it does not wait for the disk. */
		{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	};
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
	int r = sqlite3_open_v2(db->path, &db->handle, flags, NULL);
	if (r != SQLITE_OK)
		return failed(db, r, err);
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		sqlite3_db_config(db->handle, options[i].option, options[i].value, NULL);
	sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
	sqlite3_wal_autocheckpoint(db->handle, CHECKPOINT_PAGES);
	return 0;
}

static int read_version(struct db *db, size_t *ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "PRAGMA user_version", DB_NO_VALUES, &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r < 0)
		return r;
	int64_t version = db_number(&query, 0);
	if (version < 0)
		return damaged(db, "its version is negative", err);
	*ret = (size_t)version;
	return 0;
}

static int check_version(const struct db *db, size_t version, size_t newest, struct error *err)
{
	if (version <= newest)
		return 0;
	err_set(err, ERR_DB, "the database %s is of a newer coffer", db->path);
	return err_cause(err, "it has version %zu, and this coffer knows %zu", version, newest);
}

/* In one transaction: a version is there whole or not at all. */
static int take_steps(struct db *db, const char *const *steps, size_t n_steps, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	char set_version[64];
	size_t version = 0;
	int r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = read_version(db, &version, err);
	if (r >= 0)
		r = check_version(db, version, n_steps, err);
	for (size_t i = version; r >= 0 && i < n_steps; i++)
		r = execute(db, steps[i], err);
	if (r < 0)
		return err_wrap(err, "bring the database to version %zu", n_steps);
	snprintf(set_version, sizeof set_version, "PRAGMA user_version = %zu", n_steps);
	r = execute(db, set_version, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

/*
 * Room for the log until it is written back, as long as there is some: on a full disk it has to be possible to remove things.
 * The log's file stays, and is written anew from its beginning.
 */
static void reserve_log(const struct db *db, const char *name)
{
	_cleanup_free_ char *log = mem_printf("%s-wal", name);
	_cleanup_close_ int fd = openat(db->dir, log, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		(void)fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, LOG_RESERVE);
}

/* Changing to a write-ahead log is the one thing that SQLite's own locks do not serialize: hence another lock. */
static int migrate(struct db *db, const char *name, const char *const *steps, size_t n_steps, struct error *err)
{
	_cleanup_free_ char *lock_name = mem_printf("%s.lock", name);
	_cleanup_close_ int lock = file_lock(db->dir, lock_name, true, true, err);
	if (lock < 0)
		return lock;
	int r = execute(db, "PRAGMA journal_mode = WAL", err);
	if (r >= 0)
		r = take_steps(db, steps, n_steps, err);
	if (r >= 0)
		reserve_log(db, name);
	return r;
}

static int open_all(struct db *db, const char *name, const char *const *steps, size_t n_steps, struct error *err)
{
	size_t version = 0;
	int r = ensure_file(db->dir, name, err);
	if (r >= 0)
		r = connect_file(db, err);
	if (r >= 0)
		r = read_version(db, &version, err);
	if (r >= 0)
		r = check_version(db, version, n_steps, err);
	if (r >= 0 && version < n_steps)
		r = migrate(db, name, steps, n_steps, err);
	/* The log is flushed when it is written back, and not with every commit. */
	return r < 0 ? r : execute(db, "PRAGMA synchronous = NORMAL", err);
}

int db_open(int dir, const char *path, const char *name, const char *const *steps, size_t n_steps, struct db **ret,
	    struct error *err)
{
	configure_library();
	struct db *db = NEW(struct db);
	db->path = mem_printf("%s/%s", path, name);
	db->dir = dir;
	int r = open_all(db, name, steps, n_steps, err);
	if (r < 0) {
		db_close(db);
		return r;
	}
	*ret = db;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	while (db->n_prepared > 0)
		sqlite3_finalize(db->prepared[--db->n_prepared]);
	sqlite3_close(db->handle);
	free(db->path);
	free(db);
}
