/* SPDX-License-Identifier: Apache-2.0 */
/* A relay's rules as text. What it does with them: tests/e2e/rootless_bridges.bats. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "network/relay.h"

static void test_there_and_back(void **state)
{
	static const char *const texts[] = {
		"tcp/0.0.0.0/8080/172.17.0.2/80", "udp/127.0.0.1/53/10.1.2.3/5353", "tcp/::/65535/fd00::2/1",
		"udp/::1/9/172.17.0.2/9",	  "tcp/*/8080/172.17.0.2/80",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct relay_rule rule;
		struct error err = { 0 };
		assert_true(relay_rule_parse(texts[i], &rule, &err) >= 0);
		_cleanup_free_ char *text = relay_rule_text(&rule);
		assert_string_equal(text, texts[i]);
	}
}

static void test_parts(void **state)
{
	struct relay_rule rule;
	(void)state;
	assert_true(relay_rule_parse("udp/127.0.0.1/53/10.1.2.3/5353", &rule, NULL) >= 0);
	assert_int_equal(rule.protocol, IPPROTO_UDP);
	assert_int_equal(rule.host_port, 53);
	assert_int_equal(rule.target_port, 5353);
	assert_int_equal(rule.target.family, AF_INET);
}

static void test_no_rules(void **state)
{
	static const char *const texts[] = {
		"",
		"tcp",
		"sctp/0.0.0.0/1/10.0.0.1/1",
		"tcp/0.0.0.0/1/10.0.0.1",
		"tcp/0.0.0.0/1/10.0.0.1/1/1",
		"tcp/0.0.0.0/65536/10.0.0.1/1",
		"tcp/0.0.0.0/-1/10.0.0.1/1",
		"tcp/0.0.0.0/1/10.0.0.1/",
		"tcp//1/10.0.0.1/1",
		"tcp/0.0.0.0/1/*/1",
		"tcp/0.0.0.0/1/somewhere/1",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct relay_rule rule = { .host_port = 7 };
		struct error err = { 0 };
		assert_true(relay_rule_parse(texts[i], &rule, &err) < 0);
		assert_int_not_equal(err.code, ERR_NONE);
		assert_int_equal(rule.host_port, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_no_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
