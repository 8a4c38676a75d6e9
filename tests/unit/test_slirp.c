/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of slirp4netns. That it leads out: tests/e2e/rootless_network.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"
#include "network/slirp.h"

static void test_options(void **state)
{
	static const char *const texts[] = {
		NULL,
		"",
		"mtu=68",
		"mtu=65521",
		"allow_host_loopback=true,enable_ipv6=false",
		"outbound_addr=192.0.2.1,outbound_addr6=2001:db8::1",
		"port_handler=rootlesskit",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = { 0 };
		assert_true(slirp_check_options(texts[i], &err) >= 0);
		assert_int_equal(err.code, ERR_NONE);
	}
}

static void test_no_options(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "nope=1", "network slirp4netns: unknown option \"nope\"" },
		{ "mtu", "network slirp4netns, option mtu: a value is missing" },
		{ "mtu=67", "network slirp4netns, option mtu: \"67\" is less than 68" },
		{ "mtu=1400,,", "network slirp4netns: unknown option \"\"" },
		{ "port_handler=slirp4netns",
		  "network slirp4netns, option port_handler: ports are published by a relay only" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		assert_true(slirp_check_options(cases[i].text, &err) < 0);
		assert_string_equal(err.message, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_no_options),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
