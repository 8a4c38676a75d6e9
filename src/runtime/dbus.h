/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a message bus, to call methods and hear signals. No library: those that there are would have to be
 * loaded into static programs, or would be loaded at every start.
 *
 * Source: D-Bus specification, "Authentication Protocol", "Message Bus Specification".
 */
#pragma once

#include "base/error.h"
#include "runtime/dbus-message.h"

struct dbus;

/* A message with its data. */
struct dbus_incoming {
	void *data;
	struct dbus_message message;
};
void dbus_incoming_done(struct dbus_incoming *incoming);
#define _cleanup_dbus_incoming_ _cleanup_(dbus_incoming_done)

/* @address as in DBUS_SESSION_BUS_ADDRESS: "unix:path=/run/user/1000/bus". Errors: ERR_SYSTEMD. */
int dbus_open(const char *address, struct dbus **ret, struct error *err);
void dbus_close(struct dbus *bus);
static inline void dbus_closep(struct dbus **bus)
{
	dbus_close(*bus);
}
#define _cleanup_dbus_ _cleanup_(dbus_closep)

/*
 * Call a method and wait for its answer. An error that comes for an answer is ERR_SYSTEMD with the sender's own text;
 * dbus_error_is() then tells its name.
 */
int dbus_call(struct dbus *bus, const struct dbus_call *call, const struct str *body, struct dbus_incoming *ret,
	      struct error *err);
bool dbus_error_is(const struct dbus *bus, const char *name);

/* The next signal, in their order; those that came while a call waited for its answer, too. ERR_TIMEOUT at @deadline. */
int dbus_next_signal(struct dbus *bus, int64_t deadline, struct dbus_incoming *ret, struct error *err);
