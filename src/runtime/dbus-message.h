/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the D-Bus wire protocol: as many of its types as the service manager's interface needs, written in this
 * machine's byte order, and read without trust in the sender.
 *
 * Source: D-Bus specification, "Message Protocol" and "Marshaling (Wire Format)".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum dbus_type { DBUS_METHOD_CALL = 1, DBUS_METHOD_RETURN, DBUS_ERROR, DBUS_SIGNAL };

enum {
	DBUS_PREFIX_SIZE = 16,	    /* what has to be read to know how long a message is */
	DBUS_MESSAGE_MAX = 4 << 20, /* bytes that we take; the protocol allows 128 MiB */
};

/* --- Writing: values one after the other; each takes care of its own alignment, from the start of @data. --- */

void dbus_put_byte(struct str *data, uint8_t value);
void dbus_put_u16(struct str *data, uint16_t value);	  /* and n, q */
void dbus_put_u32(struct str *data, uint32_t value);	  /* and i, b */
void dbus_put_u64(struct str *data, uint64_t value);	  /* and t, x */
void dbus_put_string(struct str *data, const char *text); /* and o */
void dbus_put_signature(struct str *data, const char *signature);
void dbus_put_bytes(struct str *data, const void *bytes, size_t count); /* ay */

/* A struct has no more to it than its alignment. */
void dbus_put_struct(struct str *data);

/* The elements of an array come between the two. @alignment is that of an element: 8 for structs, 4 for strings. */
struct dbus_array {
	size_t length_at, start;
};
struct dbus_array dbus_array_open(struct str *data, size_t alignment);
void dbus_array_close(struct str *data, struct dbus_array array);

/* Whom to call. @signature is the body's. */
struct dbus_call {
	const char *destination; /* NULL: the other end, without a bus between */
	const char *path, *interface, *member, *signature;
};

/* The whole message. @serial is not 0. */
void dbus_put_call(struct str *data, const struct dbus_call *call, uint32_t serial, const struct str *body);

/* --- Reading --- */

struct dbus_reader {
	const unsigned char *data;
	size_t size, at;
};

/* False at the end, and for what is malformed. Strings point into the data. */
bool dbus_get_u32(struct dbus_reader *reader, uint32_t *ret);
bool dbus_get_string(struct dbus_reader *reader, const char **ret); /* and o */
bool dbus_get_signature(struct dbus_reader *reader, const char **ret);

/* What a message says of itself; the strings point into its data, and "" is what is not given. */
struct dbus_message {
	enum dbus_type type;
	uint32_t reply_serial;
	const char *path, *interface, *member, *error_name, *sender, *signature;
	struct dbus_reader body;
};

/* The length of the message that begins with these DBUS_PREFIX_SIZE bytes, or 0 if it is none that we take. */
size_t dbus_message_size(const void *prefix);

/* False if @size bytes are not a whole message. */
bool dbus_message_parse(const void *data, size_t size, struct dbus_message *ret);
