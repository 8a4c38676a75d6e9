/* SPDX-License-Identifier: Apache-2.0 */
/* Why a container has ended (D1 to D6), out of facts and lines of the kernel's log. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "monitor/death.h"
#include "monitor/recorder-counters.h"

static void test_rules(void **state)
{
	static const struct {
		struct death_facts facts;
		const char *json; /* without the evidence */
	} cases[] = {
		{ { .start_failed = true, .exit_code = 127 },
		  "start-failed\",\"by\":\"coffer\",\"confidence\":\"proven" },
		{ { .exit_code = 1 }, "exited\",\"by\":\"itself\",\"confidence\":\"proven" },
		{ { .exit_code = 0, .asked_to_stop = true, .sent_by = "coffer stop" },
		  "stopped\",\"by\":\"coffer stop\",\"confidence\":\"proven" },
		{ { .exit_code = 0, .oom_kills = 3 }, "exited\",\"by\":\"itself\",\"confidence\":\"proven" },
		{ { .signal = SIGKILL,
		    .oom_kills = 1,
		    .logged = { .level = OOM_LEVEL_OWN },
		    .counted = OOM_LEVEL_PARENT },
		  "oom\",\"by\":\"its own limit\",\"confidence\":\"proven" },
		{ { .signal = SIGKILL, .oom_kills = 1, .logged = { .level = OOM_LEVEL_HOST } },
		  "oom\",\"by\":\"host\",\"confidence\":\"proven" },
		{ { .signal = SIGKILL, .oom_kills = 1, .counted = OOM_LEVEL_PARENT },
		  "oom\",\"by\":\"a parent's limit\",\"confidence\":\"likely" },
		{ { .signal = SIGKILL, .oom_kills = 1 }, "oom\",\"by\":\"an unknown limit\",\"confidence\":\"likely" },
		{ { .signal = SIGKILL, .missed_kills = 1, .counted = OOM_LEVEL_HOST },
		  "oom\",\"by\":\"its own limit\",\"confidence\":\"likely" },
		{ { .signal = SIGKILL, .missed_kills = 1, .counted = OOM_LEVEL_PARENT },
		  "oom\",\"by\":\"a parent's limit\",\"confidence\":\"likely" },
		{ { .signal = SIGKILL, .missed_kills = 1, .sent_by = "coffer kill" },
		  "killed\",\"by\":\"coffer kill\",\"confidence\":\"proven" },
		{ { .signal = SIGKILL, .oom_kills = 1, .counted = OOM_LEVEL_OWN, .sent_by = "coffer kill" },
		  "killed\",\"by\":\"coffer kill\",\"confidence\":\"proven" },
		{ { .signal = SIGTERM, .sent_by = "coffer stop", .sent_is_stop = true },
		  "stopped\",\"by\":\"coffer stop\",\"confidence\":\"proven" },
		{ { .signal = SIGKILL }, "signal\",\"by\":\"unknown\",\"confidence\":\"unknown" },
		{ { .signal = SIGSEGV, .oom_kills = 2 }, "signal\",\"by\":\"unknown\",\"confidence\":\"unknown" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct death death;
		_cleanup_json_ struct json_object *object = json_object_new_object();
		death_classify(&cases[i].facts, &death);
		death_to_json(&death, "Death", object);
		const char *rest = str_after(json_text(object), "{\"Death\":{\"cause\":\"");
		if (!rest || !str_starts_with(rest, cases[i].json))
			fail_msg("case %zu: %s", i, json_text(object));
	}
}

static void test_a_group_is_told(void **state)
{
	struct death death;
	death_classify(&(struct death_facts){ .signal = SIGKILL, .oom_kills = 3, .as_group = true }, &death);
	assert_string_equal(death.evidence[0], "the whole container was killed as a group: "
					       "its cgroup counts 3 processes killed for memory");
}

static void test_an_earlier_kill_is_told(void **state)
{
	struct death death;
	death_classify(&(struct death_facts){ .exit_code = 0, .oom_kills = 3 }, &death);
	assert_int_equal(death.n_evidence, 2);
	assert_non_null(strstr(death.evidence[1], "3 processes in it were killed for memory earlier"));
}

static void test_kernel_lines(void **state)
{
	static const struct {
		const char *line;
		enum oom_level level;
	} cases[] = {
		{ "3,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=/coffer/abc,"
		  "task_memcg=/coffer/abc,task=tail,pid=975,uid=0\n",
		  OOM_LEVEL_OWN },
		{ "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/coffer/abc/sub,task_memcg=/coffer/abc/sub,"
		  "task=tail,pid=975,uid=0",
		  OOM_LEVEL_OWN },
		{ "oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/coffer,task_memcg=/coffer/abc,task=tail,pid=9,uid=0",
		  OOM_LEVEL_PARENT },
		{ "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom,task_memcg=/coffer/abc,task=x,pid=1,uid=0",
		  OOM_LEVEL_HOST },
		{ "oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/coffer/abcd,task_memcg=/coffer/abcd,task=x,pid=1,uid=0",
		  OOM_LEVEL_NONE },
		{ "oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/coffer/abc", OOM_LEVEL_NONE },
		{ "Memory cgroup out of memory: Killed process 975 (tail)", OOM_LEVEL_NONE },
		{ "", OOM_LEVEL_NONE },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(death_parse_kernel_line(cases[i].line, "/coffer/abc").level, cases[i].level);
	assert_int_equal(death_parse_kernel_line(cases[0].line, "").level, OOM_LEVEL_NONE);
}

static void test_victims(void **state)
{
#define LINE "oom-kill:constraint=CONSTRAINT_NONE,global_oom,task_memcg=/c"
	static const struct {
		const char *line, *name;
		int64_t pid;
	} cases[] = {
		{ LINE ",task=tail,pid=975,uid=0\n", "tail", 975 },
		{ LINE ",task=a b,c,pid=1,pid=975,uid=0", "a b,c,pid=1", 975 },
		{ LINE ",task=a\x1b[1m,pid=7,uid=0", "a\\x1b[1m", 7 },
		{ LINE ",task=,pid=7,uid=0", "", 7 },
		{ LINE ",pid=7,uid=0", "", 0 },
		{ LINE ",task=x,pid=,uid=0", "", 0 },
		{ LINE, "", 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct oom_kill kill = death_parse_kernel_line(cases[i].line, "/c");
		assert_int_equal(kill.level, OOM_LEVEL_HOST);
		assert_int_equal(kill.pid, cases[i].pid);
		assert_string_equal(kill.name, cases[i].name);
	}
}

static void test_the_victim_is_told(void **state)
{
	static const struct oom_kill killed = { OOM_LEVEL_OWN, 975, "tail" };
	struct death death;
	death_classify(&(struct death_facts){ .signal = SIGKILL, .oom_kills = 1, .logged = killed }, &death);
	assert_string_equal(death.evidence[0], "the kernel's log has an OOM kill in its cgroup: process 975 (tail)");
	death_classify(&(struct death_facts){ .signal = SIGKILL,
					      .oom_kills = 1,
					      .logged = killed,
					      .limit = 4 << 20,
					      .peak = 4 << 20,
					      .refaults = 51200 },
		       &death);
	assert_int_equal(death.n_evidence, DEATH_EVIDENCE_MAX);
	assert_string_equal(death.evidence[3],
			    "51200 pages of files were read again after they had been taken away for room");
	death_classify(&(struct death_facts){ .exit_code = 0, .oom_kills = 2, .logged = killed }, &death);
	assert_string_equal(death.evidence[1],
			    "2 processes in it were killed for memory earlier (the last: 975, tail), "
			    "which is not why it ended");
}

static void test_json_and_back(void **state)
{
	struct death death = { 0 }, got = { 0 };
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_object *object = json_object_new_object();
	death_classify(&(struct death_facts){ .signal = SIGKILL, .oom_kills = 1 }, &death);
	death_to_json(&death, "death", object);
	json_document_wrap(object, "test", ERR_INTERNAL, &document);
	struct json_node root = json_root(&document);
	assert_int_equal(death_from_json(&root, "death", &got, NULL), 1);
	assert_int_equal(got.cause, DEATH_OOM);
	assert_true(got.likely);
	assert_string_equal(got.by, death.by);
	assert_int_equal(got.n_evidence, 1);
	assert_string_equal(got.evidence[0], death.evidence[0]);
	assert_int_equal(death_from_json(&root, "other", &got, NULL), 0);
	struct json_object *none = json_object_new_object();
	death_to_json(&(struct death){ 0 }, "death", none);
	assert_int_equal(json_object_object_length(none), 0);
	json_object_put(none);
}

static void test_evidence_is_bounded(void **state)
{
	struct death death = { 0 };
	for (int i = 0; i < DEATH_EVIDENCE_MAX + 2; i++)
		death_add(&death, "%300d", i);
	assert_int_equal(death.n_evidence, DEATH_EVIDENCE_MAX);
}

static void test_where_memory_ran_out(void **state)
{
	static const struct {
		struct oom_counts after;
		enum oom_level level;
	} cases[] = {
		{ { .own = 1, .parents = 2, .host = 3 }, OOM_LEVEL_NONE },
		{ { .own = 2, .parents = 3, .host = 4 }, OOM_LEVEL_OWN },
		{ { .own = 1, .parents = 3, .host = 4 }, OOM_LEVEL_PARENT },
		{ { .own = 1, .parents = 2, .host = 4 }, OOM_LEVEL_HOST },
		{ { .own_is_gone = true, .parents = 3, .host = 4 }, OOM_LEVEL_PARENT },
		{ { .own_is_gone = true, .parents = 2, .host = 4 }, OOM_LEVEL_OWN },
	};
	const struct oom_counts before = { .own = 1, .parents = 2, .host = 3 };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(oom_counts_level(&before, &cases[i].after), cases[i].level);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_memory_ran_out),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_a_group_is_told),
		cmocka_unit_test(test_an_earlier_kill_is_told),
		cmocka_unit_test(test_kernel_lines),
		cmocka_unit_test(test_victims),
		cmocka_unit_test(test_the_victim_is_told),
		cmocka_unit_test(test_json_and_back),
		cmocka_unit_test(test_evidence_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
