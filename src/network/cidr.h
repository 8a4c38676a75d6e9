/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and subnets of both families, as numbers.
 *
 * Sources: RFC 4632 (CIDR), RFC 4291 (IPv6), RFC 5952 (its text form, which inet_ntop() writes).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

/* An address and the length of its network's prefix; family 0 is "none". */
struct cidr {
	sa_family_t family; /* AF_INET, AF_INET6 */
	uint8_t bytes[16];  /* in network order; IPv4 in the first four */
	unsigned prefix;    /* bits */
};

enum { CIDR_TEXT_MAX = 64 };

/* "10.1.0.0/16", "fd00::/64"; without a prefix it is the family's whole length. Errors: ERR_INVALID. */
int cidr_parse(const char *text, struct cidr *ret, struct error *err);

/* An address alone: no prefix may be there. */
int cidr_parse_address(const char *text, struct cidr *ret, struct error *err);

/* "10.1.0.5" or with its prefix. Both write into @buf and return it. */
const char *cidr_address_text(const struct cidr *cidr, char buf[CIDR_TEXT_MAX]);
const char *cidr_text(const struct cidr *cidr, char buf[CIDR_TEXT_MAX]);

static inline size_t cidr_length(const struct cidr *cidr)
{
	return cidr->family == AF_INET6 ? 16 : 4;
}

static inline unsigned cidr_bits(const struct cidr *cidr)
{
	return cidr->family == AF_INET6 ? 128 : 32;
}

bool cidr_same_address(const struct cidr *a, const struct cidr *b);

/* 0.0.0.0, ::, or none: where an address is meant, each one. */
bool cidr_is_any(const struct cidr *address);

/* The network that it is in: all bits behind the prefix are zero. */
struct cidr cidr_network(const struct cidr *cidr);

/* The last address of its network. */
struct cidr cidr_last(const struct cidr *cidr);

/* Whether @address, whatever its prefix, is in the network of @subnet. */
bool cidr_contains(const struct cidr *subnet, const struct cidr *address);

/* Whether they have an address in common. */
bool cidr_overlaps(const struct cidr *a, const struct cidr *b);

/* The address @count further on; false if that is beyond the family's last one. */
bool cidr_advance(struct cidr *cidr, uint64_t count);
int cidr_compare(const struct cidr *a, const struct cidr *b);
