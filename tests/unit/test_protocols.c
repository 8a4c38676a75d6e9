/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of protocols, as the kernel's tables have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observe/protocols.h"

static const char SNMP[] = "Ip: Forwarding DefaultTTL InReceives\nIp: 1 64 644144\n"
			   "Tcp: RtoAlgorithm RtoMin MaxConn RetransSegs\nTcp: 1 200 -1 17\n"
			   "TcpLite: RetransSegs\nTcpLite: 3\n";

static void test_protocols(void **state)
{
	(void)state;
	uint64_t value = 7;
	assert_true(protocol_counter(SNMP, "Tcp", "RetransSegs", &value));
	assert_int_equal(value, 17);
	assert_true(protocol_counter(SNMP, "Ip", "InReceives", &value));
	assert_int_equal(value, 644144);
	value = 7;
	assert_false(protocol_counter(SNMP, "Tcp", "MaxConn", &value)); /* -1: none */
	assert_false(protocol_counter(SNMP, "Tcp", "Retrans", &value));
	assert_false(protocol_counter(SNMP, "Udp", "InErrors", &value));
	assert_false(protocol_counter("Udp: InErrors NoPorts", "Udp", "InErrors", &value));
	assert_false(protocol_counter("Udp: InErrors NoPorts\nUdp: 1", "Udp", "NoPorts", &value));
	assert_false(protocol_counter("", "Udp", "NoPorts", &value));
	assert_int_equal(value, 7);
}

static void test_sockets(void **state)
{
	(void)state;
	static const char table[] = "sockets: used 293\nTCP: inuse 5 orphan 1 tw 2\nUDP: inuse\n";
	uint64_t value = 7;
	assert_true(socket_counter(table, "TCP", "tw", &value));
	assert_int_equal(value, 2);
	assert_true(socket_counter(table, "sockets", "used", &value));
	assert_int_equal(value, 293);
	value = 7;
	assert_false(socket_counter(table, "UDP", "inuse", &value));
	assert_false(socket_counter(table, "RAW", "inuse", &value));
	assert_int_equal(value, 7);
}

static void test_conntrack(void **state)
{
	(void)state;
	static const char table[] = "entries  clashres drop early_drop\n"
				    "00000010  00000000 0000000a 00000000\n"
				    "00000010  00000000 00000010 00000000\n";
	uint64_t value = 7;
	assert_true(conntrack_counter(table, "drop", &value));
	assert_int_equal(value, 0x1a);
	assert_true(conntrack_counter(table, "early_drop", &value));
	assert_int_equal(value, 0);
	value = 7;
	assert_false(conntrack_counter(table, "rop", &value));
	assert_false(conntrack_counter("", "drop", &value));
	assert_int_equal(value, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_conntrack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
