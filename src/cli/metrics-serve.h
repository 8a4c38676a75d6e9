/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serving one document over HTTP, for a collector that comes every few seconds: one connection at a time, one request on
 * it, five seconds for all of it. What is not GET or HEAD of its path is refused.
 *
 * Source: RFC 9112.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"

struct document_server {
	const char *path, *content_type;
	int (*make)(void *context, struct str *out, struct error *err);
	void *context;
};

/*
 * "ADDRESS:PORT", "[ADDRESS]:PORT" or ":PORT", which is the loopback's; port 0 is one that is free. Returns a listening
 * socket. Errors: ERR_USAGE, ERR_SYSTEM.
 */
int metrics_listen(const char *address, struct error *err);

/* Until SIGINT or SIGTERM, which have to be blocked. */
int metrics_serve(int listener, const struct document_server *server, struct error *err);
