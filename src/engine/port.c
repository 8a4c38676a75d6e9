/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/port.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

static const struct {
	const char *name;
	uint8_t number;
} PROTOCOLS[] = { { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP } };

const char *port_protocol_name(uint8_t protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(PROTOCOLS); i++)
		if (PROTOCOLS[i].number == protocol)
			return PROTOCOLS[i].name;
	return "unknown";
}

char *port_text(const struct port *port)
{
	return mem_printf("%u/%s", port->container_port, port_protocol_name(port->protocol));
}

void port_list_done(struct port_list *list)
{
	free(list->items);
	*list = (struct port_list){ 0 };
}

/* --- parts --- */

struct range {
	uint16_t first, last;
};

static int parse_number(const char *text, uint16_t *ret)
{
	uint64_t number;
	if (parse_u64(text, UINT16_MAX, &number, NULL) < 0)
		return -ERR_INVALID;
	*ret = (uint16_t)number;
	return 0;
}

/* "80", "80-90" */
static int parse_range(const char *text, struct range *ret)
{
	char first[16];
	size_t len = strcspn(text, "-");
	if (len == 0 || len >= sizeof first)
		return -ERR_INVALID;
	memcpy(first, text, len);
	first[len] = '\0';
	struct range range;
	if (parse_number(first, &range.first) < 0 ||
	    parse_number(text[len] ? text + len + 1 : first, &range.last) < 0 || range.first > range.last)
		return -ERR_INVALID;
	*ret = range;
	return 0;
}

static int parse_protocol(const char *name, uint8_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(PROTOCOLS); i++) {
		if (!streq(PROTOCOLS[i].name, name))
			continue;
		*ret = PROTOCOLS[i].number;
		return 0;
	}
	return -ERR_INVALID;
}

/* "127.0.0.1", "[::1]", "::1"; the text is ours to change. */
static int parse_host(char *text, struct cidr *ret)
{
	size_t len = strlen(text);
	if (*text == '[' && len > 1 && text[len - 1] == ']') {
		text[len - 1] = '\0';
		text++;
	}
	return *text ? cidr_parse_address(text, ret, NULL) : 0;
}

/* --- a whole one --- */

struct words {
	char *host, *host_ports, *container_ports, *protocol; /* NULL: not there */
};

/* Cut @text at its colons, from behind: what is in front of the second is an address, which may have colons itself. */
static struct words split(char *text)
{
	struct words words = { .container_ports = text };
	char *slash = strrchr(text, '/');
	if (slash) {
		*slash = '\0';
		words.protocol = slash + 1;
	}
	char *colon = strrchr(text, ':');
	if (!colon)
		return words;
	*colon = '\0';
	words.container_ports = colon + 1;
	words.host_ports = text;
	colon = strrchr(text, ':');
	if (!colon)
		return words;
	*colon = '\0';
	words.host_ports = colon + 1;
	words.host = text;
	return words;
}

static void append(struct port_list *list, const struct port *common, struct range host, struct range container)
{
	bool choose = container.first == container.last && host.first != host.last;
	for (unsigned i = 0; i <= (unsigned)container.last - container.first; i++) {
		struct port *port = ARRAY_APPEND(list->items, list->count);
		*port = *common;
		port->container_port = (uint16_t)(container.first + i);
		port->host_port = host.first && !choose ? (uint16_t)(host.first + i) : 0;
		port->first = choose ? host.first : 0;
		port->last = choose ? host.last : 0;
	}
}

static int invalid(struct error *err, const char *what, const char *text, const char *whole)
{
	return err_set(err, ERR_INVALID, "invalid %s: %s%s%s", what, text, whole ? " in " : "", whole ? whole : "");
}

int port_parse(const char *text, struct port_list *list, struct error *err)
{
	_cleanup_free_ char *copy = mem_strdup(text);
	struct words words = split(copy);
	struct port port = { .protocol = IPPROTO_TCP };
	struct range host = { 0 }, container;
	if (!*words.container_ports)
		return err_set(err, ERR_INVALID, "no port specified: %s<empty>", text);
	if (parse_range(words.container_ports, &container) < 0 || container.first == 0)
		return invalid(err, "containerPort", words.container_ports, NULL);
	if (words.host_ports && *words.host_ports && (parse_range(words.host_ports, &host) < 0 || host.first == 0))
		return invalid(err, "hostPort", words.host_ports, NULL);
	if (words.protocol && parse_protocol(words.protocol, &port.protocol) < 0)
		return invalid(err, "proto", words.protocol, NULL);
	if (words.host && parse_host(words.host, &port.host) < 0)
		return invalid(err, "IP address", words.host, text);
	bool several = container.first != container.last;
	if (host.first && several && host.last - host.first != container.last - container.first)
		return err_set(err, ERR_INVALID, "invalid ranges specified for container and host Ports: %s and %s",
			       words.container_ports, words.host_ports);
	append(list, &port, host, container);
	return 0;
}

int port_parse_exposed(const char *text, struct port_list *list, struct error *err)
{
	if (strchr(text, ':'))
		return err_set(err, ERR_INVALID, "invalid port format for --expose: %s", text);
	return port_parse(text, list, err);
}
