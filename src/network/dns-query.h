/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to a name server, asked as a program would ask it: which addresses has this name? The answer is a stranger's.
 *
 * Source: RFC 1035, section 4.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "network/cidr.h"

enum { DNS_MESSAGE_MAX = 1232, DNS_ADDRESSES_MAX = 16 }; /* what is sent by UDP without being cut (DNS Flag Day 2020) */

struct dns_answer {
	unsigned code; /* RFC 1035, RCODE: 0 there is such a name, 3 there is none */
	struct cidr addresses[DNS_ADDRESSES_MAX];
	size_t count;
};

/* The message that asks for the addresses of @family. Returns its length. Errors: ERR_INVALID for what is no name. */
int dns_make_question(const char *name, sa_family_t family, uint16_t id, uint8_t buf[static DNS_MESSAGE_MAX],
		      struct error *err);

/* Errors: ERR_INVALID for what is no answer to @id. */
int dns_parse_answer(const uint8_t *message, size_t len, uint16_t id, struct dns_answer *ret, struct error *err);

/* Ask @server from inside of the namespace @netns, for both families. Errors: ERR_TIMEOUT, ERR_SYSTEM. */
int dns_ask(int netns, const struct cidr *server, const char *name, struct dns_answer *ret, struct error *err);
