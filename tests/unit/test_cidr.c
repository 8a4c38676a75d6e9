/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and subnets as numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/util.h"
#include "network/cidr.h"

static struct cidr of(const char *text)
{
	struct cidr cidr = { 0 };
	assert_int_equal(cidr_parse(text, &cidr, NULL), 0);
	return cidr;
}

static void assert_text(const struct cidr *cidr, const char *wanted)
{
	char text[CIDR_TEXT_MAX];
	assert_string_equal(cidr_text(cidr, text), wanted);
}

static void test_parse(void **state)
{
	static const char *const rows[][2] = {
		{ "10.1.2.3/16", "10.1.2.3/16" },
		{ "10.1.2.3", "10.1.2.3/32" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "fd00::1/64", "fd00::1/64" },
		{ "::1", "::1/128" },
		{ "FD00:0:0:0:0:0:0:1/8", "fd00::1/8" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cidr cidr = of(rows[i][0]);
		assert_text(&cidr, rows[i][1]);
	}
}

static void test_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"/",
		"10.1.2/16",
		"10.1.2.3/33",
		"10.1.2.3/-1",
		"10.1.2.3/ 8",
		"10.1.2.3/",
		"fd00::/129",
		"fd00:::/64",
		"10.1.2.256/8",
		"host/8",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff/8"
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cidr cidr = { .prefix = 77 };
		struct error err = { 0 };
		assert_int_equal(cidr_parse(rows[i], &cidr, &err), -ERR_INVALID);
		assert_true(str_starts_with(err.message, "invalid CIDR address: "));
		assert_int_equal(cidr.prefix, 77);
	}
}

static void test_network(void **state)
{
	static const char *const rows[][3] = {
		{ "10.1.2.3/16", "10.1.0.0/16", "10.1.255.255/16" },
		{ "10.1.2.3/31", "10.1.2.2/31", "10.1.2.3/31" },
		{ "172.31.255.1/12", "172.16.0.0/12", "172.31.255.255/12" },
		{ "1.2.3.4/0", "0.0.0.0/0", "255.255.255.255/0" },
		{ "fd00:1:2:3::4/64", "fd00:1:2:3::/64", "fd00:1:2:3:ffff:ffff:ffff:ffff/64" },
		{ "fd00::8/125", "fd00::8/125", "fd00::f/125" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cidr cidr = of(rows[i][0]);
		struct cidr network = cidr_network(&cidr), last = cidr_last(&cidr);
		assert_text(&network, rows[i][1]);
		assert_text(&last, rows[i][2]);
		assert_true(cidr_contains(&network, &cidr) && cidr_contains(&cidr, &last));
	}
}

static void test_overlaps(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} rows[] = {
		{ "10.0.0.0/8", "10.200.0.0/16", true },    { "10.0.0.0/16", "10.1.0.0/16", false },
		{ "172.17.0.0/16", "172.17.0.5/32", true }, { "0.0.0.0/0", "10.0.0.0/8", true },
		{ "fd00::/8", "fd12::/64", true },	    { "10.0.0.0/8", "fd00::/8", false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cidr a = of(rows[i].a), b = of(rows[i].b);
		assert_int_equal(cidr_overlaps(&a, &b), rows[i].overlap);
		assert_int_equal(cidr_overlaps(&b, &a), rows[i].overlap);
	}
}

static void test_advance(void **state)
{
	struct cidr v4 = of("10.0.0.250/24"), v6 = of("fd00::ffff:ffff/64"), end = of("255.255.255.255");
	assert_true(cidr_advance(&v4, 10));
	assert_text(&v4, "10.0.1.4/24");
	assert_true(cidr_advance(&v4, 1 << 16));
	assert_text(&v4, "10.1.1.4/24");
	assert_true(cidr_advance(&v6, 1));
	assert_text(&v6, "fd00::1:0:0/64");
	assert_false(cidr_advance(&end, 1));
	assert_text(&end, "255.255.255.255/32");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	 cmocka_unit_test(test_refused), cmocka_unit_test(test_network),
		cmocka_unit_test(test_overlaps), cmocka_unit_test(test_advance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
