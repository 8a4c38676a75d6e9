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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_servers),
		cmocka_unit_test(test_of_its_own),
		cmocka_unit_test(test_of_the_host),
	};
	return cmocka_run_group_tests_name("network_files", tests, NULL, NULL);
}
