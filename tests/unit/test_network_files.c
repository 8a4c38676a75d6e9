/* SPDX-License-Identifier: Apache-2.0 */
/* A container's files in /etc: what they say, and what of the host's is true in another network namespace. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "base/util.h"
#include "network/files.h"
#include "network/shape.h"

static void test_name_servers(void **state)
{
	static const struct {
		const char *host, *kept;
	} cases[] = {
		{ "", "" },
		{ "nameserver 192.0.2.1\n", "nameserver 192.0.2.1\n" },
		{ "nameserver 192.0.2.1", "nameserver 192.0.2.1\n" },
		{ "nameserver 127.0.0.53\noptions edns0\nsearch a b\n", "options edns0\nsearch a b\n" },
		{ "nameserver\t127.1.2.3  \nnameserver ::1\nnameserver 2001:db8::1\n", "nameserver 2001:db8::1\n" },
		{ "nameserver 127.0.0.1.example\n", "nameserver 127.0.0.1.example\n" },
		{ "nameserver\nnameserverx 127.0.0.1\n", "nameserver\nnameserverx 127.0.0.1\n" },
		{ "# nameserver 192.0.2.1\n; a remark\n\n\ndomain x\n", "domain x\n" },
		{ "nameserver fe80::1%eth0\n", "nameserver fe80::1%eth0\n" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *kept = network_filter_resolv_conf(cases[i].host);
		assert_string_equal(kept, cases[i].kept);
	}
}

static void test_of_its_own(void **state)
{
	_cleanup_network_files_ struct network_files files = { 0 };
	assert_int_equal(network_files_make(&(const struct network_files_request){ .hostname = "web", .host_network = false }, &files, NULL), 0);
	assert_string_equal(files.hostname, "web\n");
	assert_string_equal(files.hosts, "127.0.0.1\tlocalhost\n"
					 "::1\tlocalhost ip6-localhost ip6-loopback\n"
					 "fe00::\tip6-localnet\n"
					 "ff00::\tip6-mcastprefix\n"
					 "ff02::1\tip6-allnodes\n"
					 "ff02::2\tip6-allrouters\n");
	assert_null(strstr(files.resolv_conf, "nameserver 127."));
}

static void test_of_the_host(void **state)
{
	static const char *const paths[] = { "/etc/hosts", "/etc/resolv.conf" };
	_cleanup_network_files_ struct network_files files = { 0 };
	assert_int_equal(network_files_make(&(const struct network_files_request){ .hostname = "web", .host_network = true }, &files, NULL), 0);
	const char *const texts[] = { files.hosts, files.resolv_conf };
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *host = NULL;
		if (file_read(AT_FDCWD, paths[i], NETWORK_FILE_MAX, &host, NULL, NULL) == 0)
			assert_string_equal(texts[i], host);
		else
			assert_string_equal(texts[i], "");
	}
}

static void test_other_addresses(void **state)
{
	char *addresses[] = { (char *)"10.1.0.5", (char *)"fd00::5", NULL };
	_cleanup_free_ char *changed =
		network_change_hosts("127.0.0.1\tlocalhost\n10.0.0.2\tweb\n10.9.9.9\tadded by hand\n"
				     "10.0.0.3\twebsite",
				     "web", addresses);
	assert_string_equal(changed, "127.0.0.1\tlocalhost\n10.9.9.9\tadded by hand\n10.0.0.3\twebsite\n"
				     "10.1.0.5\tweb\nfd00::5\tweb\n");
	_cleanup_free_ char *none = network_change_hosts(changed, "web", NULL);
	assert_null(strstr(none, "\tweb\n"));
}

static void test_own_names(void **state)
{
	static const struct {
		const char *hostname, *domainname, *names;
	} cases[] = {
		{ "web", NULL, "web" },
		{ "web", "", "web" },
		{ "web", "example.org", "web.example.org web" },
		{ "web.example.org", NULL, "web.example.org web" },
		{ "web.example", "org", "web.example.org web" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *names = network_own_names(cases[i].hostname, cases[i].domainname);
		assert_string_equal(names, cases[i].names);
	}
}

static void test_extra_hosts(void **state)
{
	static const struct {
		const char *text, *line; /* NULL: refused */
	} cases[] = {
		{ "db:10.1.2.3", "10.1.2.3\tdb\n" },
		{ "db=10.1.2.3", "10.1.2.3\tdb\n" },
		{ "six:fd00::1", "fd00::1\tsix\n" },
		{ "me:host-gateway", "172.17.0.1\tme\n" },
		{ "nothing", NULL },
		{ ":10.1.2.3", NULL },
		{ "db:10.1.2", NULL },
		{ "db:host", NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_network_files_ struct network_files files = { 0 };
		char *extra[] = { (char *)cases[i].text, NULL };
		const struct network_files_request request = { .hostname = "web",
							       .extra_hosts = extra,
							       .host_gateway = "172.17.0.1" };
		int r = network_files_make(&request, &files, NULL);
		assert_int_equal(r, cases[i].line ? 0 : -ERR_INVALID);
		assert_true(!cases[i].line || strstr(files.hosts, cases[i].line));
	}
}

static void test_rates(void **state)
{
	static const struct {
		const char *text;
		uint64_t rate; /* 0: refused */
	} cases[] = {
		{ "8kbit", 1000 },
		{ "10mbit", 1250000 },
		{ "1gbit", 125000000 },
		{ "8000", 1000 },
		{ "8000bit", 1000 },
		{ "7kbit", 0 },
		{ "", 0 },
		{ "mbit", 0 },
		{ "10 mbit", 0 },
		{ "10mb", 0 },
		{ "-1mbit", 0 },
		{ "99999999999999999999", 0 },
		{ "20000000000000gbit", 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t rate = 0;
		int r = shape_parse_rate(cases[i].text, &rate, NULL);
		assert_int_equal(r, cases[i].rate ? 0 : -ERR_INVALID);
		assert_true(rate == cases[i].rate);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_servers), cmocka_unit_test(test_of_its_own),
		cmocka_unit_test(test_of_the_host),  cmocka_unit_test(test_other_addresses),
		cmocka_unit_test(test_own_names),
		cmocka_unit_test(test_extra_hosts),  cmocka_unit_test(test_rates),
	};
	return cmocka_run_group_tests_name("network_files", tests, NULL, NULL);
}
