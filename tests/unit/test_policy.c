/* SPDX-License-Identifier: Apache-2.0 */
/* What network policies say of single flows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "network/policy.h"

#define POLICY(name, spec)                                                                                   \
	"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":\"" name \
	"\"},\"spec\":" spec "}"

static struct policy of(const char *text)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct policy policy;
	assert_int_equal(json_parse(text, strlen(text), "test", ERR_INVALID, &document, NULL), 0);
	assert_int_equal(policy_parse(&document, &policy, NULL), 0);
	return policy;
}

static struct cidr address(const char *text)
{
	struct cidr cidr = { 0 };
	assert_int_equal(cidr_parse_address(text, &cidr, NULL), 0);
	return cidr;
}

static char *DB[] = { (char *)"app=db", NULL };
static char *WEB[] = { (char *)"app=web", (char *)"tier=front", NULL };
static char *TEAM[] = { (char *)"team=blue", NULL };
static const struct policy_endpoint db = { .labels = DB, .network = (char *)"front", .network_labels = TEAM };
static const struct policy_endpoint web = { .labels = WEB, .network = (char *)"front", .network_labels = TEAM };

static enum policy_verdict_kind decide(const struct policy *policies, size_t count, bool egress,
				       const struct policy_endpoint *own, const struct policy_endpoint *peer,
				       const char *from, uint8_t protocol, uint16_t port)
{
	_cleanup_policy_verdict_ struct policy_verdict verdict = { 0 };
	const struct policy_flow flow = { peer, address(from), protocol, port };
	policy_decide(policies, count, egress, own, &flow, &verdict);
	return verdict.kind;
}

static void test_selectors_and_ports(void **state)
{
	struct policy policy = of(POLICY("db", "{\"podSelector\":{\"matchLabels\":{\"app\":\"db\"}},\"ingress\":[{"
					       "\"from\":[{\"podSelector\":{\"matchLabels\":{\"tier\":\"front\"}}}],"
					       "\"ports\":[{\"port\":5432},{\"port\":7000,\"endPort\":7010,"
					       "\"protocol\":\"UDP\"}]}]}"));
	static const struct {
		uint8_t protocol;
		uint16_t port;
		enum policy_verdict_kind wanted;
	} rows[] = {
		{ IPPROTO_TCP, 5432, POLICY_ALLOWED },
		{ IPPROTO_UDP, 5432, POLICY_DENIED },
		{ IPPROTO_TCP, 22, POLICY_DENIED },
		{ IPPROTO_UDP, 7000, POLICY_ALLOWED },
		{ IPPROTO_UDP, 7010, POLICY_ALLOWED },
		{ IPPROTO_UDP, 7011, POLICY_DENIED },
		{ 0, 0, POLICY_DENIED },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(decide(&policy, 1, false, &db, &web, "10.0.0.3", rows[i].protocol, rows[i].port),
				 rows[i].wanted);
	assert_int_equal(decide(&policy, 1, false, &db, &db, "10.0.0.3", IPPROTO_TCP, 5432), POLICY_DENIED);
	assert_int_equal(decide(&policy, 1, false, &db, NULL, "10.0.0.3", IPPROTO_TCP, 5432), POLICY_DENIED);
	assert_int_equal(decide(&policy, 1, false, &web, &db, "10.0.0.2", IPPROTO_TCP, 80), POLICY_OPEN);
	assert_int_equal(decide(&policy, 1, true, &db, &web, "10.0.0.3", IPPROTO_TCP, 80), POLICY_OPEN);
	policy_done(&policy);
}

static void test_blocks(void **state)
{
	struct policy policy =
		of(POLICY("out", "{\"podSelector\":{},\"policyTypes\":[\"Egress\"],\"egress\":[{\"to\":[{\"ipBlock\":{"
				 "\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.1.0.0/16\"]}},{\"ipBlock\":{\"cidr\":"
				 "\"fd00::/8\"}}]}]}"));
	static const struct {
		const char *to;
		enum policy_verdict_kind wanted;
	} rows[] = {
		{ "10.0.0.1", POLICY_ALLOWED }, { "10.1.0.1", POLICY_DENIED },	  { "192.0.2.1", POLICY_DENIED },
		{ "fd00::1", POLICY_ALLOWED },	{ "2001:db8::1", POLICY_DENIED },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(decide(&policy, 1, true, &web, NULL, rows[i].to, IPPROTO_UDP, 53), rows[i].wanted);
	policy_done(&policy);
}

/* One that allows is enough; and which it was, is said. */
static void test_several(void **state)
{
	struct policy policies[] = {
		of(POLICY("closed", "{\"podSelector\":{}}")),
		of(POLICY("open", "{\"podSelector\":{\"matchLabels\":{\"app\":\"db\"}},\"ingress\":[{}]}")),
	};
	_cleanup_policy_verdict_ struct policy_verdict verdict = { 0 };
	const struct policy_flow flow = { &web, address("10.0.0.3"), IPPROTO_TCP, 80 };
	policy_decide(policies, ARRAY_SIZE(policies), false, &db, &flow, &verdict);
	assert_int_equal(verdict.kind, POLICY_ALLOWED);
	assert_int_equal(strv_count(verdict.policies), 1);
	assert_string_equal(verdict.policies[0], "open");
	assert_int_equal(decide(policies, 2, false, &web, &db, "10.0.0.2", IPPROTO_TCP, 80), POLICY_DENIED);
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		policy_done(&policies[i]);
}

/* Without policyTypes a policy is about ingress, and about egress if it has rules for it; with them about nothing else. */
static void test_directions(void **state)
{
	static const struct {
		const char *document;
		bool ingress, egress;
	} rows[] = {
		{ POLICY("p", "{\"podSelector\":{}}"), true, false },
		{ POLICY("p", "{\"podSelector\":{},\"egress\":[{}]}"), true, true },
		{ POLICY("p", "{\"podSelector\":{},\"egress\":[]}"), true, false },
		{ POLICY("p", "{\"podSelector\":{},\"policyTypes\":[],\"egress\":[{}]}"), true, true },
		{ POLICY("p", "{\"podSelector\":{},\"policyTypes\":[\"Egress\"]}"), false, true },
		{ POLICY("p", "{\"podSelector\":{},\"policyTypes\":[\"Egress\"],\"ingress\":[{}]}"), false, true },
		{ POLICY("p", "{\"podSelector\":{},\"policyTypes\":[\"Ingress\",\"Egress\"]}"), true, true },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy policy = of(rows[i].document);
		assert_int_equal(policy.ingress.selected, rows[i].ingress);
		assert_int_equal(policy.egress.selected, rows[i].egress);
		policy_done(&policy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selectors_and_ports),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_directions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
