/* SPDX-License-Identifier: Apache-2.0 */
/* The database's wrapper: versions, damage, transactions, and two processes at once. */
#include "engine-fixture.h"

#include <sys/wait.h>

static const char *const STEPS[] = {
	"CREATE TABLE things (name TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID;",
	"CREATE TABLE parts (thing TEXT NOT NULL REFERENCES things);",
	"ALTER TABLE things ADD COLUMN colour TEXT;",
};

struct place {
	char path[64];
	int dir;
};

static struct place place;

static int make_place(void **state)
{
	place = (struct place){ .path = "/tmp/coffer-test-db-XXXXXX" };
	if (!mkdtemp(place.path))
		return -1;
	place.dir = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place.dir < 0 ? -1 : 0;
}

static int remove_place(void **state)
{
	fd_close(place.dir);
	return path_remove_tree(AT_FDCWD, place.path);
}

static struct db *open_steps(size_t count)
{
	struct db *db = NULL;
	assert_ok(db_open(place.dir, place.path, "x.db", STEPS, count, &db, &err));
	return db;
}

static int64_t count_things(struct db *db)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	assert_ok(db_query(db, "SELECT count(*) FROM things", DB_NO_VALUES, &query, &err));
	assert_int_equal(db_next(&query, NULL), 1);
	return db_number(&query, 0);
}

static int insert_thing(struct db *db, const char *name, struct error *err)
{
	return db_run(db, "INSERT INTO things (name, number) VALUES (?1, ?2)", DB_VALUES(DB_TEXT(name), DB_NUMBER(7)), err);
}

/* --- versions --- */

static void test_a_new_one_is_private(void **state)
{
	struct db *db = open_steps(1);
	struct stat st;
	assert_ok(insert_thing(db, "a", &err));
	static const char *const files[] = { "x.db", "x.db-wal", "x.db-shm", "x.db.lock" };
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		assert_int_equal(fstatat(place.dir, files[i], &st, 0), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	db_close(db);
}

static void test_a_readable_one_becomes_private(void **state)
{
	struct stat st;
	db_close(open_steps(1));
	assert_int_equal(fchmodat(place.dir, "x.db", 0644, 0), 0);
	db_close(open_steps(1));
	assert_int_equal(fstatat(place.dir, "x.db", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_an_older_one_gets_the_missing_steps(void **state)
{
	struct db *db = open_steps(1);
	assert_ok(insert_thing(db, "kept", &err));
	db_close(db);
	db = open_steps(3);
	assert_int_equal(count_things(db), 1);
	assert_int_equal(db_run(db, "UPDATE things SET colour = 'red'", DB_NO_VALUES, NULL), 1);
	db_close(db);
}

static void test_a_newer_one_is_refused(void **state)
{
	struct db *db;
	db_close(open_steps(3));
	assert_refused(db_open(place.dir, place.path, "x.db", STEPS, 2, &db, &err), ERR_DB, "is of a newer coffer");
}

static void test_a_step_that_fails_leaves_the_old_version(void **state)
{
	static const char *const broken[] = { "CREATE TABLE things (name TEXT);", "CREATE TABLE nonsense (" };
	struct db *db;
	assert_refused(db_open(place.dir, place.path, "x.db", broken, 2, &db, &err), ERR_DB, "bring the database to version 2");
	assert_ok(db_open(place.dir, place.path, "x.db", broken, 1, &db, &err)); /* nothing of it was done */
	db_close(db);
}

/* --- damage --- */

static void test_what_is_no_database(void **state)
{
	struct db *db;
	write_file(place.path, "x.db", "this is a text of some length, and was never a database of anybody");
	struct error err = { 0 };
	assert_int_equal(db_open(place.dir, place.path, "x.db", STEPS, 1, &db, &err), -ERR_DB);
	assert_non_null(strstr(err.message, "is damaged"));
	assert_true(str_starts_with(err.hint, "mv /tmp/"));
}

static void test_a_torn_page(void **state)
{
	struct db *db = open_steps(1);
	for (int i = 0; i < 500; i++) {
		_cleanup_free_ char *name = mem_printf("a thing with a long name, %d", i);
		assert_ok(insert_thing(db, name, &err));
	}
	assert_ok(db_run(db, "PRAGMA wal_checkpoint(TRUNCATE)", DB_NO_VALUES, &err));
	db_close(db);
	_cleanup_close_ int fd = openat(place.dir, "x.db", O_WRONLY | O_CLOEXEC);
	char rubbish[4096];
	memset(rubbish, 0x5a, sizeof rubbish);
	for (off_t at = sizeof rubbish; at < 5 * (off_t)sizeof rubbish; at += sizeof rubbish)
		assert_int_equal(pwrite(fd, rubbish, sizeof rubbish, at), sizeof rubbish);
	db = open_steps(1);
	struct error err = { 0 };
	_cleanup_free_ char *text = NULL;
	assert_int_equal(db_get_text(db, "SELECT max(number) FROM things", DB_NO_VALUES, &text, &err), -ERR_DB);
	assert_non_null(strstr(err.message, "is damaged"));
	db_close(db);
}

static void test_a_directory_in_its_place(void **state)
{
	struct db *db;
	assert_int_equal(mkdirat(place.dir, "x.db", 0700), 0);
	assert_refused(db_open(place.dir, place.path, "x.db", STEPS, 1, &db, &err), ERR_DB, "is not a file");
}

/* --- statements --- */

static void test_constraints_have_codes(void **state)
{
	struct db *db = open_steps(2);
	assert_ok(insert_thing(db, "a", &err));
	assert_refused(insert_thing(db, "a", &err), ERR_EXISTS, "things.name");
	assert_refused(db_run(db, "INSERT INTO parts VALUES ('none')", DB_NO_VALUES, &err), ERR_BUSY, "FOREIGN KEY");
	assert_ok(db_run(db, "INSERT INTO parts VALUES ('a')", DB_NO_VALUES, &err));
	assert_refused(db_run(db, "DELETE FROM things", DB_NO_VALUES, &err), ERR_BUSY, "FOREIGN KEY");
	assert_refused(db_run(db, "SELECT nonsense", DB_NO_VALUES, &err), ERR_DB, "no such column");
	db_close(db);
}

static void test_values_are_values(void **state)
{
	struct db *db = open_steps(1);
	static const char hostile[] = "x'); DROP TABLE things; --";
	_cleanup_free_ char *name = NULL;
	assert_int_equal(insert_thing(db, hostile, NULL), 1);
	assert_int_equal(db_get_text(db, "SELECT name FROM things WHERE number = ?1", DB_VALUES(DB_NUMBER(7)), &name, NULL), 1);
	assert_string_equal(name, hostile);
	assert_int_equal(db_get_text(db, "SELECT name FROM things WHERE number = 8", DB_NO_VALUES, &name, NULL), 0);
	db_close(db);
}

static void test_a_transaction_is_undone_with_its_scope(void **state)
{
	struct db *db = open_steps(1);
	{
		_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
		assert_ok(db_begin(db, &transaction, &err));
		assert_ok(insert_thing(db, "a", &err));
		assert_int_equal(count_things(db), 1);
	}
	assert_int_equal(count_things(db), 0);
	{
		_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
		assert_ok(db_begin(db, &transaction, &err));
		assert_ok(insert_thing(db, "a", &err));
		assert_ok(db_commit(&transaction, &err));
	}
	assert_int_equal(count_things(db), 1);
	db_close(db);
}

/* --- statements that are compiled before they are run --- */

static void test_prepared_statements_see_what_is_there_when_they_run(void **state)
{
	static const char insert[] = "INSERT INTO things (name, number) VALUES (?1, ?2)";
	static const char nonsense[] = "SELECT sense FROM nowhere";
	struct db *db = open_steps(1);
	db_prepare(db, "SELECT count(*) FROM things");
	db_prepare(db, insert);
	db_prepare(db, nonsense);
	db_prepare(db, insert);
	assert_int_equal(insert_thing(db, "a", NULL), 1);
	assert_int_equal(insert_thing(db, "b", NULL), 1);
	assert_int_equal(insert_thing(db, "b", NULL), -ERR_EXISTS);
	struct db *newer = open_steps(3); /* other tables than it was compiled for */
	assert_int_equal(insert_thing(newer, "c", NULL), 1);
	db_close(newer);
	assert_int_equal(count_things(db), 3);
	assert_int_equal(count_things(db), 3);
	assert_refused(db_run(db, nonsense, DB_NO_VALUES, &err), ERR_DB, "no such table");
	for (int i = 0; i < 10; i++)
		db_prepare(db, insert); /* as many as there is room for */
	assert_int_equal(insert_thing(db, "d", NULL), 1);
	db_close(db);
}

/* --- several processes --- */

enum { WRITERS = 4, EACH = 25 };

static void write_many(int writer)
{
	struct db *db;
	if (db_open(place.dir, place.path, "x.db", STEPS, 3, &db, NULL) < 0)
		_exit(1);
	for (int i = 0; i < EACH; i++) {
		_cleanup_free_ char *name = mem_printf("%d.%d", writer, i);
		if (insert_thing(db, name, NULL) != 1)
			_exit(2);
	}
	_exit(0); /* without a word, as a process that is killed */
}

static void test_first_openings_at_once(void **state)
{
	pid_t pids[WRITERS];
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			write_many(i);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	struct db *db = open_steps(3);
	assert_int_equal(count_things(db), WRITERS * EACH);
	db_close(db);
}

static void test_a_killed_writer_changes_nothing(void **state)
{
	db_close(open_steps(1));
	pid_t pid = fork();
	if (pid == 0) {
		struct db_transaction transaction;
		struct db *db;
		if (db_open(place.dir, place.path, "x.db", STEPS, 1, &db, NULL) == 0 && db_begin(db, &transaction, NULL) == 0 &&
		    insert_thing(db, "half", NULL) == 1)
			(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	struct db *db = open_steps(1);
	assert_int_equal(count_things(db), 0);
	assert_int_equal(insert_thing(db, "whole", NULL), 1);
	db_close(db);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_new_one_is_private),
		TEST(test_a_readable_one_becomes_private),
		TEST(test_an_older_one_gets_the_missing_steps),
		TEST(test_a_newer_one_is_refused),
		TEST(test_a_step_that_fails_leaves_the_old_version),
		TEST(test_what_is_no_database),
		TEST(test_a_torn_page),
		TEST(test_a_directory_in_its_place),
		TEST(test_constraints_have_codes),
		TEST(test_values_are_values),
		TEST(test_a_transaction_is_undone_with_its_scope),
		TEST(test_prepared_statements_see_what_is_there_when_they_run),
		TEST(test_first_openings_at_once),
		TEST(test_a_killed_writer_changes_nothing),
	};
	return cmocka_run_group_tests_name("engine_db", tests, NULL, NULL);
}
