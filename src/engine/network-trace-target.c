/* SPDX-License-Identifier: Apache-2.0 */
/* To whom: by which address a container reaches somebody, and who that is. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/network-inspect.h"
#include "engine/network-trace-walk.h"
#include "network/dns-query.h"
#include "network/files.h"

/* --- whose an address is --- */

static bool has_address(const struct endpoint *endpoint, const struct cidr *address)
{
	return cidr_same_address(&endpoint->address, address) || cidr_same_address(&endpoint->address6, address);
}

/* On one network. Takes @network over, if it is there. */
static int find_on(struct db *db, struct network_record *network, const struct cidr *address, struct place *ret,
		   struct error *err)
{
	_cleanup_network_ struct network_record *own = network;
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	int r = endpoint_row_list(db, NULL, network->name, &list, err);
	for (size_t i = 0; r >= 0 && i < list.count; i++) {
		if (!has_address(&list.items[i], address))
			continue;
		*ret = (struct place){ .network = TAKE_PTR(own), .list = list, .endpoint = &list.items[i] };
		list = (struct endpoint_list){ 0 };
		r = db_get_text(db, "SELECT name FROM containers WHERE id = ?1",
				DB_VALUES(DB_TEXT(ret->endpoint->container)), &ret->name, err);
		return r < 0 ? r : 1;
	}
	return r < 0 ? r : 0;
}

int place_find(struct db *db, const struct cidr *address, struct place *ret, struct error *err)
{
	struct network_record **networks;
	size_t count;
	int r = network_row_list(db, &networks, &count, err), found = 0;
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (r >= 0 && !found)
			r = found = find_on(db, networks[i], address, ret, err);
		else
			network_record_free(networks[i]);
	}
	free(networks);
	return r < 0 ? r : found;
}

/* --- names --- */

/* The words of the first line of @text whose first word is @first, or that has @other among the rest. 1 or 0. */
static int find_line(const char *text, const char *first, const char *other, char **ret)
{
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; line && *line; line++) {
		char *rest = *line, *begin = strtok_r(rest, " \t", &rest);
		char *word = begin && *begin != '#' ? strtok_r(NULL, " \t", &rest) : NULL;
		bool found = word && first && streq(begin, first);
		for (char *each = word; each && other && !found; each = strtok_r(NULL, " \t", &rest))
			found = streq(each, other);
		if (!found)
			continue;
		*ret = mem_strdup(first ? word : begin);
		return 1;
	}
	return 0;
}

/* What a file that the container has of us says. 1 and the address, or 0. */
static int read_address(struct walk *walk, const char *file, const char *first, const char *other, struct cidr *ret)
{
	_cleanup_free_ char *text = NULL, *address = NULL;
	size_t len;
	return file_read(walk->dir, file, NETWORK_FILE_MAX, &text, &len, NULL) >= 0 &&
	       find_line(text, first, other, &address) && cidr_parse_address(address, ret, NULL) >= 0;
}

static const struct cidr *choose_answer(const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		if (answer->addresses[i].family == AF_INET)
			return &answer->addresses[i];
	return answer->count > 0 ? &answer->addresses[0] : NULL;
}

static char *name_server_source(const struct walk *walk, const struct cidr *server)
{
	char text[CIDR_TEXT_MAX];
	return mem_printf("asked %s from inside of %s", cidr_address_text(server, text), walk->from);
}

/* 1 if the name server has said an address. */
static int ask_name_server(struct walk *walk)
{
	struct cidr server;
	struct dns_answer answer = { 0 };
	struct error why = { 0 };
	char text[CIDR_TEXT_MAX];
	if (!read_address(walk, "resolv.conf", "nameserver", NULL, &server)) {
		walk_add(walk, "name", TRACE_NOTE, mem_printf("/etc/resolv.conf in %s", walk->from), "no name server");
		return 0;
	}
	if (dns_ask(walk->netns, &server, walk->host, &answer, &why) < 0) {
		walk_add(walk, "name", TRACE_NOTE, name_server_source(walk, &server), "%s", why.message);
		return 0;
	}
	const struct cidr *address = choose_answer(&answer);
	if (!address) {
		walk_add(walk, "name", TRACE_NOTE, name_server_source(walk, &server), "no address for \"%s\"%s",
			 walk->host, answer.code == 3 ? ": there is no such name" : "");
		return 0;
	}
	walk->address = *address;
	walk_add(walk, "name", TRACE_OK, name_server_source(walk, &server), "%s is %s", walk->host,
		 cidr_address_text(address, text));
	return 1;
}

static int in_hosts_file(struct walk *walk)
{
	char text[CIDR_TEXT_MAX];
	if (!read_address(walk, "hosts", NULL, walk->host, &walk->address))
		return 0;
	walk_add(walk, "name", TRACE_OK, mem_printf("/etc/hosts in %s", walk->from), "%s is %s", walk->host,
		 cidr_address_text(&walk->address, text));
	return 1;
}

/* One of its addresses: on a network that both are on, if there is one. */
static int choose_endpoint(struct walk *walk, const char *id, struct cidr *ret, char **ret_network, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list theirs = { 0 };
	int r = endpoint_row_list(walk->db, id, NULL, &theirs, err), best = -1;
	for (size_t i = 0; r >= 0 && i < theirs.count; i++) {
		struct trace_route route;
		const struct endpoint *endpoint = &theirs.items[i];
		const struct cidr *address = endpoint->address.family ? &endpoint->address : &endpoint->address6;
		bool near = trace_route(walk->rtnl, address, &route, NULL) >= 0 && !route.gateway.family;
		if (best < 0 || near)
			best = (int)i;
	}
	if (r < 0 || best < 0)
		return r;
	const struct endpoint *endpoint = &theirs.items[best];
	*ret = endpoint->address.family ? endpoint->address : endpoint->address6;
	*ret_network = mem_strdup(endpoint->network);
	return 1;
}

/* A container that nobody in there knows by name has an address all the same. */
static int find_container(struct walk *walk, struct error *err)
{
	_cleanup_free_ char *network = NULL;
	char id[ID_HEX_LENGTH + 1], text[CIDR_TEXT_MAX];
	if (container_row_find(walk->db, walk->host, id, NULL) < 0)
		return 0;
	int r = choose_endpoint(walk, id, &walk->address, &network, err);
	if (r < 0)
		return r;
	if (r == 0) {
		walk_fail(walk, "container %s is on no network, or does not run", walk->host);
		return 0;
	}
	walk->address.prefix = cidr_bits(&walk->address);
	walk_add(walk, "name", TRACE_NOTE, mem_strdup("the engine's database"),
		 "%s is not known by that name in %s; its address on the network \"%s\" is %s", walk->host, walk->from,
		 network, cidr_address_text(&walk->address, text));
	walk->by_address = true;
	return 1;
}

int trace_target(struct walk *walk, struct error *err)
{
	if (cidr_parse_address(walk->host, &walk->address, NULL) >= 0)
		return 0;
	if (in_hosts_file(walk) || ask_name_server(walk))
		return 0;
	int r = find_container(walk, err);
	if (r == 0)
		walk_fail(walk, "%s does not know the name \"%s\"", walk->from, walk->host);
	return r;
}

/* --- published ports --- */

static bool is_published_at(const struct published *published, const struct walk *walk)
{
	const struct port *port = &published->port;
	return port->protocol == walk->protocol && port->host_port == walk->port &&
	       published->address.family == walk->address.family &&
	       (cidr_is_any(&port->host) || cidr_same_address(&port->host, &walk->address));
}

static void lead_to(struct walk *walk, const struct published *published)
{
	char host[CIDR_TEXT_MAX], container[CIDR_TEXT_MAX];
	bool v6 = published->address.family == AF_INET6;
	walk->published = true;
	walk->to_host = false;
	walk->target = published->address;
	walk->target_port = published->port.container_port;
	walk_add(walk, "published", TRACE_OK, mem_strdup("the engine's database, and the packet filter's maps"),
		 v6 ? "[%s]:%u leads to [%s]:%u" : "%s:%u leads to %s:%u", cidr_address_text(&walk->address, host),
		 walk->port, cidr_address_text(&walk->target, container), walk->target_port);
}

/* What is this host's may lead to a container. */
int trace_publication(struct walk *walk, struct error *err)
{
	_cleanup_published_list_ struct published_list ports = { 0 };
	struct trace_route route;
	walk->target = walk->address;
	walk->to_host = !walk->route.is_local && trace_route(walk->host_rtnl, &walk->address, &route, NULL) >= 0 &&
			route.is_local;
	int r = walk->to_host ? published_row_list(walk->db, NULL, &ports, err) : 0;
	for (size_t i = 0; r >= 0 && i < ports.count; i++)
		if (is_published_at(&ports.items[i], walk)) {
			lead_to(walk, &ports.items[i]);
			break;
		}
	return r < 0 ? r : place_find(walk->db, &walk->target, &walk->end, err);
}
