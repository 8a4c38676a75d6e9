/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a name server, byte by byte, and what it may answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "network/dns-query.h"

static void test_ask(void **state)
{
	static const uint8_t wanted[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\2db\4home\0\0\x1c\0\1";
	uint8_t message[DNS_MESSAGE_MAX];
	assert_int_equal(dns_make_question("db.home", AF_INET6, 0x1234, message, NULL), sizeof wanted - 1);
	assert_memory_equal(message, wanted, sizeof wanted - 1);
	assert_true(dns_make_question("db.", AF_INET, 1, message, NULL) > 0);
}

static void test_refuse_names(void **state)
{
	char long_name[300], long_label[70];
	const char *const bad[] = { "", ".", "a..b", long_name, long_label };
	uint8_t message[DNS_MESSAGE_MAX];
	struct error err = { 0 };
	memset(long_name, 'a', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	memset(long_label, 'b', sizeof long_label);
	long_label[sizeof long_label - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(dns_make_question(bad[i], AF_INET, 1, message, &err), -ERR_INVALID);
}

#define HEAD "\x12\x34\x81\x80\0\1\0"
#define QUESTION "\0\0\0\0\2db\0\0\1\0\1"
#define ADDRESS "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x0a\x59\1\2"
#define ALIAS "\xc0\x0c\0\5\0\1\0\0\0\0\0\4\2db\0"
#define ADDRESS6 "\2db\0\0\x1c\0\1\0\0\0\0\0\x10\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2"

static int parse(const char *message, size_t len, struct dns_answer *answer)
{
	return dns_parse_answer((const uint8_t *)message, len, 0x1234, answer, NULL);
}

static void test_answer(void **state)
{
	static const char text[] = HEAD "\3" QUESTION ALIAS ADDRESS ADDRESS6;
	struct dns_answer answer = { 0 };
	char address[CIDR_TEXT_MAX];
	assert_int_equal(parse(text, sizeof text - 1, &answer), 0);
	assert_int_equal(answer.count, 2);
	assert_string_equal(cidr_text(&answer.addresses[0], address), "10.89.1.2/32");
	assert_string_equal(cidr_text(&answer.addresses[1], address), "fd00::2/128");
	/* The next one is added to it. */
	assert_int_equal(parse(text, sizeof text - 1, &answer), 0);
	assert_int_equal(answer.count, 4);
}

static void test_no_such_name(void **state)
{
	static const char text[] = "\x12\x34\x81\x83\0\1\0\0" QUESTION;
	struct dns_answer answer = { 0 };
	assert_int_equal(parse(text, sizeof text - 1, &answer), 0);
	assert_int_equal(answer.code, 3);
	assert_int_equal(answer.count, 0);
}

/* However it is cut off, and whatever is not an answer to what was asked. */
static void test_refuse_answers(void **state)
{
	static const char text[] = HEAD "\2" QUESTION ADDRESS ADDRESS6;
	char other[sizeof text];
	struct dns_answer answer = { 0 };
	for (size_t len = 0; len < sizeof text - 1; len++)
		assert_int_equal(parse(text, len, &answer), -ERR_INVALID);
	memcpy(other, text, sizeof text);
	other[1] = 0x35;
	assert_int_equal(parse(other, sizeof text - 1, &answer), -ERR_INVALID);
	memcpy(other, text, sizeof text);
	other[2] = 1; /* a question */
	assert_int_equal(parse(other, sizeof text - 1, &answer), -ERR_INVALID);
	assert_int_equal(answer.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_refuse_names),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_no_such_name),
		cmocka_unit_test(test_refuse_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
