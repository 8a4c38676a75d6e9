/* SPDX-License-Identifier: Apache-2.0 */
#include "network/firewall-look.h"

#include "base/json.h"
#include "base/str.h"
#include "base/util.h"
#include "network/tool.h"

enum { RULES_MAX = 16 << 20 }; /* bytes of nft's text */

/* --- counters --- */

static int read_table(const char *family, const char *table, struct json_document *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	const char *const argv[] = { "nft", "-j", "list", "table", family, table, NULL };
	size_t len;
	int r = tool_output("nftables", (char *const *)argv, "read the packet filter's rules", RULES_MAX, &text, &len,
			    err);
	return r < 0 ? r : json_parse(text, len, "nft", ERR_SYSTEM, ret, err);
}

/* Of one rule; what is not there counts nothing. */
static uint64_t packets_of(const struct json_node *rule)
{
	struct json_node parts, counter;
	uint64_t packets = 0;
	if (json_get_array(rule, "expr", &parts, NULL) <= 0)
		return 0;
	for (size_t i = 0; i < json_array_length(&parts); i++) {
		struct json_node part = json_array_at(&parts, i);
		if (json_get_object(&part, "counter", &counter, NULL) > 0)
			(void)json_get_u64(&counter, "packets", UINT64_MAX, &packets, NULL);
	}
	return packets;
}

static void take_rule(const struct json_node *item, struct firewall_counter *counters, size_t count)
{
	struct json_node rule;
	const char *comment;
	if (json_get_object(item, "rule", &rule, NULL) <= 0 || json_get_string(&rule, "comment", &comment, NULL) <= 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (!streq(counters[i].comment, comment))
			continue;
		counters[i].is_there = true;
		counters[i].packets += packets_of(&rule);
	}
}

int firewall_read_counters(const char *family, const char *table, struct firewall_counter *counters, size_t count,
			   struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node root, items;
	int r = read_table(family, table, &document, err);
	if (r < 0)
		return r;
	root = json_root(&document);
	r = json_need_array(&root, "nftables", &items, err);
	for (size_t i = 0; r >= 0 && i < json_array_length(&items); i++) {
		struct json_node item = json_array_at(&items, i);
		take_rule(&item, counters, count);
	}
	return r < 0 ? r : 0;
}

int firewall_count(const char *family, const char *table, const char *comment, uint64_t *ret, struct error *err)
{
	struct firewall_counter counter = { .comment = comment };
	int r = firewall_read_counters(family, table, &counter, 1, err);
	if (r < 0)
		return r;
	if (!counter.is_there)
		return err_set(err, ERR_NOT_FOUND, "no rule of \"%s\" says \"%s\"", table, comment);
	*ret = counter.packets;
	return 0;
}
