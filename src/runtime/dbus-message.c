/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/dbus-message.h"

#include <endian.h>
#include <string.h>

#include "base/util.h"

enum { PROTOCOL_VERSION = 1 };

/* The codes of header fields. */
enum {
	FIELD_PATH = 1,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_ERROR_NAME,
	FIELD_REPLY_SERIAL,
	FIELD_DESTINATION,
	FIELD_SENDER,
	FIELD_SIGNATURE
};

static const char OUR_ORDER = BYTE_ORDER == LITTLE_ENDIAN ? 'l' : 'B';

/* --- writing --- */

static void align(struct str *data, size_t alignment)
{
	while (data->len % alignment)
		str_append_char(data, '\0');
}

void dbus_put_byte(struct str *data, uint8_t value)
{
	str_append_len(data, &value, sizeof value);
}

void dbus_put_u16(struct str *data, uint16_t value)
{
	align(data, sizeof value);
	str_append_len(data, &value, sizeof value);
}

void dbus_put_u32(struct str *data, uint32_t value)
{
	align(data, sizeof value);
	str_append_len(data, &value, sizeof value);
}

void dbus_put_u64(struct str *data, uint64_t value)
{
	align(data, sizeof value);
	str_append_len(data, &value, sizeof value);
}

void dbus_put_string(struct str *data, const char *text)
{
	dbus_put_u32(data, (uint32_t)strlen(text));
	str_append_len(data, text, strlen(text) + 1);
}

void dbus_put_signature(struct str *data, const char *signature)
{
	dbus_put_byte(data, (uint8_t)strlen(signature));
	str_append_len(data, signature, strlen(signature) + 1);
}

void dbus_put_bytes(struct str *data, const void *bytes, size_t count)
{
	dbus_put_u32(data, (uint32_t)count);
	str_append_len(data, bytes, count);
}

void dbus_put_struct(struct str *data)
{
	align(data, 8);
}

struct dbus_array dbus_array_open(struct str *data, size_t alignment)
{
	struct dbus_array array;
	align(data, sizeof(uint32_t));
	array.length_at = data->len;
	dbus_put_u32(data, 0);
	align(data, alignment); /* is not counted */
	array.start = data->len;
	return array;
}

void dbus_array_close(struct str *data, struct dbus_array array)
{
	uint32_t length = (uint32_t)(data->len - array.start);
	memcpy(data->data + array.length_at, &length, sizeof length);
}

static void put_field(struct str *data, uint8_t code, const char *type, const char *text)
{
	if (!text)
		return;
	dbus_put_struct(data);
	dbus_put_byte(data, code);
	dbus_put_signature(data, type);
	if (*type == 'g')
		dbus_put_signature(data, text);
	else
		dbus_put_string(data, text);
}

void dbus_put_call(struct str *data, const struct dbus_call *call, uint32_t serial, const struct str *body)
{
	dbus_put_byte(data, (uint8_t)OUR_ORDER);
	dbus_put_byte(data, DBUS_METHOD_CALL);
	dbus_put_byte(data, 0); /* flags */
	dbus_put_byte(data, PROTOCOL_VERSION);
	dbus_put_u32(data, (uint32_t)body->len);
	dbus_put_u32(data, serial);
	struct dbus_array fields = dbus_array_open(data, 8);
	put_field(data, FIELD_PATH, "o", call->path);
	put_field(data, FIELD_DESTINATION, "s", call->destination);
	put_field(data, FIELD_INTERFACE, "s", call->interface);
	put_field(data, FIELD_MEMBER, "s", call->member);
	put_field(data, FIELD_SIGNATURE, "g", *call->signature ? call->signature : NULL);
	dbus_array_close(data, fields);
	align(data, 8);
	str_append_len(data, str_text(body), body->len);
}

/* --- reading --- */

static bool skip_to(struct dbus_reader *reader, size_t alignment)
{
	size_t padding = (alignment - reader->at % alignment) % alignment;
	if (reader->size - reader->at < padding)
		return false;
	reader->at += padding;
	return true;
}

static bool get_byte(struct dbus_reader *reader, uint8_t *ret)
{
	if (reader->at == reader->size)
		return false;
	*ret = reader->data[reader->at++];
	return true;
}

bool dbus_get_u32(struct dbus_reader *reader, uint32_t *ret)
{
	if (!skip_to(reader, sizeof *ret) || reader->size - reader->at < sizeof *ret)
		return false;
	memcpy(ret, reader->data + reader->at, sizeof *ret);
	reader->at += sizeof *ret;
	return true;
}

/* @len bytes and a terminator, with none before. */
static bool get_text(struct dbus_reader *reader, size_t len, const char **ret)
{
	const char *text = (const char *)reader->data + reader->at;
	if (len >= reader->size - reader->at || strnlen(text, len + 1) != len)
		return false;
	reader->at += len + 1;
	*ret = text;
	return true;
}

bool dbus_get_string(struct dbus_reader *reader, const char **ret)
{
	uint32_t len;
	return dbus_get_u32(reader, &len) && get_text(reader, len, ret);
}

bool dbus_get_signature(struct dbus_reader *reader, const char **ret)
{
	uint8_t len;
	return get_byte(reader, &len) && get_text(reader, len, ret);
}

struct prefix {
	char order;
	uint8_t type, flags, version;
	uint32_t body_size, serial, fields_size;
};
static_assert(sizeof(struct prefix) == DBUS_PREFIX_SIZE, "as on the wire");

size_t dbus_message_size(const void *data)
{
	struct prefix prefix;
	memcpy(&prefix, data, sizeof prefix);
	if (prefix.order != OUR_ORDER || prefix.version != PROTOCOL_VERSION || prefix.fields_size > DBUS_MESSAGE_MAX ||
	    prefix.body_size > DBUS_MESSAGE_MAX)
		return 0;
	size_t fields = ((size_t)prefix.fields_size + 7) / 8 * 8;
	return sizeof prefix + fields + prefix.body_size;
}

/* A field is a code and a variant. Those that we do not know have one of the types that we do. */
static bool get_field(struct dbus_reader *reader, struct dbus_message *message)
{
	const char **const texts[] = {
		[FIELD_PATH] = &message->path,	   [FIELD_INTERFACE] = &message->interface,
		[FIELD_MEMBER] = &message->member, [FIELD_ERROR_NAME] = &message->error_name,
		[FIELD_SENDER] = &message->sender, [FIELD_SIGNATURE] = &message->signature,
	};
	const char *type, *text;
	uint32_t number;
	uint8_t code;
	if (!skip_to(reader, 8) || !get_byte(reader, &code) || !dbus_get_signature(reader, &type))
		return false;
	if (streq(type, "u")) {
		if (!dbus_get_u32(reader, &number))
			return false;
		if (code == FIELD_REPLY_SERIAL)
			message->reply_serial = number;
		return true;
	}
	bool known = streq(type, "s") || streq(type, "o") || streq(type, "g");
	if (!known || !(*type == 'g' ? dbus_get_signature(reader, &text) : dbus_get_string(reader, &text)))
		return false;
	if (code < ARRAY_SIZE(texts) && texts[code])
		*texts[code] = text;
	return true;
}

bool dbus_message_parse(const void *data, size_t size, struct dbus_message *ret)
{
	struct prefix prefix;
	if (size < sizeof prefix || dbus_message_size(data) != size)
		return false;
	memcpy(&prefix, data, sizeof prefix);
	struct dbus_message message = {
		.type = prefix.type,
		.path = "",
		.interface = "",
		.member = "",
		.error_name = "",
		.sender = "",
		.signature = "",
		.body = { .data = (const unsigned char *)data + size - prefix.body_size, .size = prefix.body_size },
	};
	struct dbus_reader fields = { .data = data, .size = sizeof prefix + prefix.fields_size, .at = sizeof prefix };
	while (fields.at < fields.size)
		if (!get_field(&fields, &message))
			return false;
	*ret = message;
	return true;
}
