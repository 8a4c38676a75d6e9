/* SPDX-License-Identifier: Apache-2.0 */
/* What we need to know of URLs before we let libcurl follow them. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

struct url {
	char *scheme; /* "http" or "https" */
	char *host;   /* "[::1]" with its brackets */
	char *port;   /* never NULL */
};

/* Returns 0, or -1 for what is not a URL of HTTP with a host and without a user's name. */
int url_parse(const char *text, struct url *ret);
void url_done(struct url *url);
#define _cleanup_url_ _cleanup_(url_done)

/* The same server: what may be told to one may be told to the other (RFC 6454). */
bool url_same_origin(const struct url *a, const struct url *b);

/* "localhost", 127.0.0.0/8 and [::1], as such or with ":PORT": this machine, whatever a name server says. */
bool host_is_loopback(const char *host);

/* @url with "name=value" (percent-encoded) added to its query. free() it; NULL if @url makes no sense. */
char *url_add_query(const char *url, const char *name, const char *value);

/* Add "name=value" to a form (HTML, "application/x-www-form-urlencoded"); nothing if @value is NULL. */
void form_add(struct str *form, const char *name, const char *value);

/* What @reference (RFC 3986, section 4.1) means in a document at @base; free() it. NULL if it makes no sense. */
char *url_resolve(const char *base, const char *reference);
