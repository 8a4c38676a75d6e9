/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-way.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "engine/network-relay.h"
#include "monitor/protocol.h"
#include "network/pasta.h"
#include "network/relay.h"
#include "network/slirp.h"
#include "network/tool.h"

/* --- which one --- */

/* The first that is there. */
static const char *choose(const char *way)
{
	return way ? way : !tool_find(PASTA) && tool_find(SLIRP) ? SLIRP : PASTA;
}

static bool is_slirp(const char *way)
{
	return streq(way, SLIRP) || str_starts_with(way, SLIRP ":");
}

/* What stands behind the colon, or NULL. */
static const char *options_of(const char *way)
{
	const char *colon = strchr(way, ':');
	return colon ? colon + 1 : NULL;
}

int way_out_check(const char *way, struct error *err)
{
	if (is_slirp(way))
		return slirp_check_options(options_of(way), err);
	return streq(way, PASTA) ? 0 : err_set(err, ERR_INVALID, "network %s: coffer has no options of it", way);
}

const char *way_out_resolver(const char *way)
{
	return is_slirp(choose(way)) ? SLIRP_RESOLVER : NULL;
}

/* --- pasta --- */

/* For each of the host's addresses of one family or both, there is a row; pasta listens on both by one word. */
static bool is_repeated(const struct published_list *ports, size_t i)
{
	const struct port *port = &ports->items[i].port, *last = i > 0 ? &ports->items[i - 1].port : NULL;
	return last && !port->host.family && !last->host.family && last->host_port == port->host_port &&
	       last->container_port == port->container_port && last->protocol == port->protocol;
}

static char *port_word(const struct port *port)
{
	char address[CIDR_TEXT_MAX];
	if (!port->host.family)
		return mem_printf("%u:%u", port->host_port, port->container_port);
	return mem_printf("%s/%u:%u", cidr_address_text(&port->host, address), port->host_port, port->container_port);
}

static int add_words(const struct published_list *ports, char ***tcp, char ***udp, struct error *err)
{
	for (size_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->items[i].port;
		if (port->protocol != IPPROTO_TCP && port->protocol != IPPROTO_UDP)
			return err_set(err, ERR_UNSUPPORTED,
				       "port %u/%s: only tcp and udp can be published without root", port->host_port,
				       port_protocol_name(port->protocol));
		if (!is_repeated(ports, i))
			strv_take(port->protocol == IPPROTO_UDP ? udp : tcp, port_word(port));
	}
	return 0;
}

static int start_pasta(const char *directory, int netns, const struct published_list *ports, struct error *err)
{
	_cleanup_strv_ char **tcp = NULL, **udp = NULL;
	int r = add_words(ports, &tcp, &udp, err);
	const struct pasta pasta = { .directory = directory, .netns = netns, .tcp = tcp, .udp = udp };
	return r < 0 ? r : pasta_start(&pasta, err);
}

/* --- slirp4netns --- */

/* It ends with the relay, which is there for that also where no port is published. */
static int start_slirp(const char *directory, int netns, const struct published_list *ports, const char *options,
		       struct error *err)
{
	_cleanup_strv_ char **rules = NULL;
	_cleanup_free_ char *program = process_helper_path(MONITOR_PROGRAM);
	const struct slirp slirp = { .netns = netns, .options = options };
	int r = relay_make_rules(ports, &rules, err);
	_cleanup_close_ int until = r < 0 ? r : slirp_start(&slirp, err);
	if (until < 0)
		return until;
	const struct relay relay = {
		.directory = directory,
		.program = program,
		.netns = netns,
		.rules = rules,
		.keep = &until,
	};
	return relay_start(&relay, err);
}

/* --- either --- */

static int start(const char *directory, int netns, const char *way, const struct published_list *ports,
		 struct error *err)
{
	return is_slirp(way) ? start_slirp(directory, netns, ports, options_of(way), err)
			     : start_pasta(directory, netns, ports, err);
}

/* pasta takes the host's addresses, and fails where there are none: on a machine that is connected to nothing. */
int way_out_start(const char *directory, int netns, const char *way, const struct published_list *ports,
		  struct error *err)
{
	struct error why = { 0 };
	const char *chosen = choose(way);
	int r = start(directory, netns, chosen, ports, &why);
	if (r == -ERR_SYSTEM && !way && !is_slirp(chosen) && tool_find(SLIRP) &&
	    start(directory, netns, SLIRP, ports, NULL) >= 0) {
		log_debug("network: %s leads out, since there is no other way: %s", SLIRP, why.message);
		return 0;
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

bool way_out_is_running(const char *directory)
{
	return pasta_is_running(directory) || relay_is_running(directory);
}

void way_out_stop(const char *directory)
{
	pasta_stop(directory);
	relay_stop(directory);
}
