/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-subnet.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/util.h"
#include "network/link.h"
#include "base/netlink.h"

/* --- subnets --- */

/* The name of the network of ours that has a part of @subnet; NULL: none. free() it. */
static int find_holder(struct db *db, const struct cidr *subnet, char **ret, struct error *err)
{
	struct network_record **records;
	size_t count;
	int r = network_row_list(db, &records, &count, err);
	if (r < 0)
		return r;
	*ret = NULL;
	for (size_t i = 0; i < count; i++) {
		const struct cidr *theirs = subnet->family == AF_INET6 ? &records[i]->subnet6 : &records[i]->subnet;
		if (!*ret && theirs->family && cidr_overlaps(theirs, subnet))
			*ret = mem_strdup(records[i]->name);
		network_record_free(records[i]);
	}
	free(records);
	return 0;
}

int subnet_check(struct db *db, const struct cidr *subnet, bool routes, struct error *err)
{
	char text[CIDR_TEXT_MAX];
	_cleanup_free_ char *holder = NULL;
	int r = find_holder(db, subnet, &holder, err);
	if (r < 0)
		return r;
	if (holder)
		return err_set(err, ERR_NET, "subnet %s overlaps that of the network \"%s\"", cidr_text(subnet, text),
			       holder);
	if (!routes)
		return 0;
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
	r = rtnl < 0 ? rtnl : route_overlaps(rtnl, subnet, err);
	if (r > 0)
		return err_set(err, ERR_NET, "subnet %s overlaps what this host routes already (ip route)",
			       cidr_text(subnet, text));
	return r;
}

/* Those that Docker takes, in its order: people have left them free. */
static bool candidate(unsigned i, struct cidr *ret)
{
	enum { FIRST = 17, LAST = 31, SMALL = 16 };
	*ret = (struct cidr){ .family = AF_INET, .bytes = { 172, (uint8_t)(FIRST + i) }, .prefix = 16 };
	if (i <= LAST - FIRST)
		return true;
	i -= LAST - FIRST + 1;
	*ret = (struct cidr){ .family = AF_INET, .bytes = { 192, 168, (uint8_t)(i * 16) }, .prefix = 20 };
	return i < SMALL;
}

int subnet_choose(struct db *db, struct cidr *ret, struct error *err)
{
	struct cidr subnet;
	for (unsigned i = 0; candidate(i, &subnet); i++) {
		int r = subnet_check(db, &subnet, true, NULL);
		if (r == -ERR_NET)
			continue;
		if (r < 0)
			return subnet_check(db, &subnet, true, err); /* once more, for its words */
		*ret = subnet;
		return 0;
	}
	err_set(err, ERR_NET, "find a subnet for the network: all that could be chosen are in use");
	return err_hint(err, "--subnet 10.89.0.0/16");
}

struct cidr subnet6_choose(void)
{
	struct cidr subnet = { .family = AF_INET6, .prefix = 64 };
	uint64_t random = random_u64();
	memcpy(subnet.bytes, &random, 6);
	subnet.bytes[0] = 0xfd;
	return subnet;
}

/* --- addresses --- */

/* How many addresses there are to give; more than that nobody counts. */
static uint64_t capacity(const struct cidr *range)
{
	unsigned bits = cidr_bits(range) - range->prefix;
	return UINT64_C(1) << MIN(bits, 32u);
}

/* The address in place @at of the range, as one of the subnet. */
static struct cidr address_at(const struct network_record *network, uint64_t at)
{
	struct cidr address = cidr_network(network->range.family ? &network->range : &network->subnet);
	address.prefix = network->subnet.prefix;
	(void)cidr_advance(&address, at);
	return address;
}

static bool is_auxiliary(const struct network_record *network, const struct cidr *address)
{
	struct cidr other;
	for (char *const *text = network->auxiliary; text && *text; text++) {
		const char *equals = strchr(*text, '=');
		if (equals && cidr_parse_address(equals + 1, &other, NULL) >= 0 && cidr_same_address(&other, address))
			return true;
	}
	return false;
}

/* Not the network's own, its broadcast, its gateway's, and somebody else's. */
static bool can_be_given(const struct network_record *network, const struct cidr *address)
{
	struct cidr first = cidr_network(&network->subnet), last = cidr_last(&network->subnet);
	return !cidr_same_address(address, &first) && !cidr_same_address(address, &last) &&
	       !cidr_same_address(address, &network->gateway) && !is_auxiliary(network, address);
}

/* In IPv6 the last one is as good as any other. */
static bool can_be_given6(const struct network_record *network, const struct cidr *address)
{
	struct cidr first = cidr_network(&network->subnet6);
	return !cidr_same_address(address, &first) && !cidr_same_address(address, &network->gateway6) &&
	       !is_auxiliary(network, address);
}

/* 1 or 0. */
static int is_taken6(struct db *db, const struct network_record *network, const struct cidr *address, struct error *err)
{
	char text[CIDR_TEXT_MAX];
	_cleanup_free_ char *holder = NULL;
	return db_get_text(db, "SELECT container FROM endpoints WHERE network = ?1 AND address6 = ?2",
			   DB_VALUES(DB_TEXT(network->name), DB_TEXT(cidr_text(address, text))), &holder, err);
}

/* The one of IPv6 has the same place in its range as the other one in its subnet, or the next one that is free. */
static int follow_v6(struct db *db, const struct network_record *network, struct endpoint *endpoint, struct error *err)
{
	const struct cidr *range = network->range6.family ? &network->range6 : &network->subnet6;
	struct cidr first = cidr_network(&network->subnet);
	uint32_t from, to;
	if (!network->subnet6.family || endpoint->address6.family)
		return 0;
	memcpy(&from, first.bytes, sizeof from);
	memcpy(&to, endpoint->address.bytes, sizeof to);
	for (uint64_t i = 0, place = ntohl(to) - ntohl(from), count = capacity(range); i < count; i++) {
		struct cidr address = cidr_network(range);
		(void)cidr_advance(&address, (place + i) % count);
		address.prefix = network->subnet6.prefix;
		int r = can_be_given6(network, &address) ? is_taken6(db, network, &address, err) : 1;
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		endpoint->address6 = address;
		return 0;
	}
	return err_set(err, ERR_ADDRESS, "no IPv6 address is left on the network \"%s\" (%s)", network->name,
		       cidr_text(range, (char[CIDR_TEXT_MAX]){ 0 }));
}

static int insert(struct db *db, const struct network_record *network, struct endpoint *endpoint, struct error *err)
{
	char mac[32];
	const uint8_t *bytes = endpoint->address.bytes;
	bool own_mac = endpoint->mac, own_v6 = endpoint->address6.family;
	int r = follow_v6(db, network, endpoint, err);
	if (r < 0)
		return r;
	/* Docker's: whoever gets the address again has the same MAC, so nobody's neighbour table is wrong. */
	snprintf(mac, sizeof mac, "02:42:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
	if (!own_mac)
		endpoint->mac = mem_strdup(mac);
	r = endpoint_row_insert(db, endpoint, err);
	if (r < 0 && !own_mac) {
		free(endpoint->mac);
		endpoint->mac = NULL;
	}
	if (r < 0 && !own_v6)
		endpoint->address6 = (struct cidr){ 0 };
	return r;
}

static int in_use(const struct network_record *network, const char *address, struct error *err)
{
	return err_set(err, ERR_ADDRESS, "address %s of the network \"%s\" is in use already", address, network->name);
}

static int reserve_given(struct db *db, const struct network_record *network, struct endpoint *endpoint,
			 struct error *err)
{
	char address[CIDR_TEXT_MAX], subnet[CIDR_TEXT_MAX];
	cidr_address_text(&endpoint->address, address);
	if (!cidr_contains(&network->subnet, &endpoint->address) || !can_be_given(network, &endpoint->address))
		return err_set(err, ERR_ADDRESS, "address %s is none that the network \"%s\" (%s) can give", address,
			       network->name, cidr_text(&network->subnet, subnet));
	endpoint->address.prefix = network->subnet.prefix;
	struct error why = { 0 };
	int r = insert(db, network, endpoint, &why);
	if (r == -ERR_EXISTS)
		return in_use(network, address, err);
	if (r < 0 && err)
		*err = why;
	return r;
}

static int remember_next(struct db *db, const char *name, uint64_t next, struct error *err)
{
	return db_run(db, "UPDATE networks SET next = ?2 WHERE name = ?1",
		      DB_VALUES(DB_TEXT(name), DB_NUMBER((int64_t)next)), err);
}

static int next_place(struct db *db, const char *name, uint64_t *ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "SELECT next FROM networks WHERE name = ?1", DB_VALUES(DB_TEXT(name)), &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r > 0)
		*ret = (uint64_t)db_number(&query, 0);
	return r;
}

/* One that was asked for: in the subnet, with its prefix. */
static int settle_given6(struct db *db, const struct network_record *network, struct endpoint *endpoint,
			 struct error *err)
{
	char address[CIDR_TEXT_MAX], subnet[CIDR_TEXT_MAX];
	struct cidr *given = &endpoint->address6;
	if (!given->family)
		return 0;
	cidr_address_text(given, address);
	if (!network->subnet6.family)
		return err_set(err, ERR_ADDRESS, "address %s: the network \"%s\" has no IPv6", address, network->name);
	if (!cidr_contains(&network->subnet6, given) || !can_be_given6(network, given))
		return err_set(err, ERR_ADDRESS, "address %s is none that the network \"%s\" (%s) can give", address,
			       network->name, cidr_text(&network->subnet6, subnet));
	given->prefix = network->subnet6.prefix;
	int r = is_taken6(db, network, given, err);
	return r > 0 ? in_use(network, address, err) : r;
}

/* The search goes on where the last one ended: an address that was given back rests for as long as it can. */
int address_reserve(struct db *db, const struct network_record *network, struct endpoint *endpoint, struct error *err)
{
	char text[CIDR_TEXT_MAX];
	uint64_t next = 0;
	int r = settle_given6(db, network, endpoint, err);
	if (r < 0)
		return r;
	if (endpoint->address.family)
		return reserve_given(db, network, endpoint, err);
	const struct cidr *range = network->range.family ? &network->range : &network->subnet;
	r = next_place(db, network->name, &next, err);
	for (uint64_t i = 0, count = capacity(range); r >= 0 && i < count; i++) {
		struct error why = { 0 };
		endpoint->address = address_at(network, (next + i) % count);
		if (!can_be_given(network, &endpoint->address))
			continue;
		r = insert(db, network, endpoint, &why);
		if (r >= 0)
			return remember_next(db, network->name, (next + i + 1) % count, err);
		if (r != -ERR_EXISTS) {
			if (err)
				*err = why;
			return r;
		}
		r = 0;
	}
	if (r < 0)
		return r;
	return err_set(err, ERR_ADDRESS, "no address is left on the network \"%s\" (%s)", network->name,
		       cidr_text(range, text));
}
