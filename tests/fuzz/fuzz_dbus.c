/* SPDX-License-Identifier: Apache-2.0 */
/* What comes over a message bus: a prefix that promises a length, header fields, a body that is read to its end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/dbus-message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_text(const uint8_t *data, size_t size, const char *text)
{
	if (*text)
		check((const uint8_t *)text > data && (const uint8_t *)text + strlen(text) < data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dbus_message message;
	const char *text;
	uint32_t number;
	if (size < DBUS_PREFIX_SIZE || !dbus_message_parse(data, size, &message))
		return 0;
	check(dbus_message_size(data) == size);
	check_text(data, size, message.path);
	check_text(data, size, message.interface);
	check_text(data, size, message.member);
	check_text(data, size, message.error_name);
	check_text(data, size, message.sender);
	check_text(data, size, message.signature);
	struct dbus_reader body = message.body, again = message.body;
	while (dbus_get_string(&body, &text))
		check_text(data, size, text);
	while (dbus_get_signature(&again, &text) && dbus_get_u32(&again, &number))
		check(again.at <= again.size);
	return 0;
}
