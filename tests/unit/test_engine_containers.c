/* SPDX-License-Identifier: Apache-2.0 */
/* Containers in the database: names, ids, states, and the finding of what dead processes left. Nothing is run here. */
#include "engine-fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "base/time.h"
#include "engine/reconcile.h"
#include "monitor/protocol.h"
#include "storage/snapshot.h"

static struct made_image base;

static int setup(void **state)
{
	int r = fixture_setup(state);
	base = (struct made_image){ 0 };
	if (r == 0)
		make_base_image(&base);
	return r;
}

static int teardown(void **state)
{
	made_image_done(&base);
	return fixture_teardown(state);
}

typedef char container_id[ID_HEX_LENGTH + 1];

static int create(const char *name, bool auto_remove, container_id id, struct error *err)
{
	struct container_record *record;
	struct container_spec spec = { .name = TEXT(name), .image = TEXT("base:1"), .auto_remove = auto_remove };
	int r = engine_container_create(fixture.engine, &spec, &record, err);
	if (r < 0)
		return r;
	str_copy(id, sizeof(container_id), record->id);
	container_record_free(record);
	return 0;
}

static struct db *database(void)
{
	struct db *db = NULL;
	assert_ok(engine_db(fixture.engine, &db, &err));
	return db;
}

static struct container_record *found(const char *name)
{
	struct container_record *record = NULL;
	assert_ok(engine_container_find(fixture.engine, name, &record, &err));
	return record;
}

static void assert_state(const char *name, enum container_state expected, int exit_code)
{
	struct container_record *record = found(name);
	assert_string_equal(container_state_name(record->state), container_state_name(expected));
	assert_int_equal(record->exit_code, exit_code);
	container_record_free(record);
}

#define assert_gone(name)                                                                                \
	do {                                                                                             \
		struct container_record *gone;                                                           \
		assert_refused(engine_container_find(fixture.engine, name, &gone, &err), ERR_NO_CONTAINER, \
			       "No such container: ");                                                   \
	} while (0)

static void assert_nothing_left(void)
{
	assert_int_equal(count_entries("%s/containers", fixture.runroot), 0);
	assert_int_equal(count_entries("%s/snapshots", fixture.root), 0);
	assert_int_equal(count_entries("%s/logs", fixture.root), 0);
	assert_int_equal(count_entries("%s/tmp", fixture.root), 0);
}

/* --- creating --- */

static void test_a_created_container(void **state)
{
	container_id id;
	assert_ok(create("web", false, id, &err));
	struct container_record *record = found("web");
	assert_string_equal(record->id, id);
	assert_string_equal(record->name, "web");
	assert_string_equal(record->image, "base:1");
	assert_string_equal(record->image_id, base.id);
	assert_string_equal(record->command[0], "/bin/sh");
	assert_int_equal(record->state, STATE_CREATED);
	assert_int_equal(record->pid, 0);
	assert_true(record->created_at > 0 && record->started_at == 0 && record->finished_at == 0);
	container_record_free(record);
	assert_true(exists("%s/snapshots/%s/upper", fixture.root, id));
	assert_true(exists("%s/containers/%s/config.json", fixture.runroot, id));
	fixture_reopen(); /* as a command that ends */
	assert_false(exists("%s/containers/%s", fixture.runroot, id));
	assert_ok(engine_reconcile(fixture.engine, &err));
	assert_state("web", STATE_CREATED, 0);
	assert_true(exists("%s/snapshots/%s", fixture.root, id));
}

static void test_a_name_belongs_to_one(void **state)
{
	container_id first, second;
	assert_ok(create("web", false, first, &err));
	struct error why = { 0 };
	assert_int_equal(create("web", false, second, &why), -ERR_NAME);
	_cleanup_free_ char *begin = mem_printf("name \"web\" is already in use by container %.12s (created ", first);
	assert_true(str_starts_with(why.message, begin));
	assert_true(str_ends_with(why.message, " ago, image base:1)"));
	assert_string_equal(why.hint, "coffer rm -f web");
	assert_int_equal(why.stage, STAGE_CREATE);
	assert_int_equal(create("/web", false, second, NULL), -ERR_NAME); /* the same one */
	assert_int_equal(count_entries("%s/containers", fixture.runroot), 1);
	assert_int_equal(count_entries("%s/snapshots", fixture.root), 1);
	assert_ok(engine_container_remove(fixture.engine, "web", false, false, &err));
	assert_ok(create("web", false, second, &err));
}

static void test_generated_names(void **state)
{
	for (int i = 0; i < 30; i++) {
		container_id id;
		assert_ok(create(NULL, false, id, &err));
	}
	struct container_record **records;
	size_t count;
	assert_ok(engine_container_list(fixture.engine, true, &records, &count, &err));
	assert_int_equal(count, 30);
	int64_t newest = INT64_MAX;
	for (size_t i = 0; i < count; i++) {
		assert_non_null(strchr(records[i]->name, '_'));
		assert_true(records[i]->created_at <= newest);
		newest = records[i]->created_at;
		container_record_free(records[i]);
	}
	free(records);
}

static void test_bad_input_leaves_nothing(void **state)
{
	container_id id;
	struct container_record *record;
	assert_refused(create("../x", false, id, &err), ERR_INVALID, "Invalid container name");
	struct container_spec spec = { .image = TEXT("nosuch:1") };
	assert_refused(engine_container_create(fixture.engine, &spec, &record, &err), ERR_IMG_NOT_FOUND,
		       "No such image: nosuch:1");
	spec.image = TEXT("");
	assert_refused(engine_container_create(fixture.engine, &spec, &record, &err), ERR_INVALID, "no image was named");
	assert_nothing_left();
}

static void test_the_image_is_removed_meanwhile(void **state)
{
	container_id id;
	_cleanup_free_ char *config = mem_printf("%s/blobs/sha256/%s", fixture.root, base.id + 7);
	assert_int_equal(unlink(config), 0);
	assert_refused(create("web", false, id, &err), ERR_NOT_FOUND, "open blob");
	assert_nothing_left();
}

/* --- finding --- */

/* A row with an id of our choice. */
static void insert_row(const char *id, const char *name, enum container_state container_state, bool auto_remove)
{
	struct container_spec spec = { .image = TEXT("base:1"), .name = TEXT(name), .auto_remove = auto_remove };
	struct container_row row = {
		.name = TEXT(name),
		.image_id = base.id,
		.state = container_state,
		.auto_remove = auto_remove,
		.created_at = time_now_ns(),
		.runroot = fixture.runroot,
		.config = { .borrowed = &spec, .command = WORDS("x"), .working_dir = TEXT("/"), .user = TEXT(""),
			    .hostname = TEXT("h"), .stop_signal = SIGTERM },
	};
	str_copy(row.id, sizeof row.id, id);
	assert_ok(container_row_insert(database(), &row, &err));
}

static const char ID_A[] = "aaaa000000000000000000000000000000000000000000000000000000000000";
static const char ID_B[] = "aaaa111111111111111111111111111111111111111111111111111111111111";
static const char ID_C[] = "cccc000000000000000000000000000000000000000000000000000000000000";

static const char ID_D[] = "dddd000000000000000000000000000000000000000000000000000000000000";

static void assert_finds(const char *text, const char *id)
{
	struct container_record *record = found(text);
	assert_string_equal(record->id, id);
	container_record_free(record);
}

static void test_names_ids_and_prefixes(void **state)
{
	struct container_record *none;
	insert_row(ID_A, "first", STATE_CREATED, false);
	insert_row(ID_B, "cccc", STATE_CREATED, false); /* a name that looks like the third one's id */
	insert_row(ID_C, "third", STATE_CREATED, false);
	assert_finds("first", ID_A);
	assert_finds("/first", ID_A);
	assert_finds(ID_A, ID_A);
	assert_finds("aaaa0", ID_A);
	assert_finds("aaaa1", ID_B);
	assert_finds("cccc", ID_B);
	assert_finds("cccc0", ID_C);
	assert_refused(engine_container_find(fixture.engine, "aaaa", &none, &err), ERR_INVALID,
		       "Multiple IDs found with provided prefix: aaaa");
	static const char *const nobody[] = { "", "b", "aaaa2", "firs", "First", "%", "aaaa0%", "'", "../first", "/" };
	for (size_t i = 0; i < ARRAY_SIZE(nobody); i++)
		assert_gone(nobody[i]);
}

/* --- run directories and their locks --- */

static void test_one_holder_at_a_time(void **state)
{
	_cleanup_run_dir_ struct run_dir first = RUN_DIR_NONE;
	_cleanup_run_dir_ struct run_dir second = RUN_DIR_NONE;
	assert_int_equal(run_dir_lock(fixture.engine, ID_A, 0, &first, NULL), 0);
	assert_ok(run_dir_make(fixture.engine, ID_A, &first, &err));
	assert_refused(run_dir_make(fixture.engine, ID_A, &second, &err), ERR_BUSY, "in the hands of another process");
	assert_refused(run_dir_lock(fixture.engine, ID_A, 20, &second, &err), ERR_BUSY, "in the hands of another process");
	run_dir_close(&first);
	assert_int_equal(run_dir_lock(fixture.engine, ID_A, 0, &second, NULL), 1);
	assert_ok(run_dir_remove(fixture.engine, ID_A, &second, &err));
	assert_int_equal(second.lock, -1);
	assert_int_equal(run_dir_lock(fixture.engine, ID_A, 0, &first, NULL), 0);
}

static void test_a_lock_of_a_removed_directory_is_none(void **state)
{
	struct run_dir old = RUN_DIR_NONE;
	_cleanup_run_dir_ struct run_dir fresh = RUN_DIR_NONE;
	assert_ok(run_dir_make(fixture.engine, ID_A, &old, &err));
	_cleanup_close_ int directory = dup(old.fd);
	assert_ok(run_dir_remove(fixture.engine, ID_A, &old, &err));
	assert_ok(run_dir_make(fixture.engine, ID_A, &fresh, &err));
	struct stat before, now;
	assert_int_equal(fstat(directory, &before), 0);
	assert_int_equal(fstat(fresh.fd, &now), 0);
	assert_int_equal(before.st_nlink, 0);
	assert_true(now.st_nlink > 0);
}

static void test_what_the_dead_left_is_not_taken_over(void **state)
{
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	_cleanup_free_ char *old = mem_printf("%s/containers/%s/status.json", fixture.runroot, ID_A);
	write_file("/", old, "{}");
	assert_ok(run_dir_make(fixture.engine, ID_A, &dir, &err));
	assert_false(exists("%s", old));
}

/* Many at once: the directory is made, locked, used and removed, and no two ever hold it. */
static void fight_for_it(int marker)
{
	for (int i = 0; i < 60; i++) {
		struct run_dir dir;
		int r = run_dir_make(fixture.engine, ID_A, &dir, NULL);
		if (r == -ERR_BUSY)
			continue;
		if (r < 0 || flock(marker, LOCK_EX | LOCK_NB) < 0)
			_exit(1);
		usleep(50);
		if (flock(marker, LOCK_UN) < 0 || run_dir_remove(fixture.engine, ID_A, &dir, NULL) < 0)
			_exit(2);
	}
	_exit(0);
}

static void test_fights_for_a_lock(void **state)
{
	enum { FIGHTERS = 6 };
	pid_t pids[FIGHTERS];
	_cleanup_free_ char *path = mem_printf("%s/marker", fixture.top);
	for (int i = 0; i < FIGHTERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			fight_for_it(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	}
	for (int i = 0; i < FIGHTERS; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

/* Somebody looks for what the dead have left, all the time; who makes a directory gets it all the same. */
static void test_making_under_watch(void **state)
{
	pid_t pid = fork();
	if (pid == 0) {
		fixture_reopen();
		for (;;)
			(void)engine_reconcile(fixture.engine, NULL);
	}
	for (int i = 0; i < 300; i++) {
		struct run_dir dir = RUN_DIR_NONE;
		assert_ok(run_dir_make(fixture.engine, ID_A, &dir, &err));
		assert_true(exists("%s/containers/%s/lock", fixture.runroot, ID_A));
		assert_ok(run_dir_remove(fixture.engine, ID_A, &dir, &err));
	}
	int status;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* --- the end, as it is recorded --- */

/* A run directory as a monitor keeps it, with nobody's lock; its status says what we say. */
static void leave_run_dir(const char *id, const struct monitor_status *status)
{
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	assert_ok(run_dir_make(fixture.engine, id, &dir, &err));
	if (status)
		assert_ok(monitor_status_write(status, dir.fd, &err));
}

static const struct monitor_status ENDED = {
	.state = MONITOR_STATE_EXITED, .pid = 4711, .start_time = 1, .started_at = 5 * NSEC_PER_SEC,
	.finished_at = 6 * NSEC_PER_SEC, .exit_code = 7, .oom_killed = true, .memory_limit = -1, .memory_peak = -1,
};

static const struct monitor_status RUNNING = {
	.state = MONITOR_STATE_RUNNING, .pid = 4711, .start_time = 1, .started_at = 5 * NSEC_PER_SEC,
	.memory_limit = -1, .memory_peak = -1,
};

static void test_only_those_that_run(void **state)
{
	struct container_record **records;
	size_t count;
	insert_row(ID_A, "created", STATE_CREATED, false);
	insert_row(ID_B, "running", STATE_RUNNING, false);
	insert_row(ID_C, "exited", STATE_EXITED, false);
	insert_row(ID_D, "starting", STATE_RUNNING, false); /* its monitor has not said anything yet */
	leave_run_dir(ID_B, &RUNNING);
	leave_run_dir(ID_D, NULL);
	assert_ok(engine_container_list(fixture.engine, false, &records, &count, &err));
	assert_int_equal(count, 1);
	assert_string_equal(records[0]->name, "running");
	container_record_free(records[0]);
	free(records);
}

static void test_finish_records_the_end(void **state)
{
	insert_row(ID_A, "web", STATE_RUNNING, false);
	leave_run_dir(ID_A, &ENDED);
	assert_state("web", STATE_EXITED, 7); /* it is known before it is recorded */
	assert_ok(engine_container_finish(fixture.engine, ID_A, &err));
	struct container_record *record = found("web");
	assert_int_equal(record->state, STATE_EXITED);
	assert_int_equal(record->exit_code, 7);
	assert_true(record->oom_killed);
	assert_true(record->started_at == ENDED.started_at && record->finished_at == ENDED.finished_at);
	container_record_free(record);
	assert_nothing_left();
	assert_ok(engine_container_finish(fixture.engine, ID_A, &err)); /* once is enough, and twice is no harm */
	assert_ok(engine_container_finish(fixture.engine, ID_B, &err));
	assert_refused(engine_container_finish(fixture.engine, "../x", &err), ERR_NO_CONTAINER, "No such container");
}

static void test_finish_removes_all_of_an_rm(void **state)
{
	insert_row(ID_A, "web", STATE_RUNNING, true);
	leave_run_dir(ID_A, &ENDED);
	assert_ok(snapshot_create(fixture.engine->store, ID_A, 0, &err));
	static const char *const logs[] = { "", ".1", ".2" };
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		_cleanup_free_ char *log = mem_printf("logs/%s.log%s", ID_A, logs[i]);
		write_file(fixture.root, log, "x");
	}
	assert_ok(engine_container_finish(fixture.engine, ID_A, &err));
	assert_gone("web");
	assert_nothing_left();
}

static void test_a_running_one_is_not_finished(void **state)
{
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	struct monitor_status running = { .state = MONITOR_STATE_RUNNING, .pid = getpid(), .started_at = 1 };
	insert_row(ID_A, "web", STATE_RUNNING, false);
	assert_ok(run_dir_make(fixture.engine, ID_A, &dir, &err));
	assert_refused(engine_container_finish(fixture.engine, ID_A, &err), ERR_STATE, "is running");
	assert_ok(monitor_status_write(&running, dir.fd, &err));
	assert_refused(engine_container_finish(fixture.engine, ID_A, &err), ERR_STATE, "is running");
	assert_refused(engine_container_remove(fixture.engine, "web", false, false, &err), ERR_STATE,
		       "container is running: stop the container before removing or force remove");
	assert_ok(engine_reconcile(fixture.engine, &err));
	struct container_record *record = found("web");
	assert_int_equal(record->state, STATE_RUNNING);
	assert_int_equal(record->pid, getpid());
	container_record_free(record);
}

static void test_one_that_never_ran_stays_created(void **state)
{
	struct monitor_status failed = { .state = MONITOR_STATE_EXITED, .exit_code = 127, .finished_at = 5 };
	err_set(&failed.error, ERR_EXEC_NOTFOUND, "exec \"x\": executable file not found in $PATH");
	insert_row(ID_A, "web", STATE_RUNNING, false);
	leave_run_dir(ID_A, &failed);
	assert_ok(engine_container_finish(fixture.engine, ID_A, &err));
	struct container_record *record = found("web");
	assert_int_equal(record->state, STATE_CREATED);
	assert_int_equal(record->exit_code, 127);
	assert_string_equal(record->error, failed.error.message);
	container_record_free(record);
}

/* --- what the dead left --- */

static void test_a_monitor_that_died(void **state)
{
	struct monitor_status running = { .state = MONITOR_STATE_RUNNING, .pid = 1 << 30, .start_time = 1,
					  .started_at = 5 * NSEC_PER_SEC, .memory_limit = -1, .memory_peak = -1 };
	insert_row(ID_A, "kept", STATE_RUNNING, false);
	insert_row(ID_B, "removed", STATE_RUNNING, true);
	leave_run_dir(ID_A, &running);
	leave_run_dir(ID_B, &running);
	assert_ok(snapshot_create(fixture.engine->store, ID_A, 0, &err));
	assert_ok(snapshot_create(fixture.engine->store, ID_B, 0, &err));
	assert_ok(engine_reconcile(fixture.engine, &err));
	assert_state("kept", STATE_EXITED, 255);
	assert_gone("removed");
	assert_true(exists("%s/snapshots/%s", fixture.root, ID_A));
	assert_false(exists("%s/snapshots/%s", fixture.root, ID_B));
	assert_int_equal(count_entries("%s/containers", fixture.runroot), 0);
}

static void test_a_machine_that_was_restarted(void **state)
{
	insert_row(ID_A, "kept", STATE_RUNNING, false);
	insert_row(ID_B, "removed", STATE_RUNNING, true);
	insert_row(ID_C, "created", STATE_CREATED, true);
	assert_ok(snapshot_create(fixture.engine->store, ID_B, 0, &err));
	engine_free(fixture.engine);
	fixture.engine = NULL;
	assert_int_equal(path_remove_tree(AT_FDCWD, fixture.runroot), 0);
	fixture_reopen();
	assert_ok(engine_reconcile(fixture.engine, &err));
	struct container_record *record = found("kept");
	assert_int_equal(record->state, STATE_EXITED);
	assert_int_equal(record->exit_code, 255);
	assert_string_equal(record->error, "the machine or its monitor stopped");
	assert_true(record->finished_at > 0);
	container_record_free(record);
	assert_gone("removed");
	assert_state("created", STATE_CREATED, 0);
	assert_nothing_left();
}

static void test_what_runs_elsewhere_is_left_alone(void **state)
{
	struct db *db = database();
	insert_row(ID_A, "web", STATE_RUNNING, false);
	assert_ok(db_run(db, "UPDATE containers SET runroot = '/elsewhere'", DB_NO_VALUES, &err));
	assert_ok(engine_reconcile(fixture.engine, &err));
	assert_state("web", STATE_RUNNING, 0);
	struct error why = { 0 };
	assert_int_equal(engine_container_remove(fixture.engine, "web", true, false, &why), -ERR_STATE);
	assert_string_equal(why.hint, "coffer --runroot /elsewhere rm -f web");
}

static void test_a_command_that_died_while_creating(void **state)
{
	container_id kept, removed;
	pid_t pid = fork();
	if (pid == 0) {
		fixture_reopen();
		if (create("kept", false, kept, NULL) < 0 || create("removed", true, removed, NULL) < 0)
			_exit(1);
		(void)kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(count_entries("%s/containers", fixture.runroot), 2);
	assert_ok(engine_reconcile(fixture.engine, &err));
	assert_state("kept", STATE_CREATED, 0);
	assert_gone("removed");
	assert_int_equal(count_entries("%s/containers", fixture.runroot), 0);
	assert_int_equal(count_entries("%s/snapshots", fixture.root), 1);
}

static void test_a_command_that_is_creating_is_left_alone(void **state)
{
	container_id id;
	assert_ok(create("web", true, id, &err));
	struct engine *other;
	assert_ok(engine_open(fixture.root, fixture.runroot, &other, &err));
	assert_ok(engine_reconcile(other, &err));
	assert_refused(engine_container_remove(other, "web", true, false, &err), ERR_BUSY, "another command works on it");
	engine_free(other);
	assert_true(exists("%s/containers/%s/config.json", fixture.runroot, id));
	assert_state("web", STATE_CREATED, 0);
	assert_ok(engine_container_remove(fixture.engine, "web", false, false, &err));
	assert_nothing_left();
}

static void test_pieces_without_a_row(void **state)
{
	leave_run_dir(ID_A, NULL);
	leave_run_dir(ID_B, &ENDED);
	assert_ok(snapshot_create(fixture.engine->store, ID_A, 0, &err));
	assert_ok(snapshot_create(fixture.engine->store, ID_C, 0, &err));
	_cleanup_free_ char *removed = mem_printf("%s/containers/.removed-0123456789abcdef/x", fixture.runroot);
	write_file("/", removed, "");
	assert_ok(engine_reconcile(fixture.engine, &err));
	assert_nothing_left();
	assert_false(exists("%s", removed));
}

static void test_pieces_that_somebody_works_on(void **state)
{
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	assert_ok(run_dir_make(fixture.engine, ID_A, &dir, &err));
	assert_ok(snapshot_create(fixture.engine->store, ID_A, 0, &err));
	assert_ok(engine_reconcile(fixture.engine, &err));
	assert_true(exists("%s/snapshots/%s", fixture.root, ID_A));
	assert_true(exists("%s/containers/%s", fixture.runroot, ID_A));
}

static void test_one_failure_does_not_stop_the_rest(void **state)
{
	insert_row(ID_A, "broken", STATE_RUNNING, false);
	insert_row(ID_B, "whole", STATE_RUNNING, false);
	leave_run_dir(ID_A, &ENDED);
	leave_run_dir(ID_B, &ENDED);
	assert_ok(db_run(database(), "UPDATE containers SET config = '{' WHERE name = 'broken'", DB_NO_VALUES, &err));
	assert_refused(engine_reconcile(fixture.engine, &err), ERR_DB, "read container aaaa00000000");
	assert_state("whole", STATE_EXITED, 7);
}

/* --- removing --- */

static void test_remove(void **state)
{
	container_id id;
	assert_ok(create("web", false, id, &err));
	fixture_reopen();
	assert_ok(engine_container_remove(fixture.engine, "web", false, false, &err));
	assert_gone("web");
	assert_nothing_left();
	assert_refused(engine_container_remove(fixture.engine, "web", true, false, &err), ERR_NO_CONTAINER, "No such container: web");
}

static void test_kill_needs_a_running_one(void **state)
{
	insert_row(ID_A, "created", STATE_CREATED, false);
	insert_row(ID_B, "ended", STATE_RUNNING, false);
	leave_run_dir(ID_B, &ENDED);
	assert_refused(engine_container_kill(fixture.engine, "created", SIGTERM, &err), ERR_STATE, "is not running");
	assert_refused(engine_container_kill(fixture.engine, "ended", SIGTERM, &err), ERR_STATE, "is not running");
	assert_refused(engine_container_kill(fixture.engine, "nosuch", SIGTERM, &err), ERR_NO_CONTAINER, "No such container");
}

/* Nobody is killed by a number that a dead monitor has left: it may have been given to another process since. */
static void test_kill_is_sure_of_its_process(void **state)
{
	struct monitor_status running = { .state = MONITOR_STATE_RUNNING, .pid = getpid(), .start_time = 1, .started_at = 1 };
	insert_row(ID_A, "web", STATE_RUNNING, false);
	leave_run_dir(ID_A, &running);
	assert_refused(engine_container_kill(fixture.engine, "web", SIGKILL, &err), ERR_STATE, "is not running");
}

/* --- after a boot --- */

static void end_as(const char *name, const char *policy, bool by_hand)
{
	struct container_record *record;
	struct container_spec spec = { .name = TEXT(name), .image = TEXT("base:1"), .restart_policy = TEXT(policy) };
	const struct monitor_status status = {
		.state = MONITOR_STATE_EXITED, .started_at = 1, .finished_at = 2, .exit_code = 1, .stopped_by_hand = by_hand
	};
	assert_ok(engine_container_create(fixture.engine, &spec, &record, &err));
	if (!streq(name, "never"))
		assert_ok(container_row_set_exited(database(), record->id, &status, &err));
	container_record_free(record);
}

static void test_what_a_boot_starts(void **state)
{
	_cleanup_strv_ char **ids = NULL;
	end_as("aa", "always", false);
	end_as("bb", "always", true);
	end_as("cc", "unless-stopped", false);
	end_as("dd", "unless-stopped", true);
	end_as("ee", "on-failure", false);
	end_as("ff", "no", false);
	end_as("never", "always", false);
	assert_ok(engine_containers_for_boot(fixture.engine, &ids, &err));
	assert_int_equal(strv_count(ids), 3);
	static const char *const names[] = { "aa", "bb", "cc" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct container_record *record = found(names[i]);
		assert_string_equal(ids[i], record->id);
		container_record_free(record);
	}
}

/* --- inspect --- */

static void test_inspect(void **state)
{
	container_id id;
	_cleanup_json_ struct json_object *object = NULL;
	assert_ok(create("web", false, id, &err));
	assert_ok(engine_container_inspect(fixture.engine, "web", &object, &err));
	const char *text = json_text(object);
	_cleanup_free_ char *upper = mem_printf("\"UpperDir\":\"%s/snapshots/%s/upper\"", fixture.root, id);
	const char *const members[] = {
		"\"Path\":\"/bin/sh\",\"Args\":[]", "\"Name\":\"/web\"",
		"\"State\":{\"Status\":\"created\",\"Running\":false,\"Paused\":false,\"Restarting\":false,\"OOMKilled\":false,"
		"\"Dead\":false,\"Pid\":0,\"ExitCode\":0,\"Error\":\"\",\"StartedAt\":\"0001-01-01T00:00:00Z\","
		"\"FinishedAt\":\"0001-01-01T00:00:00Z\"}",
		"\"NetworkMode\":\"none\"", "\"ShmSize\":67108864", "\"Env\":[\"PATH=/bin\",\"LANG=C\"]",
		"\"Cmd\":[\"/bin/sh\"],\"Image\"", "\"Entrypoint\":null,\"OnBuild\":null", "\"StopSignal\":\"SIGTERM\"", "\"Name\":\"overlay2\"",
		upper,
	};
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (!strstr(text, members[i]))
			fail_msg("%s is not in %s", members[i], text);
}

/* --- roots --- */

static void test_roots(void **state)
{
	struct engine *engine;
	struct stat st;
	assert_int_equal(stat(fixture.runroot, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_refused(engine_open("relative", fixture.runroot, &engine, &err), ERR_INVALID, "is not an absolute path");
	assert_refused(engine_open(fixture.root, "relative", &engine, &err), ERR_INVALID, "is not an absolute path");
	assert_int_equal(chmod(fixture.runroot, 0755), 0);
	fixture_reopen();
	assert_int_equal(stat(fixture.runroot, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	if (chown(fixture.runroot, 1, 1) < 0)
		skip();
	assert_refused(engine_open(fixture.root, fixture.runroot, &engine, &err), ERR_PERMISSION, "belongs to user 1");
	assert_int_equal(chown(fixture.runroot, 0, 0), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_created_container),
		TEST(test_a_name_belongs_to_one),
		TEST(test_generated_names),
		TEST(test_bad_input_leaves_nothing),
		TEST(test_the_image_is_removed_meanwhile),
		TEST(test_names_ids_and_prefixes),
		TEST(test_only_those_that_run),
		TEST(test_one_holder_at_a_time),
		TEST(test_a_lock_of_a_removed_directory_is_none),
		TEST(test_what_the_dead_left_is_not_taken_over),
		TEST(test_fights_for_a_lock),
		TEST(test_making_under_watch),
		TEST(test_finish_records_the_end),
		TEST(test_finish_removes_all_of_an_rm),
		TEST(test_a_running_one_is_not_finished),
		TEST(test_one_that_never_ran_stays_created),
		TEST(test_a_monitor_that_died),
		TEST(test_a_machine_that_was_restarted),
		TEST(test_what_runs_elsewhere_is_left_alone),
		TEST(test_a_command_that_died_while_creating),
		TEST(test_a_command_that_is_creating_is_left_alone),
		TEST(test_pieces_without_a_row),
		TEST(test_pieces_that_somebody_works_on),
		TEST(test_one_failure_does_not_stop_the_rest),
		TEST(test_remove),
		TEST(test_kill_needs_a_running_one),
		TEST(test_kill_is_sure_of_its_process),
		TEST(test_what_a_boot_starts),
		TEST(test_inspect),
		TEST(test_roots),
	};
	return cmocka_run_group_tests_name("engine_containers", tests, NULL, NULL);
}
