/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of events: what is recorded, and that a reader finds every event once, whatever writers do meanwhile. */
#include "engine-fixture.h"

#include <errno.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "base/time.h"
#include "engine/event.h"

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

static void record(const char *action)
{
	const struct journal_event event = { .type = "container",
					     .action = action,
					     .actor = "abc",
					     .attributes = WORDS("image=fake", "image=box:1", "name=web") };
	event_record(fixture.engine, &event);
}

static struct event_reader *reader_since(int64_t since_ns)
{
	struct event_reader *reader = NULL;
	assert_ok(event_reader_open(fixture.engine, since_ns, &reader, &err));
	return reader;
}

static bool next(struct event_reader *reader, struct event *ret)
{
	struct error err = { 0 };
	int r = event_reader_next(reader, ret, &err);
	if (r < 0)
		fail_msg("%s", err.message);
	return r > 0;
}

static void assert_next(struct event_reader *reader, const char *action)
{
	struct event event = { 0 };
	if (!next(reader, &event))
		fail_msg("\"%s\" does not come", action);
	assert_string_equal(event.action, action);
}

static void assert_no_more(struct event_reader *reader)
{
	struct event event;
	if (next(reader, &event))
		fail_msg("\"%s\" comes", event.action);
}

static bool is_readable(const struct event_reader *reader)
{
	struct pollfd wait = { .fd = event_reader_fd(reader), .events = POLLIN };
	return poll(&wait, 1, 0) == 1;
}

static char *journal_path(const char *name)
{
	return mem_printf("%s/events/%s", fixture.root, name);
}

static void append_text(const char *text)
{
	_cleanup_free_ char *path = journal_path(JOURNAL_FILE);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static const char *member(struct json_object *object, const char *key)
{
	struct json_object *value;
	return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : NULL;
}

static void test_an_event_is_dockers(void **state)
{
	int64_t before = time_now_ns();
	record("start");
	_cleanup_event_reader_ struct event_reader *reader = reader_since(0);
	struct event event;
	assert_true(next(reader, &event));
	assert_string_equal(event.type, "container");
	assert_string_equal(event.action, "start");
	assert_string_equal(event.actor, "abc");
	assert_in_range(event.time_ns, before, time_now_ns());
	assert_string_equal(member(event.attributes, "name"), "web");
	assert_string_equal(member(event.attributes, "image"), "box:1");
	assert_string_equal(member(event.object, "status"), "start");
	assert_string_equal(member(event.object, "id"), "abc");
	assert_string_equal(member(event.object, "scope"), "local");
	assert_no_more(reader);
}

static void test_what_is_recorded_when(void **state)
{
	struct container_record *container = NULL;
	struct container_spec spec = { .name = TEXT("web"),
				       .image = TEXT("base:1"),
				       .labels = WORDS("a=b", "name=liar") };
	_cleanup_event_reader_ struct event_reader *reader = reader_since(INT64_MAX);
	_cleanup_strv_ char **untagged = NULL;
	_cleanup_strv_ char **deleted = NULL;
	struct event event;
	assert_ok(engine_container_create(fixture.engine, &spec, &container, &err));
	container_record_free(container);
	assert_true(next(reader, &event));
	assert_string_equal(event.action, "create");
	assert_string_equal(member(event.attributes, "a"), "b");
	assert_string_equal(member(event.attributes, "name"), "web");
	assert_string_equal(member(event.attributes, "image"), "base:1");
	assert_ok(engine_container_remove(fixture.engine, "web", false, false, &err));
	assert_next(reader, "destroy");
	assert_ok(engine_image_tag(fixture.engine, "base:1", "other", &err));
	assert_true(next(reader, &event));
	assert_string_equal(event.type, "image");
	assert_string_equal(event.action, "tag");
	assert_string_equal(member(event.attributes, "name"), "other:latest");
	assert_ok(engine_image_remove(fixture.engine, "other", false, &untagged, &deleted, &err));
	assert_next(reader, "untag");
	assert_no_more(reader);
	assert_null(strv_count(deleted) ? deleted[0] : NULL);
}

static void test_since(void **state)
{
	record("one");
	int64_t between = time_now_ns();
	record("two");
	_cleanup_event_reader_ struct event_reader *reader = reader_since(between);
	assert_next(reader, "two");
	assert_no_more(reader);
	_cleanup_event_reader_ struct event_reader *later = reader_since(INT64_MAX);
	assert_no_more(later);
	record("three");
	assert_next(later, "three");
	assert_next(reader, "three");
}

static void test_waiting(void **state)
{
	_cleanup_event_reader_ struct event_reader *reader = reader_since(0);
	assert_no_more(reader);
	assert_false(is_readable(reader));
	record("one");
	assert_true(is_readable(reader));
	assert_next(reader, "one");
	assert_no_more(reader);
	assert_false(is_readable(reader));
}

static void test_a_torn_line_is_no_event(void **state)
{
	record("one");
	append_text("{\"status\":\"ha");
	_cleanup_event_reader_ struct event_reader *reader = reader_since(0);
	assert_next(reader, "one");
	assert_no_more(reader);
	record("two");
	assert_next(reader, "two");
	append_text("nonsense\n[]\n{\"Type\":\"x\"}\n\n");
	record("three");
	assert_next(reader, "three");
	assert_no_more(reader);
}

/* Make the journal so large that the next event goes into a new one. */
static void fill(void)
{
	_cleanup_free_ char *path = journal_path(JOURNAL_FILE);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	_cleanup_free_ char *lines = mem_alloc(JOURNAL_MAX);
	memset(lines, '\n', JOURNAL_MAX);
	assert_int_equal(fd_write_all(fd, lines, JOURNAL_MAX), 0);
}

static void test_a_large_one_is_set_aside(void **state)
{
	_cleanup_event_reader_ struct event_reader *follower = reader_since(0);
	record("one");
	assert_next(follower, "one");
	fill();
	record("two");
	record("three");
	assert_next(follower, "two");
	assert_next(follower, "three");
	assert_no_more(follower);
	_cleanup_event_reader_ struct event_reader *reader = reader_since(0);
	assert_next(reader, "one");
	assert_next(reader, "two");
	fill();
	record("four");
	assert_next(follower, "four");
	assert_true(exists("%s/events/" JOURNAL_OLD_FILE, fixture.root));
	assert_int_equal(count_entries("%s/events", fixture.root), 2);
}

static void write_many(int count)
{
	for (int i = 0; i < count; i++)
		record("start");
}

static void test_many_writers(void **state)
{
	enum { WRITERS = 4, EVENTS = 200 };
	pid_t pids[WRITERS];
	_cleanup_event_reader_ struct event_reader *reader = reader_since(0);
	record("first");
	fill();
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			write_many(EVENTS);
			_exit(0);
		}
	}
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
	int64_t last = 0;
	struct event event;
	int count = 0;
	for (; next(reader, &event); count++) {
		assert_true(event.time_ns >= last);
		last = event.time_ns;
	}
	assert_int_equal(count, 1 + WRITERS * EVENTS);
}

static void test_a_lock_that_somebody_keeps(void **state)
{
	record("one");
	_cleanup_free_ char *path = journal_path(JOURNAL_FILE);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	record("two");
	_cleanup_event_reader_ struct event_reader *reader = reader_since(0);
	assert_next(reader, "one");
	assert_next(reader, "two");
}

static void test_a_place_that_is_none(void **state)
{
	const struct journal_event event = { .type = "image", .action = "pull", .actor = "x" };
	struct event_reader *reader = NULL;
	write_file(fixture.root, "events", "");
	_cleanup_free_ char *path = engine_events_path(fixture.engine);
	assert_int_equal(journal_append(path, &event), -ENOTDIR);
	assert_refused(event_reader_open(fixture.engine, 0, &reader, &err), ERR_SYSTEM, "open directory");
	assert_null(reader);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_event_is_dockers),
		TEST(test_what_is_recorded_when),
		TEST(test_since),
		TEST(test_waiting),
		TEST(test_a_torn_line_is_no_event),
		TEST(test_a_large_one_is_set_aside),
		TEST(test_many_writers),
		TEST(test_a_lock_that_somebody_keeps),
		TEST(test_a_place_that_is_none),
	};
	return cmocka_run_group_tests_name("engine_events", tests, NULL, NULL);
}
