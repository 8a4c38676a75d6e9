/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-counters.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/live.h"
#include "engine/network-filter.h"
#include "engine/network-own.h"
#include "engine/network-row.h"
#include "engine/record.h"
#include "network/firewall-look.h"
#include "network/netns-work.h"
#include "network/trace.h"
#include "observe/interfaces.h"
#include "observe/protocols.h"

enum { TABLE_MAX = 4 << 20 };

void network_counters_done(struct network_counters *counters)
{
	for (size_t i = 0; i < counters->count; i++) {
		free(counters->list[i].where);
		free(counters->list[i].source);
	}
	free(counters->list);
	*counters = (struct network_counters){ 0 };
}

bool network_counter_is_noted(const struct network_counter *counter)
{
	bool full = counter->limit > 0 && counter->value >= counter->limit - counter->limit / 5;
	return full || (counter->kind == COUNTER_LOSS && counter->value > 0);
}

struct look {
	struct engine *engine;
	struct db *db;
	const struct container_row *row;
	const struct endpoint_list *endpoints;
	pid_t pid;
	int netns;
	struct network_counters *counters;
};

/* @source is taken over. */
static struct network_counter *add(struct look *look, const char *where, const char *name, enum counter_kind kind,
				   uint64_t value, char *source)
{
	struct network_counter *counter = ARRAY_APPEND(look->counters->list, look->counters->count);
	*counter = (struct network_counter){
		.where = mem_strdup(where),
		.name = name,
		.kind = kind,
		.value = value,
		.source = source,
	};
	return counter;
}

/* --- links --- */

static void add_interface(struct look *look, const struct interface *one, const char *where, const char *source)
{
	const struct interface_direction *in = &one->received, *out = &one->sent;
	add(look, where, "received bytes", COUNTER_AMOUNT, in->bytes, mem_strdup(source));
	add(look, where, "received packets", COUNTER_AMOUNT, in->packets, mem_strdup(source));
	add(look, where, "received errors", COUNTER_LOSS, in->errors, mem_strdup(source));
	add(look, where, "received dropped", COUNTER_LOSS, in->dropped, mem_strdup(source));
	add(look, where, "sent bytes", COUNTER_AMOUNT, out->bytes, mem_strdup(source));
	add(look, where, "sent packets", COUNTER_AMOUNT, out->packets, mem_strdup(source));
	add(look, where, "sent errors", COUNTER_LOSS, out->errors, mem_strdup(source));
	add(look, where, "sent dropped", COUNTER_LOSS, out->dropped, mem_strdup(source));
}

static int look_inside(struct look *look, struct error *err)
{
	_cleanup_interfaces_ struct interfaces interfaces = { 0 };
	_cleanup_free_ char *source = mem_printf("/proc/%d/net/dev", (int)look->pid);
	int r = interfaces_read(look->pid, &interfaces, err);
	for (size_t i = 0; r >= 0 && i < interfaces.count; i++)
		add_interface(look, &interfaces.list[i], interfaces.list[i].name, source);
	return r;
}

static const struct endpoint *find_link(const struct endpoint_list *endpoints, const char *link)
{
	for (size_t i = 0; i < endpoints->count; i++)
		if (streq(endpoints->items[i].link, link))
			return &endpoints->items[i];
	return NULL;
}

/* What the host sends there is what the container receives; what is lost on the way is counted here only. */
static int look_at_links(struct look *look, struct error *err)
{
	_cleanup_interfaces_ struct interfaces interfaces = { 0 };
	int r = interfaces_read(getpid(), &interfaces, err);
	for (size_t i = 0; r >= 0 && i < interfaces.count; i++) {
		const struct endpoint *endpoint = find_link(look->endpoints, interfaces.list[i].name);
		_cleanup_free_ char *where = endpoint ? mem_printf("%s (%s)", endpoint->link, endpoint->interface)
						      : NULL;
		if (where)
			add_interface(look, &interfaces.list[i], where, "/proc/net/dev on this host");
	}
	return r;
}

/* --- protocols --- */

static const struct known {
	const char *file, *protocol, *counter;
	const char *where, *name;
	enum counter_kind kind;
} KNOWN[] = {
	{ "snmp", "Ip", "InDiscards", "ip", "received and discarded", COUNTER_LOSS },
	{ "snmp", "Ip", "OutDiscards", "ip", "discarded instead of sent", COUNTER_LOSS },
	{ "snmp", "Ip", "OutNoRoutes", "ip", "without a route", COUNTER_LOSS },
	{ "snmp", "Ip", "ReasmFails", "ip", "not put together again", COUNTER_LOSS },
	{ "snmp", "Ip", "FragFails", "ip", "too large to be sent on", COUNTER_LOSS },
	{ "snmp", "Tcp", "CurrEstab", "tcp", "connections", COUNTER_AMOUNT },
	{ "snmp", "Tcp", "InSegs", "tcp", "received segments", COUNTER_AMOUNT },
	{ "snmp", "Tcp", "OutSegs", "tcp", "sent segments", COUNTER_AMOUNT },
	{ "snmp", "Tcp", "RetransSegs", "tcp", "segments sent again", COUNTER_LOSS },
	{ "snmp", "Tcp", "AttemptFails", "tcp", "attempts that failed", COUNTER_LOSS },
	{ "snmp", "Tcp", "InErrs", "tcp", "received errors", COUNTER_LOSS },
	{ "netstat", "TcpExt", "ListenOverflows", "tcp", "connections for which a listener had no room", COUNTER_LOSS },
	{ "netstat", "TcpExt", "ListenDrops", "tcp", "connections that a listener did not get", COUNTER_LOSS },
	{ "netstat", "TcpExt", "TCPTimeouts", "tcp", "timeouts", COUNTER_LOSS },
	{ "netstat", "TcpExt", "TCPBacklogDrop", "tcp", "segments for which a socket had no room", COUNTER_LOSS },
	{ "snmp", "Udp", "InDatagrams", "udp", "received datagrams", COUNTER_AMOUNT },
	{ "snmp", "Udp", "OutDatagrams", "udp", "sent datagrams", COUNTER_AMOUNT },
	{ "snmp", "Udp", "NoPorts", "udp", "datagrams for which nobody listened", COUNTER_LOSS },
	{ "snmp", "Udp", "RcvbufErrors", "udp", "datagrams for which a socket had no room", COUNTER_LOSS },
	{ "snmp", "Udp", "SndbufErrors", "udp", "datagrams that found no room to be sent", COUNTER_LOSS },
	{ "sockstat", "TCP", "inuse", "sockets", "tcp", COUNTER_AMOUNT },
	{ "sockstat", "TCP", "orphan", "sockets", "tcp, which nobody has open", COUNTER_AMOUNT },
	{ "sockstat", "TCP", "tw", "sockets", "tcp, in TIME_WAIT", COUNTER_AMOUNT },
	{ "sockstat", "UDP", "inuse", "sockets", "udp", COUNTER_AMOUNT },
};

/* A table of the container's namespace; NULL: this kernel has none. free() it. */
static char *read_table(const struct look *look, const char *file)
{
	_cleanup_free_ char *path = mem_printf("/proc/%d/net/%s", (int)look->pid, file);
	char *text = NULL;
	return file_read(AT_FDCWD, path, TABLE_MAX, &text, NULL, NULL) < 0 ? NULL : text;
}

static void look_at_protocols(struct look *look)
{
	_cleanup_free_ char *text = NULL;
	const char *last = "";
	for (const struct known *known = KNOWN; known < KNOWN + ARRAY_SIZE(KNOWN); known++) {
		uint64_t value;
		if (!streq(known->file, last)) {
			free(text);
			text = read_table(look, known->file);
			last = known->file;
		}
		bool is_there = text && (streq(known->file, "sockstat")
						 ? socket_counter(text, known->protocol, known->counter, &value)
						 : protocol_counter(text, known->protocol, known->counter, &value));
		if (is_there)
			add(look, known->where, known->name, known->kind, value,
			    mem_printf("/proc/%d/net/%s %s %s", (int)look->pid, known->file, known->protocol,
				       known->counter));
	}
}

static int look_at_listeners(struct look *look, struct error *err)
{
	_cleanup_free_ struct trace_backlog *backlogs = NULL;
	size_t count = 0;
	int r = trace_backlogs(look->netns, &backlogs, &count, err);
	for (size_t i = 0; i < count; i++) {
		char text[CIDR_TEXT_MAX];
		bool v6 = backlogs[i].address.family == AF_INET6;
		_cleanup_free_ char *where = mem_printf(v6 ? "listener [%s]:%u" : "listener %s:%u",
							cidr_address_text(&backlogs[i].address, text),
							backlogs[i].port);
		add(look, where, "connections that wait", COUNTER_AMOUNT, backlogs[i].waiting,
		    mem_printf("sock_diag in %s", look->row->name))
			->limit = backlogs[i].room;
	}
	return r;
}

/* --- connection tracking, and rules that drop --- */

static bool read_number(const char *path, uint64_t *ret)
{
	char line[24];
	return file_read_line(AT_FDCWD, path, line, sizeof line) > 0 && parse_u64(line, UINT64_MAX, ret, NULL) >= 0;
}

#define CONNTRACK "/proc/sys/net/netfilter/nf_conntrack_"
#define STATISTICS "/proc/thread-self/net/stat/nf_conntrack"

/* Where packets are sent on and translated: on this host, or where a user's bridges are. */
static void look_at_conntrack(struct look *look)
{
	static const struct {
		const char *column, *name;
	} columns[] = {
		{ "drop", "packets dropped, for it was full or they made no sense" },
		{ "early_drop", "entries dropped to make room" },
		{ "insert_failed", "entries that were there already" },
	};
	uint64_t value, limit;
	_cleanup_free_ char *text = NULL;
	if (read_number(CONNTRACK "count", &value) && read_number(CONNTRACK "max", &limit))
		add(look, "conntrack", "entries", COUNTER_AMOUNT, value, mem_strdup(CONNTRACK "count on this host"))
			->limit = limit;
	if (file_read(AT_FDCWD, STATISTICS, TABLE_MAX, &text, NULL, NULL) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (conntrack_counter(text, columns[i].column, &value))
			add(look, "conntrack", columns[i].name, COUNTER_LOSS, value,
			    mem_printf("/proc/net/stat/nf_conntrack %s on this host", columns[i].column));
}

enum { RULES_MAX = 3 };

/* The words of network/firewall-rules.c and network/policy-rules.c. They count for all containers. */
static const struct table {
	const char *family, *suffix;
	struct {
		const char *comment, *name;
	} rules[RULES_MAX];
} TABLES[] = {
	{ "inet",
	  "",
	  { { "into a network", "dropped, on the way into a network" },
	    { "from an internal network", "dropped, from an internal network" },
	    { "to an internal network", "dropped, to an internal network" } } },
	{ "inet",
	  "-policy",
	  { { "no policy allows this ingress", "dropped, for no policy allows this ingress" },
	    { "no policy allows this egress", "dropped, for no policy allows this egress" } } },
	{ "bridge",
	  "",
	  { { "an address that is another's", "dropped, with an address that is another's" },
	    { "no address of its own", "dropped, with no address of the sender's own" } } },
};

static void look_at_table(struct look *look, const struct table *table)
{
	char own[FIREWALL_TABLE_MAX];
	struct firewall_counter counters[RULES_MAX] = { 0 };
	size_t count = 0;
	for (; count < RULES_MAX && table->rules[count].comment; count++)
		counters[count].comment = table->rules[count].comment;
	filter_table_name(look->engine, own);
	_cleanup_free_ char *name = mem_printf("%s%s", own, table->suffix);
	if (firewall_read_counters(table->family, name, counters, count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (counters[i].is_there)
			add(look, "filter", table->rules[i].name, COUNTER_LOSS, counters[i].packets,
			    mem_printf("nftables table %s %s, for all containers", table->family, name));
}

/* --- all of it --- */

static int look_outside(void *argument, struct error *err)
{
	struct look *look = argument;
	int r = look_at_links(look, err);
	for (size_t i = 0; i < ARRAY_SIZE(TABLES); i++)
		look_at_table(look, &TABLES[i]);
	look_at_conntrack(look);
	return r;
}

static int look_around(struct look *look, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list endpoints = { 0 };
	int r = look_inside(look, err);
	if (r < 0)
		return r;
	look_at_protocols(look);
	r = look_at_listeners(look, err);
	if (r >= 0)
		r = endpoint_row_list(look->db, look->row->id, NULL, &endpoints, err);
	if (r < 0 || endpoints.count == 0)
		return r;
	look->endpoints = &endpoints;
	return network_own_work(look->engine, false, look_outside, look, err);
}

int engine_network_counters(struct engine *engine, const char *container, struct network_counters *ret,
			    struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_live_ struct live live = LIVE_NONE;
	_cleanup_network_counters_ struct network_counters counters = { 0 };
	struct look look = { .engine = engine, .row = &row, .counters = &counters };
	int r = engine_db(engine, &look.db, err);
	if (r >= 0)
		r = container_load_row(engine, container, &row, err);
	if (r >= 0)
		r = live_need(engine, &row, "count what goes to", &live, err);
	if (r < 0)
		return r;
	_cleanup_close_ int netns = live_open_netns(&live.status);
	if (netns < 0)
		return err_sys(err, -netns, "open the network namespace of container \"%s\"", row.name);
	look.pid = live.status.pid;
	look.netns = netns;
	r = look_around(&look, err);
	if (r < 0)
		return r;
	*ret = counters;
	counters = (struct network_counters){ 0 };
	return 0;
}
