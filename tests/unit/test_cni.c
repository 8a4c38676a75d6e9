/* SPDX-License-Identifier: Apache-2.0 */
/* What administrators write for plugins of the Container Network Interface, and what those answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/util.h"
#include "network/cni-config.h"
#include "network/cni-result.h"

/* --- configurations --- */

static int parse(const char *text, struct cni_network **ret, struct error *err)
{
	return cni_network_parse(text, strlen(text), "x.conflist", ret, err);
}

static void test_list(void **state)
{
	_cleanup_cni_network_ struct cni_network *network = NULL;
	(void)state;
	assert_return_code(
		parse("{\"cniVersion\": \"1.0.0\", \"name\": \"a.b-c_1\", \"disableCheck\": true, \"plugins\": ["
		      "{\"type\": \"bridge\"},"
		      "{\"type\": \"portmap\", \"capabilities\": {\"portMappings\": true, \"mac\": false}}]}",
		      &network, NULL),
		0);
	assert_string_equal(network->name, "a.b-c_1");
	assert_int_equal(network->version, CNI_1_0_0);
	assert_true(network->disable_check);
	assert_int_equal(network->n_plugins, 2);
	assert_string_equal(network->plugins[1].type, "portmap");
	assert_false(cni_plugin_has(&network->plugins[0], "portMappings"));
	assert_true(cni_plugin_has(&network->plugins[1], "portMappings"));
	assert_false(cni_plugin_has(&network->plugins[1], "mac"));
}

static void test_single(void **state)
{
	_cleanup_cni_network_ struct cni_network *network = NULL;
	(void)state;
	assert_return_code(parse("{\"cniVersion\": \"0.3.1\", \"name\": \"n\", \"type\": \"ptp\"}", &network, NULL), 0);
	assert_int_equal(network->n_plugins, 1);
	assert_string_equal(network->plugins[0].type, "ptp");
}

static void test_versions(void **state)
{
	static const struct {
		const char *members;
		int version; /* -1: none */
	} cases[] = {
		{ "\"cniVersion\": \"0.3.0\"", CNI_0_3_0 },
		{ "\"cniVersion\": \"1.1.0\"", CNI_1_1_0 },
		{ "\"cniVersion\": \"0.4.0\", \"cniVersions\": [\"0.3.1\", \"1.0.0\"]", CNI_1_0_0 },
		{ "\"cniVersions\": [\"1.1.0\", \"7.0.0\"]", CNI_1_1_0 },
		{ "\"cniVersion\": \"0.2.0\"", -1 },
		{ "\"cniVersion\": \"\"", -1 },
		{ "\"cniVersion\": 1", -1 },
		{ "\"other\": 1", -1 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_cni_network_ struct cni_network *network = NULL;
		_cleanup_str_ struct str text = { 0 };
		str_appendf(&text, "{\"name\": \"n\", \"type\": \"t\", %s}", cases[i].members);
		int r = parse(str_text(&text), &network, NULL);
		assert_int_equal(r >= 0, cases[i].version >= 0);
		if (network)
			assert_int_equal(network->version, cases[i].version);
	}
}

static void test_bad_networks(void **state)
{
	static const char *const cases[][2] = {
		{ "[]", "expected an object" },
		{ "{\"cniVersion\": \"1.0.0\", \"plugins\": [{\"type\": \"t\"}]}", "\"name\" is required" },
		{ "{\"cniVersion\": \"1.0.0\", \"name\": \"../x\", \"type\": \"t\"}", "invalid network name \"../x\"" },
		{ "{\"cniVersion\": \"1.0.0\", \"name\": \"n\"}", "\"type\" is required" },
		{ "{\"cniVersion\": \"1.0.0\", \"name\": \"n\", \"plugins\": []}", "no plugin is named" },
		{ "{\"cniVersion\": \"1.0.0\", \"name\": \"n\", \"plugins\": [1]}", "expected an object" },
		{ "{\"cniVersion\": \"1.0.0\", \"name\": \"n\", \"type\": \"../bin/sh\"}", "invalid plugin" },
		{ "{\"cniVersion\": \"1.0.0\", \"name\": \"n\", \"type\": \"a/b\"}", "invalid plugin" },
		{ "{\"cniVersion\": \"1.0.0\", \"name\": \"n\", \"type\": \"t\", \"capabilities\": {\"x\": 1}}",
		  "/capabilities/x: expected true or false" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cni_network *network = NULL;
		struct error err = { 0 };
		assert_int_equal(parse(cases[i][0], &network, &err), -ERR_NET);
		assert_null(network);
		if (!strstr(err.message, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], err.message);
	}
}

/* --- results --- */

static int parse_result(const char *text, struct cni_result *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	assert_return_code(json_parse(text, strlen(text), "result", ERR_NET, &document, NULL), 0);
	struct json_node root = json_root(&document);
	return cni_result_parse(&root, "eth0", ret, err);
}

static void assert_cidr(const struct cidr *cidr, const char *text)
{
	char buf[CIDR_TEXT_MAX];
	assert_string_equal(cidr_text(cidr, buf), text);
}

static void test_result(void **state)
{
	_cleanup_cni_result_ struct cni_result result = { 0 };
	char buf[CIDR_TEXT_MAX];
	(void)state;
	assert_return_code(
		parse_result(
			"{\"interfaces\": [{\"name\": \"br\", \"mac\": \"02:00:00:00:00:01\"},"
			"{\"name\": \"eth0\", \"mac\": \"02:00:00:00:00:02\", \"sandbox\": \"/proc/1/fd/3\"}],"
			"\"ips\": [{\"address\": \"10.0.0.1/8\", \"interface\": 0},"
			"{\"version\": \"4\", \"address\": \"10.1.0.2/16\", \"gateway\": \"10.1.0.1\", \"interface\": 1},"
			"{\"address\": \"10.1.0.3/16\", \"interface\": 1}, {\"address\": \"fd00::2/64\"}],"
			"\"routes\": [{\"dst\": \"10.2.0.0/16\", \"gw\": \"10.1.0.9\"}, {\"dst\": \"::/0\", \"gw\": \"fd00::1\"}],"
			"\"dns\": {\"nameservers\": [\"10.1.0.1\"], \"search\": [\"a\", \"b\"]}}",
			&result, NULL),
		0);
	assert_cidr(&result.address, "10.1.0.2/16");
	assert_cidr(&result.address6, "fd00::2/64");
	assert_string_equal(cidr_address_text(&result.gateway, buf), "10.1.0.1");
	assert_string_equal(cidr_address_text(&result.gateway6, buf), "fd00::1");
	assert_string_equal(result.mac, "02:00:00:00:00:02");
	assert_string_equal(result.dns[0], "10.1.0.1");
	assert_int_equal(strv_count(result.dns_search), 2);
	assert_null(result.dns_options);
}

static void test_empty_result(void **state)
{
	_cleanup_cni_result_ struct cni_result result = { 0 };
	(void)state;
	assert_return_code(parse_result("{\"cniVersion\": \"1.0.0\"}", &result, NULL), 0);
	assert_int_equal(result.address.family, 0);
	assert_null(result.mac);
}

static void test_bad_results(void **state)
{
	static const char *const cases[][2] = {
		{ "{\"ips\": [{}]}", "/ips/0: \"address\" is required" },
		{ "{\"ips\": [{\"address\": \"x\"}]}", "\"x\" is no address" },
		{ "{\"ips\": [{\"address\": \"10.0.0.1/8\", \"interface\": 0}]}", "there is no interface 0" },
		{ "{\"ips\": [{\"address\": \"10.0.0.1/8\", \"gateway\": \"10.0.0.0/8\"}]}",
		  "no address of a gateway" },
		{ "{\"routes\": [{\"dst\": \"default\"}]}", "\"default\" is no network" },
		{ "{\"dns\": {\"nameservers\": [\"ns.example\\noptions x\"]}}", "no address of a name server" },
		{ "{\"interfaces\": {}}", "expected an array" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cni_result result = { 0 };
		struct error err = { 0 };
		assert_int_equal(parse_result(cases[i][0], &result, &err), -ERR_NET);
		if (!strstr(err.message, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], err.message);
	}
}

static void assert_error_text(const char *text, const char *expected)
{
	_cleanup_free_ char *found = cni_error_text(text, strlen(text));
	if (expected)
		assert_string_equal(found, expected);
	else
		assert_null(found);
}

static void test_errors(void **state)
{
	(void)state;
	assert_error_text("{\"code\": 7, \"msg\": \"no\", \"details\": \"why\"}", "no: why (code 7)");
	assert_error_text("{\"code\": 999, \"msg\": \"no\"}", "no (code 999)");
	assert_error_text("{\"code\": 999}", NULL);
	assert_error_text("[]", NULL);
	assert_error_text("", NULL);
	assert_error_text("panic: no", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),	     cmocka_unit_test(test_single), cmocka_unit_test(test_versions),
		cmocka_unit_test(test_bad_networks), cmocka_unit_test(test_result), cmocka_unit_test(test_empty_result),
		cmocka_unit_test(test_bad_results),  cmocka_unit_test(test_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
