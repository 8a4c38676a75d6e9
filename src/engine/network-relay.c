/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "network/netns-work.h"
#include "network/relay.h"

static char *directory_of(const struct engine *engine, const char *id)
{
	return mem_printf("%s/containers/%s", engine->runroot, id);
}

/* --- what it shall do --- */

static struct relay_rule rule_of(const struct published *published)
{
	const struct port *port = &published->port;
	struct relay_rule rule = {
		.protocol = port->protocol,
		.host = port->host,
		.host_port = port->host_port,
		.target = published->address,
		.target_port = port->container_port,
	};
	if (!rule.host.family) /* each address of the target's family */
		rule.host = (struct cidr){ .family = rule.target.family };
	return rule;
}

int relay_make_rules(const struct published_list *ports, char ***ret, struct error *err)
{
	_cleanup_strv_ char **rules = NULL;
	for (size_t i = 0; i < ports->count; i++) {
		const struct relay_rule rule = rule_of(&ports->items[i]);
		if (rule.protocol != IPPROTO_TCP && rule.protocol != IPPROTO_UDP)
			return err_set(err, ERR_UNSUPPORTED,
				       "port %u/%s: only tcp and udp can be published without root", rule.host_port,
				       port_protocol_name(rule.protocol));
		strv_take(&rules, relay_rule_text(&rule));
	}
	*ret = TAKE_PTR(rules);
	return 0;
}

/* --- outside, where the host's ports are --- */

static int start(void *argument, struct error *err)
{
	return relay_start(argument, err);
}

int relay_open(struct engine *engine, const struct published_list *ports, struct error *err)
{
	_cleanup_strv_ char **rules = NULL;
	if (!netns_work_is_inside() || !ports || ports->count == 0)
		return 0;
	int r = relay_make_rules(ports, &rules, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *directory = directory_of(engine, ports->items[0].container);
	_cleanup_free_ char *program = process_helper_path(MONITOR_PROGRAM);
	_cleanup_close_ int netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct relay relay = { .directory = directory, .program = program, .netns = netns, .rules = rules };
	if (netns < 0)
		return err_sys(err, errno, "open our network namespace");
	relay_stop(directory);
	return netns_work_outside(start, &relay, err);
}

void relay_close(struct engine *engine, const struct published_list *ports)
{
	const char *last = NULL;
	for (size_t i = 0; netns_work_is_inside() && ports && i < ports->count; i++) {
		_cleanup_free_ char *directory = directory_of(engine, ports->items[i].container);
		if (!streq_null(last, ports->items[i].container))
			relay_stop(directory);
		last = ports->items[i].container;
	}
}

static int repair(struct engine *engine, struct db *db, const char *id, struct error *err)
{
	_cleanup_free_ char *directory = directory_of(engine, id);
	_cleanup_published_list_ struct published_list ports = { 0 };
	if (relay_is_running(directory))
		return 0;
	int r = published_row_list(db, id, &ports, err);
	return r < 0 ? r : relay_open(engine, &ports, err);
}

int relay_repair(struct engine *engine, struct error *err)
{
	_cleanup_published_list_ struct published_list all = { 0 };
	const char *last = NULL;
	struct db *db;
	int r = netns_work_is_inside() ? engine_db(engine, &db, err) : 0;
	if (r >= 0 && netns_work_is_inside())
		r = published_row_list(db, NULL, &all, err);
	for (size_t i = 0; r >= 0 && i < all.count; i++) {
		if (!streq_null(last, all.items[i].container))
			r = repair(engine, db, all.items[i].container, err);
		last = all.items[i].container;
	}
	return r;
}
