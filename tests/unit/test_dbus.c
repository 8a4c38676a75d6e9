/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of D-Bus, and a connection, whose other end is a child of the test. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/util.h"
#include "runtime/dbus.h"

/* --- messages --- */

static void test_alignment(void **state)
{
	_cleanup_str_ struct str data = { 0 };
	dbus_put_byte(&data, 1);
	dbus_put_u16(&data, 2);
	dbus_put_u32(&data, 3);
	dbus_put_string(&data, "ab");
	dbus_put_u64(&data, 4);
	const uint16_t two = 2;
	const uint32_t three = 3, length = 2;
	const uint64_t four = 4;
	assert_int_equal(data.len, 24);
	assert_int_equal(data.data[0], 1);
	assert_memory_equal(data.data + 2, &two, sizeof two);
	assert_memory_equal(data.data + 4, &three, sizeof three);
	assert_memory_equal(data.data + 8, &length, sizeof length);
	assert_string_equal(data.data + 12, "ab");
	assert_memory_equal(data.data + 16, &four, sizeof four);
}

/* The bytes between an array's length and its first element are not counted. */
static void test_array(void **state)
{
	_cleanup_str_ struct str data = { 0 };
	struct dbus_array array = dbus_array_open(&data, 8);
	dbus_put_u64(&data, 1);
	dbus_array_close(&data, array);
	const uint32_t length = 8;
	assert_int_equal(data.len, 16);
	assert_memory_equal(data.data, &length, sizeof length);

	_cleanup_str_ struct str empty = { 0 };
	dbus_array_close(&empty, dbus_array_open(&empty, 8));
	const uint32_t none = 0;
	assert_int_equal(empty.len, 8);
	assert_memory_equal(empty.data, &none, sizeof none);
}

static void make_call(struct str *data)
{
	static const struct dbus_call call = { "org.example", "/a/b", "org.example.I", "Do", "su" };
	_cleanup_str_ struct str body = { 0 };
	dbus_put_string(&body, "text");
	dbus_put_u32(&body, 7);
	dbus_put_call(data, &call, 3, &body);
}

static void test_call_is_read_as_written(void **state)
{
	_cleanup_str_ struct str data = { 0 };
	struct dbus_message message;
	const char *text;
	uint32_t number;
	make_call(&data);
	assert_int_equal(dbus_message_size(data.data), data.len);
	assert_true(dbus_message_parse(data.data, data.len, &message));
	assert_int_equal(message.type, DBUS_METHOD_CALL);
	assert_string_equal(message.path, "/a/b");
	assert_string_equal(message.interface, "org.example.I");
	assert_string_equal(message.member, "Do");
	assert_string_equal(message.signature, "su");
	assert_string_equal(message.error_name, "");
	assert_true(dbus_get_string(&message.body, &text));
	assert_string_equal(text, "text");
	assert_true(dbus_get_u32(&message.body, &number));
	assert_int_equal(number, 7);
	assert_false(dbus_get_u32(&message.body, &number));
	assert_false(dbus_get_string(&message.body, &text));
}

static void test_cut_off_messages(void **state)
{
	_cleanup_str_ struct str data = { 0 };
	struct dbus_message message;
	make_call(&data);
	for (size_t size = 0; size < data.len; size++)
		assert_false(dbus_message_parse(data.data, size, &message));
}

/* Each byte of the header wrong in turn: refused or read, never more than that. */
static void test_damaged_messages(void **state)
{
	_cleanup_str_ struct str data = { 0 };
	make_call(&data);
	for (size_t at = 0; at < data.len; at++) {
		_cleanup_free_ char *copy = mem_dup(data.data, data.len);
		struct dbus_message message;
		const char *text;
		copy[at] = (char)(copy[at] ^ 0x55);
		if (!dbus_message_parse(copy, data.len, &message))
			continue;
		while (dbus_get_string(&message.body, &text))
			continue;
	}
}

static void test_messages_that_we_do_not_take(void **state)
{
	_cleanup_str_ struct str data = { 0 };
	const uint32_t large = DBUS_MESSAGE_MAX + 1;
	make_call(&data);
	memcpy(data.data + 4, &large, sizeof large); /* the body's size */
	assert_int_equal(dbus_message_size(data.data), 0);
	str_truncate(&data, 0);
	make_call(&data);
	data.data[0] ^= 'l' ^ 'B'; /* the other byte order */
	assert_int_equal(dbus_message_size(data.data), 0);
	str_truncate(&data, 0);
	make_call(&data);
	data.data[3] = 2; /* the protocol's version */
	assert_int_equal(dbus_message_size(data.data), 0);
}

static void test_text_with_a_nul(void **state)
{
	_cleanup_str_ struct str data = { 0 };
	const char *text;
	dbus_put_string(&data, "abc");
	data.data[5] = '\0';
	struct dbus_reader reader = { .data = (unsigned char *)data.data, .size = data.len };
	assert_false(dbus_get_string(&reader, &text));
}

/* --- a bus --- */

struct bus {
	char dir[32], path[64];
	int listener;
	pid_t child;
};

static int setup(void **state)
{
	struct bus *bus = NEW(struct bus);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	str_copy(bus->dir, sizeof bus->dir, "/tmp/coffer-dbus-XXXXXX");
	assert_non_null(mkdtemp(bus->dir));
	snprintf(bus->path, sizeof bus->path, "%s/a b", bus->dir);
	str_copy(address.sun_path, sizeof address.sun_path, bus->path);
	bus->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(bus->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(bus->listener, 1), 0);
	*state = bus;
	return 0;
}

static int teardown(void **state)
{
	struct bus *bus = *state;
	if (bus->child > 0) {
		kill(bus->child, SIGKILL);
		waitpid(bus->child, NULL, 0);
	}
	fd_close(bus->listener);
	unlink(bus->path);
	rmdir(bus->dir);
	free(bus);
	return 0;
}

static void send_text(int sock, const char *text)
{
	(void)fd_write_all(sock, text, strlen(text));
}

static void put_header_text(struct str *data, uint8_t code, const char *type, const char *text)
{
	dbus_put_struct(data);
	dbus_put_byte(data, code);
	dbus_put_signature(data, type);
	if (*type == 'g')
		dbus_put_signature(data, text);
	else
		dbus_put_string(data, text);
}

/* A message of @type with one text in its body; @name is an error's name, or a signal's. */
static void send_message(int sock, enum dbus_type type, uint32_t reply_to, const char *name, const char *text)
{
	_cleanup_str_ struct str data = { 0 }, body = { 0 };
	dbus_put_string(&body, text);
	dbus_put_byte(&data, BYTE_ORDER == LITTLE_ENDIAN ? 'l' : 'B');
	dbus_put_byte(&data, (uint8_t)type);
	dbus_put_byte(&data, 0);
	dbus_put_byte(&data, 1);
	dbus_put_u32(&data, (uint32_t)body.len);
	dbus_put_u32(&data, 77);
	struct dbus_array fields = dbus_array_open(&data, 8);
	if (reply_to) {
		dbus_put_struct(&data);
		dbus_put_byte(&data, 5);
		dbus_put_signature(&data, "u");
		dbus_put_u32(&data, reply_to);
	}
	if (name)
		put_header_text(&data, type == DBUS_ERROR ? 4 : 3, "s", name);
	put_header_text(&data, 7, "s", ":1.5");
	put_header_text(&data, 8, "g", "s");
	dbus_array_close(&data, fields);
	dbus_put_struct(&data);
	str_append_len(&data, body.data, body.len);
	(void)fd_write_all(sock, data.data, data.len);
}

/* The serial of the next call, or 0 at the end. */
static uint32_t receive_call(int sock)
{
	char prefix[DBUS_PREFIX_SIZE], rest[4096];
	uint32_t serial;
	if (fd_read_full(sock, prefix, sizeof prefix) != sizeof prefix)
		return 0;
	size_t size = dbus_message_size(prefix) - sizeof prefix;
	if (size > sizeof rest || fd_read_full(sock, rest, size) != (ssize_t)size)
		return 0;
	memcpy(&serial, prefix + 8, sizeof serial);
	return serial;
}

/* The child: accepts one connection, answers "Hello", and each further call by @answer. */
static void serve(struct bus *bus, const char *authentication, void (*answer)(int sock, uint32_t serial))
{
	static const char wanted[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	char got[sizeof wanted - 1];
	bus->child = fork();
	if (bus->child != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int sock = accept(bus->listener, NULL, NULL);
	if (fd_read_full(sock, got, sizeof got) != sizeof got || memcmp(got, wanted, sizeof got) != 0)
		_exit(1);
	send_text(sock, authentication);
	uint32_t serial = receive_call(sock);
	if (serial)
		send_message(sock, DBUS_METHOD_RETURN, serial, NULL, ":1.9");
	while (answer && (serial = receive_call(sock)))
		answer(sock, serial);
	_exit(0);
}

static int open_bus(const struct bus *bus, struct dbus **ret, struct error *err)
{
	_cleanup_free_ char *address = mem_printf("tcp:host=x;unix:guid=0,path=%s/a%%20b", bus->dir);
	return dbus_open(address, ret, err);
}

static const char AUTHENTICATED[] = "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n";

static int call_something(struct dbus *dbus, struct dbus_incoming *reply, struct error *err)
{
	static const struct dbus_call call = { "org.example", "/", "org.example", "Do", "" };
	const struct str nothing = { 0 };
	return dbus_call(dbus, &call, &nothing, reply, err);
}

static void answer_after_signals(int sock, uint32_t serial)
{
	send_message(sock, DBUS_SIGNAL, 0, "First", "1");
	send_message(sock, DBUS_METHOD_RETURN, serial + 100, NULL, "not yours");
	send_message(sock, DBUS_METHOD_RETURN, serial, NULL, "yours");
	send_message(sock, DBUS_SIGNAL, 0, "Second", "2");
}

static void test_call_and_signals(void **state)
{
	struct bus *bus = *state;
	_cleanup_dbus_ struct dbus *dbus = NULL;
	_cleanup_dbus_incoming_ struct dbus_incoming reply = { 0 };
	struct error err = { 0 };
	const char *text;
	serve(bus, AUTHENTICATED, answer_after_signals);
	assert_int_equal(open_bus(bus, &dbus, &err), 0);
	assert_int_equal(call_something(dbus, &reply, &err), 0);
	assert_true(dbus_get_string(&reply.message.body, &text));
	assert_string_equal(text, "yours");

	const int64_t deadline = time_monotonic_ns() + 60 * NSEC_PER_SEC;
	static const char *const names[] = { "First", "Second" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_dbus_incoming_ struct dbus_incoming signal = { 0 };
		assert_int_equal(dbus_next_signal(dbus, deadline, &signal, &err), 0);
		assert_string_equal(signal.message.member, names[i]);
		assert_string_equal(signal.message.sender, ":1.5");
	}
	struct dbus_incoming none;
	assert_int_equal(dbus_next_signal(dbus, time_monotonic_ns(), &none, &err), -ERR_TIMEOUT);
	assert_string_equal(err.message, "the message bus does not answer");
}

static void answer_no(int sock, uint32_t serial)
{
	send_message(sock, DBUS_ERROR, serial, "org.example.No", "it cannot be");
}

static void test_error_answer(void **state)
{
	struct bus *bus = *state;
	_cleanup_dbus_ struct dbus *dbus = NULL;
	struct dbus_incoming reply = { 0 };
	struct error err = { 0 };
	serve(bus, AUTHENTICATED, answer_no);
	assert_int_equal(open_bus(bus, &dbus, &err), 0);
	assert_int_equal(call_something(dbus, &reply, &err), -ERR_SYSTEMD);
	assert_string_equal(err.message, "it cannot be");
	assert_true(dbus_error_is(dbus, "org.example.No"));
}

static void answer_nonsense(int sock, uint32_t serial)
{
	send_text(sock, "this is no message of the D-Bus protocol");
}

static void test_nonsense(void **state)
{
	struct bus *bus = *state;
	_cleanup_dbus_ struct dbus *dbus = NULL;
	struct dbus_incoming reply = { 0 };
	struct error err = { 0 };
	serve(bus, AUTHENTICATED, answer_nonsense);
	assert_int_equal(open_bus(bus, &dbus, &err), 0);
	assert_int_equal(call_something(dbus, &reply, &err), -ERR_SYSTEMD);
	assert_string_equal(err.message, "speak with the message bus: bad message");
}

static void hang_up(int sock, uint32_t serial)
{
	_exit(0);
}

static void test_bus_that_goes(void **state)
{
	struct bus *bus = *state;
	_cleanup_dbus_ struct dbus *dbus = NULL;
	struct dbus_incoming reply = { 0 };
	struct error err = { 0 };
	serve(bus, AUTHENTICATED, hang_up);
	assert_int_equal(open_bus(bus, &dbus, &err), 0);
	assert_int_equal(call_something(dbus, &reply, &err), -ERR_SYSTEMD);
	assert_string_equal(err.message, "speak with the message bus: connection reset by peer");
	err_clear(&err);
	assert_int_equal(call_something(dbus, &reply, &err), -ERR_SYSTEMD);
	assert_string_equal(err.message, "speak with the message bus: broken pipe");
}

static void test_rejected(void **state)
{
	struct bus *bus = *state;
	struct dbus *dbus = NULL;
	struct error err = { 0 };
	serve(bus, "REJECTED DBUS_COOKIE_SHA1\r\n", NULL);
	assert_int_equal(open_bus(bus, &dbus, &err), -ERR_SYSTEMD);
	assert_non_null(strstr(err.message, "a b': the message bus does not accept us: \"REJECTED DBUS_COOKIE_SHA1\""));
}

static void test_addresses_that_lead_nowhere(void **state)
{
	struct dbus *dbus = NULL;
	struct error err = { 0 };
	assert_int_equal(dbus_open("unix:abstract=/tmp/x", &dbus, &err), -ERR_SYSTEMD);
	assert_string_equal(err.message, "the message bus address \"unix:abstract=/tmp/x\" has no \"unix:path=\"");
	assert_int_equal(dbus_open("", &dbus, NULL), -ERR_SYSTEMD);
	assert_int_equal(dbus_open("unix:path=%zz", &dbus, NULL), -ERR_SYSTEMD);
	assert_int_equal(dbus_open("unix:path=%2", &dbus, NULL), -ERR_SYSTEMD);
	err_clear(&err);
	assert_int_equal(dbus_open("unix:path=/no/such/bus", &dbus, &err), -ERR_SYSTEMD);
	assert_string_equal(err.message,
			    "connect to the message bus at '/no/such/bus': no such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_call_is_read_as_written),
		cmocka_unit_test(test_cut_off_messages),
		cmocka_unit_test(test_damaged_messages),
		cmocka_unit_test(test_messages_that_we_do_not_take),
		cmocka_unit_test(test_text_with_a_nul),
		cmocka_unit_test_setup_teardown(test_call_and_signals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_error_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bus_that_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rejected, setup, teardown),
		cmocka_unit_test(test_addresses_that_lead_nowhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
