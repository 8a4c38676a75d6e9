/* SPDX-License-Identifier: Apache-2.0 */
/* What the results of health checks make of a container's health (H1 to H4). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/health.h"

static const struct health_plan PLAN = {
	.interval_ns = 30, .start_interval_ns = 5, .start_period_ns = 100, .retries = 2
};

/* Feed it one exit code for each letter: '+' success, '-' failure; in the start period where it is in brackets. */
static void feed(struct health_record *record, const char *results)
{
	int64_t age_ns = 1000;
	for (; *results; results++) {
		if (*results == '(' || *results == ')') {
			age_ns = *results == '(' ? 99 : 1000;
			continue;
		}
		const struct health_result result = { .exit_code = *results == '+' ? 0 : 1 };
		(void)health_judge(record, &PLAN, &result, age_ns);
	}
}

static void test_states(void **state)
{
	static const struct {
		const char *results;
		enum health_state expected;
		int streak;
	} cases[] = {
		{ "", HEALTH_STARTING, 0 },
		{ "-", HEALTH_STARTING, 1 },
		{ "--", HEALTH_UNHEALTHY, 2 },
		{ "---", HEALTH_UNHEALTHY, 3 },
		{ "+", HEALTH_HEALTHY, 0 },
		{ "+-", HEALTH_HEALTHY, 1 },
		{ "+--", HEALTH_UNHEALTHY, 2 },
		{ "+-+-", HEALTH_HEALTHY, 1 },
		{ "--+", HEALTH_HEALTHY, 0 },
		{ "(------)", HEALTH_STARTING, 0 },
		{ "(------)-", HEALTH_STARTING, 1 },
		{ "(------)--", HEALTH_UNHEALTHY, 2 },
		{ "(--+)", HEALTH_HEALTHY, 0 },
		{ "(+--)", HEALTH_UNHEALTHY, 2 }, /* after a success they count, also in the start period */
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct health_record record = { .state = HEALTH_STARTING };
		feed(&record, cases[i].results);
		if (record.state != cases[i].expected || record.failing_streak != cases[i].streak)
			fail_msg("%s: %s, %d", cases[i].results, health_state_name(record.state),
				 record.failing_streak);
	}
}

static void test_changes_are_told(void **state)
{
	struct health_record record = { .state = HEALTH_STARTING };
	const struct health_result good = { .exit_code = 0 }, bad = { .exit_code = -1 };
	assert_false(health_judge(&record, &PLAN, &bad, 1000));
	assert_true(health_judge(&record, &PLAN, &bad, 1000));
	assert_false(health_judge(&record, &PLAN, &bad, 1000));
	assert_true(health_judge(&record, &PLAN, &good, 1000));
	assert_false(health_judge(&record, &PLAN, &good, 1000));
}

static void test_intervals(void **state)
{
	struct health_record record = { .state = HEALTH_STARTING };
	assert_int_equal(health_next_interval(&record, &PLAN, 0), 5);
	assert_int_equal(health_next_interval(&record, &PLAN, 99), 5);
	assert_int_equal(health_next_interval(&record, &PLAN, 100), 30);
	record.state = HEALTH_HEALTHY;
	assert_int_equal(health_next_interval(&record, &PLAN, 0), 30);
}

static void test_the_file(void **state)
{
	char folder[] = "/tmp/coffer-test-health-XXXXXX";
	struct health_record record = { .state = HEALTH_STARTING };
	assert_non_null(mkdtemp(folder));
	_cleanup_close_ int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < HEALTH_LOG_MAX + 2; i++) {
		struct health_result result = { .start_ns = NSEC_PER_SEC, .end_ns = 2 * NSEC_PER_SEC, .exit_code = i };
		str_copy(result.output, sizeof result.output, i == 6 ? "\"last\"\n" : "x");
		(void)health_judge(&record, &PLAN, &result, 1000);
	}
	assert_int_equal(health_record_write(&record, dir, NULL), 0);
	_cleanup_free_ char *text = NULL;
	assert_true(file_read(dir, HEALTH_FILE, 4096, &text, NULL, NULL) >= 0);
	assert_true(str_starts_with(text,
				    "{\"Status\":\"unhealthy\",\"FailingStreak\":6,\"Log\":[{\"Start\":"
				    "\"1970-01-01T00:00:01.000000000Z\",\"End\":\"1970-01-01T00:00:02.000000000Z\","
				    "\"ExitCode\":2,\"Output\":\"x\"},"));
	assert_true(str_ends_with(text, "\"ExitCode\":6,\"Output\":\"\\\"last\\\"\\n\"}]}"));
	assert_int_equal(path_remove_tree(AT_FDCWD, folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_changes_are_told),
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_the_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
