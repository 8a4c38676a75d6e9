/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules, which are the same for all networks and ports; and nft(8), which reads them.
 *
 * A packet's way: what comes to an address of this host is looked up among the published ports and sent on to the
 * container. Towards a container goes what answers, what was published, what comes from its own network, and nothing
 * else but what is opened: ports of networks whose containers are reached by their own addresses, and those of networks
 * that want no protection. The host itself, whose packets are not forwarded, reaches all of them. What leaves a network for the world gets
 * the host's address.
 *
 * From the host itself, ::1 is left to who listens there, which is a relay for published ports: the kernel does not send a
 * packet from there over a link, whatever its addresses become.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "network/firewall.h"
#include "network/tool.h"

#define RULES                                                                                              \
	"set bridges { type ifname; }\n"                                                                   \
	"set internal { type ifname; }\n"                                                                  \
	"set same { type ifname . ifname; }\n" /* a network and itself */                                  \
	"set subnets4 { type ipv4_addr; flags interval; }\n"                                               \
	"set subnets6 { type ipv6_addr; flags interval; }\n"                                               \
	"set masquerade4 { type ipv4_addr; flags interval; }\n"                                            \
	"set masquerade6 { type ipv6_addr; flags interval; }\n"                                            \
	"set pinged4 { type ipv4_addr; flags interval; }\n"                                                \
	"set pinged6 { type ipv6_addr; flags interval; }\n"                                                \
	"set unprotected4 { type ipv4_addr; flags interval; }\n"                                           \
	"set unprotected6 { type ipv6_addr; flags interval; }\n"                                           \
	"set opened4 { type ipv4_addr . inet_proto . inet_service; }\n"                                    \
	"set opened6 { type ipv6_addr . inet_proto . inet_service; }\n"                                    \
	"map publish4 { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"                    \
	"map publish4_on { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }\n"     \
	"map publish6 { type inet_proto . inet_service : ipv6_addr . inet_service; }\n"                    \
	"map publish6_on { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }\n"     \
	"chain publish {\n"                                                                                \
	"	dnat ip to ip daddr . meta l4proto . th dport map @publish4_on\n"                                \
	"	dnat ip to meta l4proto . th dport map @publish4\n"                                              \
	"	dnat ip6 to ip6 daddr . meta l4proto . th dport map @publish6_on\n"                              \
	"	dnat ip6 to meta l4proto . th dport map @publish6\n"                                             \
	"}\n"                                                                                              \
	"chain guard {\n" /* 127/8 is routed on bridges for the host's sake, not for who is behind them */ \
	"	type filter hook prerouting priority raw; policy accept;\n"                                      \
	"	ip daddr 127.0.0.0/8 iifname @bridges drop\n"                                                    \
	"}\n"                                                                                              \
	"chain prerouting {\n"                                                                             \
	"	type nat hook prerouting priority dstnat; policy accept;\n"                                      \
	"	fib daddr type local jump publish\n"                                                             \
	"}\n"                                                                                              \
	"chain output {\n"                                                                                 \
	"	type nat hook output priority -100; policy accept;\n"                                            \
	"	ip6 daddr ::1 return\n"                                                                          \
	"	fib daddr type local jump publish\n"                                                             \
	"}\n"                                                                                              \
	"chain postrouting {\n"                                                                            \
	"	type nat hook postrouting priority srcnat; policy accept;\n"                                     \
	"	oifname != @bridges ip saddr @masquerade4 masquerade\n"                                          \
	"	oifname != @bridges ip6 saddr @masquerade6 masquerade\n" /* the way back must be ours: */  \
	"	oifname @bridges ct status dnat ip saddr 127.0.0.0/8 masquerade\n"                               \
	"	oifname @bridges ct status dnat ip saddr @subnets4 masquerade\n"                                 \
	"	oifname @bridges ct status dnat ip6 saddr @subnets6 masquerade\n"                                \
	"}\n"                                                                                              \
	"chain forward {\n"                                                                                \
	"	type filter hook forward priority filter; policy accept;\n"                                      \
	"	ct state established,related accept\n"                                                           \
	"	iifname . oifname @same accept\n"                                                                \
	"	iifname @internal counter drop comment \"from an internal network\"\n"                           \
	"	oifname @internal counter drop comment \"to an internal network\"\n"                             \
	"	ct status dnat accept\n"                                                                         \
	"	ip daddr . meta l4proto . th dport @opened4 accept\n"                                            \
	"	ip6 daddr . meta l4proto . th dport @opened6 accept\n"                                           \
	"	meta l4proto icmp ip daddr @pinged4 accept\n"                                                    \
	"	meta l4proto icmpv6 ip6 daddr @pinged6 accept\n"                                                 \
	"	iifname != @bridges ip daddr @unprotected4 accept\n"                                             \
	"	iifname != @bridges ip6 daddr @unprotected6 accept\n"                                            \
	"	oifname @bridges counter drop comment \"into a network\"\n"                                      \
	"}\n"

/*
 * Who is on a bridge is believed to be whom its packets say; so they may not say that they are somebody else's. Addresses
 * that nobody was given pass, or containers could not route, nor share an address among them; by strict links they do
 * not. "places" has what belongs to a link, "owned" all that belongs to somebody.
 *
 * For IPv6, addresses are compared as bytes: the source, and what a neighbour's advertisement is about (RFC 4861, 4.4),
 * look alike then. What is strict leaves a link's own addresses to what cannot do without (neighbour discovery, groups).
 *
 * A frame with a tag of VLAN 0 (IEEE 802.1Q, a priority alone) is taken by its receiver as one without, and yet passes the
 * bridge unseen by the family inet, where policies are. Other VLANs are between those who have joined them; not on
 * strict links.
 */
#define GUARD_SETS                                   \
	"set guarded { type ifname; }\n"             \
	"set strict { type ifname; }\n"              \
	"set owned4 { type ipv4_addr; }\n"           \
	"set owned6 { typeof @nh,64,128; }\n"        \
	"set places4 { type ifname . ipv4_addr; }\n" \
	"set places6 { typeof iifname . @nh,64,128; }\n"

#define GUARD_RULES                                                                             \
	"chain forged {\n"                                                                      \
	"	counter drop comment \"an address that is another's\"\n"                              \
	"}\n"                                                                                   \
	"chain strict {\n"                                                                      \
	"	arp saddr ip 0.0.0.0 accept\n"                                                        \
	"	ip6 saddr { ::, fe80::/10 } ip6 daddr ff00::/8 accept\n"                              \
	"	ip6 saddr fe80::/10 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n" \
	"	counter drop comment \"no address of its own\"\n"                                     \
	"}\n"                                                                                   \
	"chain tagged {\n"                                                                      \
	"	iifname != @guarded return\n"                                                         \
	"	@ll,116,12 0 counter drop comment \"a tag of no VLAN\"\n"                             \
	"	iifname @strict counter drop comment \"a VLAN\"\n"                                    \
	"}\n"                                                                                   \
	"chain guard {\n"                                                                       \
	"	type filter hook prerouting priority -300; policy accept;\n"                          \
	"	ether type { 0x8100, 0x88a8 } jump tagged\n"                                          \
	"	iifname . ip saddr @places4 accept\n"                                                 \
	"	iifname != @guarded accept\n"                                                         \
	"	iifname . arp saddr ip @places4 accept\n"                                             \
	"	icmpv6 type nd-router-advert counter drop comment \"no router\"\n"                    \
	"	icmpv6 type nd-neighbor-advert iifname . @th,64,128 @places6 accept\n"                \
	"	icmpv6 type nd-neighbor-advert @th,64,128 @owned6 goto forged\n"                      \
	"	meta protocol ip6 iifname . @nh,64,128 @places6 accept\n"                             \
	"	ip saddr @owned4 goto forged\n"                                                       \
	"	arp saddr ip @owned4 goto forged\n"                                                   \
	"	meta protocol ip6 @nh,64,128 @owned6 goto forged\n"                                   \
	"	iifname @strict jump strict\n"                                                        \
	"}\n"

#define NFT "nft"

int firewall_run_nft(const char *commands, const char *table, struct error *err)
{
	_cleanup_free_ char *what = mem_printf("make the packet filter's table \"%s\"", table);
	const char *path = tool_find(NFT);
	if (!path)
		return tool_missing(NFT, "nftables", what, err);
	_cleanup_close_ int input = tool_file(commands, err);
	_cleanup_close_ int complaints = input < 0 ? input : tool_file("", err);
	if (complaints < 0)
		return complaints;
	char *argv[] = { (char *)NFT, (char *)"-f", (char *)"-", NULL };
	const struct process_spawn spawn = { .path = path, .argv = argv, .stdio = { input, complaints, complaints } };
	int r = process_run(&spawn, err);
	return r > 0 ? tool_failed(NFT, what, complaints, err) : r;
}

/* "add" before "delete": what is not there can be deleted as well then, in the one transaction that a file is. */
#define AFRESH(family) "add table " family " %s\ndelete table " family " %s\n"

static int make_table(const char *table, bool guarded, struct error *err)
{
	_cleanup_str_ struct str commands = { 0 };
	str_appendf(&commands, AFRESH("inet") "table inet %s {\n%s" RULES "}\n", table, table, table,
		    guarded ? "" : "set unguarded { type ifname; }\n");
	if (guarded)
		str_appendf(&commands, AFRESH("bridge") "table bridge %s {\n" GUARD_SETS GUARD_RULES "}\n", table,
			    table, table);
	return firewall_run_nft(str_text(&commands), table, err);
}

int firewall_make_table(const char *table, struct error *err)
{
	struct error why = { 0 };
	if (make_table(table, true, &why) >= 0)
		return 0;
	int r = make_table(table, false, err);
	if (r >= 0)
		log_failure(LOG_LEVEL_WARN, "containers can send with each other's addresses", &why);
	return r;
}

/* Lines of a chain, but for the one that says where it hangs. */
static size_t count_rules(const char *rules)
{
	size_t count = 0;
	for (const char *line = rules; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		count += *line == '\t' && !str_starts_with(line, "\ttype ");
	}
	return count;
}

size_t firewall_guard_rule_count(void)
{
	return count_rules(GUARD_RULES);
}

size_t firewall_rule_count(void)
{
	return count_rules(RULES);
}

int firewall_remove_table(const char *table, struct error *err)
{
	_cleanup_free_ char *commands =
		firewall_is_unguarded(table) ? mem_printf(AFRESH("inet"), table, table)
					     : mem_printf(AFRESH("inet") AFRESH("bridge"), table, table, table, table);
	return firewall_run_nft(commands, table, err);
}
