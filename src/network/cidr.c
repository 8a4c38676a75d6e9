/* SPDX-License-Identifier: Apache-2.0 */
#include "network/cidr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

static int parse_address(const char *text, struct cidr *ret, struct error *err)
{
	struct cidr cidr = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	if (inet_pton(cidr.family, text, cidr.bytes) != 1)
		return err_set(err, ERR_INVALID, "\"%s\" is no IP address", text);
	cidr.prefix = cidr_bits(&cidr);
	*ret = cidr;
	return 0;
}

int cidr_parse_address(const char *text, struct cidr *ret, struct error *err)
{
	return parse_address(text, ret, err);
}

int cidr_parse(const char *text, struct cidr *ret, struct error *err)
{
	char address[CIDR_TEXT_MAX];
	struct cidr cidr;
	uint64_t prefix;
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	if (len >= sizeof address)
		return err_set(err, ERR_INVALID, "invalid CIDR address: %s", text);
	memcpy(address, text, len);
	address[len] = '\0';
	if (parse_address(address, &cidr, NULL) < 0)
		return err_set(err, ERR_INVALID, "invalid CIDR address: %s", text);
	if (slash) {
		if (parse_u64(slash + 1, cidr_bits(&cidr), &prefix, NULL) < 0)
			return err_set(err, ERR_INVALID, "invalid CIDR address: %s", text);
		cidr.prefix = (unsigned)prefix;
	}
	*ret = cidr;
	return 0;
}

const char *cidr_address_text(const struct cidr *cidr, char buf[CIDR_TEXT_MAX])
{
	if (cidr->family == 0 || !inet_ntop(cidr->family, cidr->bytes, buf, CIDR_TEXT_MAX))
		buf[0] = '\0';
	return buf;
}

const char *cidr_text(const struct cidr *cidr, char buf[CIDR_TEXT_MAX])
{
	cidr_address_text(cidr, buf);
	if (cidr->family != 0) {
		size_t len = strlen(buf);
		snprintf(buf + len, CIDR_TEXT_MAX - len, "/%u", cidr->prefix);
	}
	return buf;
}

bool cidr_same_address(const struct cidr *a, const struct cidr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, cidr_length(a)) == 0;
}

bool cidr_is_any(const struct cidr *address)
{
	static const uint8_t zeroes[sizeof address->bytes];
	return address->family == 0 || memcmp(address->bytes, zeroes, cidr_length(address)) == 0;
}

/* The bits of byte @i that belong to the network. */
static uint8_t network_mask(const struct cidr *cidr, size_t i)
{
	if (cidr->prefix >= 8 * (i + 1))
		return 0xff;
	return cidr->prefix <= 8 * i ? 0 : (uint8_t)(0xff << (8 - cidr->prefix % 8));
}

struct cidr cidr_network(const struct cidr *cidr)
{
	struct cidr network = *cidr;
	for (size_t i = 0; i < cidr_length(cidr); i++)
		network.bytes[i] &= network_mask(cidr, i);
	return network;
}

struct cidr cidr_last(const struct cidr *cidr)
{
	struct cidr last = *cidr;
	for (size_t i = 0; i < cidr_length(cidr); i++)
		last.bytes[i] |= (uint8_t)~network_mask(cidr, i);
	return last;
}

bool cidr_contains(const struct cidr *subnet, const struct cidr *address)
{
	if (subnet->family != address->family)
		return false;
	for (size_t i = 0; i < cidr_length(subnet); i++)
		if ((subnet->bytes[i] ^ address->bytes[i]) & network_mask(subnet, i))
			return false;
	return true;
}

bool cidr_overlaps(const struct cidr *a, const struct cidr *b)
{
	return a->prefix <= b->prefix ? cidr_contains(a, b) : cidr_contains(b, a);
}

bool cidr_advance(struct cidr *cidr, uint64_t count)
{
	struct cidr next = *cidr;
	for (size_t i = cidr_length(cidr); i-- > 0 && count > 0;) {
		count += next.bytes[i];
		next.bytes[i] = (uint8_t)count;
		count >>= 8;
	}
	if (count > 0)
		return false;
	*cidr = next;
	return true;
}

int cidr_compare(const struct cidr *a, const struct cidr *b)
{
	return a->family != b->family ? (int)a->family - (int)b->family : memcmp(a->bytes, b->bytes, cidr_length(a));
}
