/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/network-options.h"

#include <ctype.h>
#include <net/if.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/network.h"
#include "engine/port.h"
#include "network/shape.h"

/* --- one network --- */

static void set(char **field, const char *value)
{
	free(*field);
	*field = mem_strdup(value);
}

/* "name=front,ip=10.1.0.5,alias=web": Docker's long form. */
static int take_word(struct endpoint_request *endpoint, const char *word, struct error *err)
{
	const char *value;
	if ((value = str_after(word, "name=")))
		set(&endpoint->network, value);
	else if ((value = str_after(word, "ip=")))
		set(&endpoint->address, value);
	else if ((value = str_after(word, "ip6=")))
		set(&endpoint->address6, value);
	else if ((value = str_after(word, "mac-address=")))
		set(&endpoint->mac, value);
	else if ((value = str_after(word, "alias=")))
		strv_append(&endpoint->aliases, value);
	else if ((value = str_after(word, "driver-opt=")))
		strv_append(&endpoint->options, value);
	else if ((value = str_after(word, "gw-priority=")))
		return parse_i64(value, INT32_MIN, INT32_MAX, &endpoint->priority, err);
	else
		return err_set(err, ERR_USAGE, "invalid field \"%s\" of --network", word);
	return 0;
}

/* Podman's words for what the default network of who is not root is. */
static bool takes_way(const char *text, struct endpoint_request *endpoint)
{
	static const char *const ways[] = { "pasta", "slirp4netns", NULL };
	size_t len = strcspn(text, ":");
	for (const char *const *way = ways; *way; way++) {
		if (strlen(*way) != len || strncmp(text, *way, len) != 0)
			continue;
		endpoint->network = mem_strdup(NETWORK_DEFAULT_NAME);
		strv_take(&endpoint->options, mem_printf(ENDPOINT_WAY_OPTION "=%s", text));
		return true;
	}
	return false;
}

static int parse_endpoint(const char *text, struct endpoint_request *endpoint, struct error *err)
{
	if (takes_way(text, endpoint))
		return 0;
	if (!strchr(text, '=')) {
		endpoint->network = mem_strdup(text);
		return 0;
	}
	_cleanup_strv_ char **words = strv_split(text, ',');
	int r = 0;
	for (char **word = words; r >= 0 && word && *word; word++)
		r = take_word(endpoint, *word, err);
	if (r >= 0 && str_is_empty(endpoint->network))
		return err_set(err, ERR_USAGE, "--network %s: no name is given", text);
	return r;
}

/* --- all of them --- */

static bool takes_target(const char *text, struct container_spec *spec)
{
	const char *target;
	if ((target = str_after(text, "container:")))
		spec->network = NETWORK_CONTAINER;
	else if ((target = str_after(text, "ns:")))
		spec->network = NETWORK_PATH;
	else if ((target = str_after(text, "cni:")))
		spec->network = NETWORK_CNI;
	else
		return false;
	spec->network_target = mem_strdup(target);
	return true;
}

/* The modes that are no networks of ours. Returns whether @text is one. */
static bool take_mode(const char *text, struct container_spec *spec)
{
	if (streq(text, "none"))
		spec->network = NETWORK_NONE;
	else if (streq(text, "host"))
		spec->network = NETWORK_HOST;
	else
		return takes_target(text, spec);
	return true;
}

/* One interface for each. Their names have no commas (network/cni-config.h). */
static int take_more_of_cni(char *const *networks, struct container_spec *spec, struct error *err)
{
	for (char *const *network = networks + 1; *network; network++) {
		const char *name = str_after(*network, "cni:");
		if (!name)
			return err_set(err, ERR_USAGE, "conflicting options: --network %s and --network %s",
				       networks[0], *network);
		for (char *const *before = networks; before < network; before++)
			if (streq(*before, *network))
				return err_set(err, ERR_INVALID, "network \"%s\" is specified multiple times",
					       *network);
		char *both = mem_printf("%s,%s", spec->network_target, name);
		free(spec->network_target);
		spec->network_target = both;
	}
	return 0;
}

static int take_networks(const struct network_options *options, struct container_spec *spec, struct error *err)
{
	char *const *networks = options->networks;
	size_t count = strv_count(networks);
	if (count > 0 && take_mode(networks[0], spec)) {
		if (spec->network == NETWORK_CNI)
			return take_more_of_cni(networks, spec, err);
		if (count > 1)
			return err_set(err, ERR_USAGE, "conflicting options: --network %s and --network %s",
				       networks[0], networks[1]);
		return 0;
	}
	spec->network = NETWORK_BRIDGE;
	if (count == 0)
		ARRAY_APPEND(spec->endpoints, spec->n_endpoints)->network = mem_strdup(NETWORK_DEFAULT_NAME);
	int r = 0;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct container_spec ignored = { 0 };
		if (take_mode(networks[i], &ignored)) {
			container_spec_done(&ignored);
			return err_set(err, ERR_USAGE, "conflicting options: --network %s and --network %s",
				       networks[0], networks[i]);
		}
		const char *name = streq(networks[i], "default") ? NETWORK_DEFAULT_NAME : networks[i];
		r = parse_endpoint(name, ARRAY_APPEND(spec->endpoints, spec->n_endpoints), err);
	}
	return r;
}

/* Flags of their own are about the first network. */
static void take_first(const struct network_options *options, struct container_spec *spec)
{
	struct endpoint_request *first = &spec->endpoints[0];
	if (options->address)
		set(&first->address, options->address);
	if (options->address6)
		set(&first->address6, options->address6);
	if (options->mac)
		set(&first->mac, options->mac);
	for (char *const *alias = options->aliases; alias && *alias; alias++)
		strv_append(&first->aliases, *alias);
	for (char *const *option = options->options; option && *option; option++)
		strv_append(&first->options, *option);
}

/* --- what may not be --- */

/* "02:42:ac:11:00:02"; one that is a group's is nobody's. */
static int check_mac(const char *text, struct error *err)
{
	bool valid = strlen(text) == strlen("00:00:00:00:00:00");
	for (size_t i = 0; valid && text[i]; i++)
		valid = i % 3 == 2 ? text[i] == ':' : isxdigit((unsigned char)text[i]) != 0;
	if (!valid)
		return err_set(err, ERR_INVALID, "%s is not a valid mac address", text);
	if (strchr("13579bBdDfF", text[1]))
		return err_set(err, ERR_INVALID, "%s is the address of a group, and cannot be a container's", text);
	return 0;
}

static int check_address(const char *text, sa_family_t family, struct error *err)
{
	struct cidr cidr;
	if (cidr_parse_address(text, &cidr, NULL) < 0 || cidr.family != family)
		return err_set(err, ERR_INVALID, "invalid IPv%d address: %s", family == AF_INET ? 4 : 6, text);
	return 0;
}

static int check_option(const char *option, struct error *err)
{
	const char *name = str_after(option, ENDPOINT_NAME_OPTION "=");
	const char *rate = str_after(option, ENDPOINT_RATE_OPTION "=");
	uint64_t ignored;
	if (rate)
		return shape_parse_rate(rate, &ignored, err);
	if (str_after(option, ENDPOINT_WAY_OPTION "="))
		return 0; /* the engine knows what can be one */
	if (!name)
		return err_set(err, ERR_INVALID, "unknown option of a place on a network: \"%s\"", option);
	if (!*name || strlen(name) >= IFNAMSIZ || strpbrk(name, "/ \t:%") || streq(name, "lo"))
		return err_set(err, ERR_INVALID, "invalid name for a network interface: \"%s\"", name);
	return 0;
}

int network_endpoint_check(const struct endpoint_request *endpoint, struct error *err)
{
	int r = endpoint->address ? check_address(endpoint->address, AF_INET, err) : 0;
	if (r >= 0 && endpoint->address6)
		r = check_address(endpoint->address6, AF_INET6, err);
	if (r >= 0 && endpoint->mac)
		r = check_mac(endpoint->mac, err);
	for (char *const *option = endpoint->options; r >= 0 && option && *option; option++)
		r = check_option(*option, err);
	if (r < 0 || !streq(endpoint->network, NETWORK_DEFAULT_NAME))
		return r;
	if (endpoint->address || endpoint->address6)
		return err_set(err, ERR_INVALID,
			       "user specified IP address is supported on user defined networks only");
	return endpoint->aliases ? err_set(err, ERR_INVALID,
					   "network-scoped aliases are only supported for user-defined networks")
				 : 0;
}

static int check_repeated(const struct container_spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->n_endpoints; i++)
		for (size_t k = 0; k < i; k++)
			if (streq(spec->endpoints[i].network, spec->endpoints[k].network))
				return err_set(err, ERR_INVALID, "network \"%s\" is specified multiple times",
					       spec->endpoints[i].network);
	return 0;
}

static int check_ports(const struct container_spec *spec, struct error *err)
{
	_cleanup_port_list_ struct port_list list = { 0 };
	int r = 0;
	for (char **text = spec->ports; r >= 0 && text && *text; text++)
		r = port_parse(*text, &list, err);
	for (char **text = spec->exposed; r >= 0 && text && *text; text++)
		r = port_parse_exposed(*text, &list, err);
	return r;
}

static int check_dns(const struct container_spec *spec, struct error *err)
{
	struct cidr ignored;
	for (char **server = spec->dns; server && *server; server++)
		if (cidr_parse_address(*server, &ignored, NULL) < 0)
			return err_set(err, ERR_USAGE,
				       "invalid argument \"%s\" for \"--dns\" flag: %s is not an ip address", *server,
				       *server);
	return 0;
}

/* There the prefix may be said as well, which some plugins cannot do without. */
static int check_cni_address(const char *text, sa_family_t family, struct error *err)
{
	struct cidr cidr;
	if (cidr_parse(text, &cidr, NULL) < 0 || cidr.family != family)
		return err_set(err, ERR_INVALID, "invalid IPv%d address: %s", family == AF_INET ? 4 : 6, text);
	return 0;
}

/* What is asked for is up to the plugins of the first network. */
static int take_cni(const struct network_options *options, struct container_spec *spec, struct error *err)
{
	if (options->aliases || options->options)
		return err_set(err, ERR_INVALID,
			       "--network-alias and --network-opt need a network of coffer's own: not available with "
			       "--network %s",
			       options->networks[0]);
	int r = options->address ? check_cni_address(options->address, AF_INET, err) : 0;
	if (r >= 0 && options->address6)
		r = check_cni_address(options->address6, AF_INET6, err);
	if (r >= 0 && options->mac)
		r = check_mac(options->mac, err);
	if (r < 0)
		return r;
	if (options->address)
		strv_append(&spec->cni_addresses, options->address);
	if (options->address6)
		strv_append(&spec->cni_addresses, options->address6);
	spec->cni_mac = mem_strdup(options->mac);
	return 0;
}

static int conflict(const char *what, struct error *err)
{
	return err_set(err, ERR_INVALID, "conflicting options: %s and the container type network mode", what);
}

/* Who shares somebody's network has that one's name, addresses and ports. */
static int check_shared(const struct network_options *options, const struct container_spec *spec, struct error *err)
{
	if (spec->hostname)
		return conflict("hostname", err);
	if (spec->ports || spec->publish_all)
		return conflict("port publishing", err);
	if (spec->exposed)
		return conflict("port exposing", err);
	if (spec->dns || spec->dns_search || spec->dns_options)
		return conflict("dns", err);
	if (spec->extra_hosts)
		return conflict("custom host-to-IP mapping", err);
	return options->mac ? conflict("mac-address", err) : 0;
}

int network_options_finish(const struct network_options *options, struct container_spec *spec, struct error *err)
{
	int r = take_networks(options, spec, err);
	if (r >= 0)
		r = check_ports(spec, err);
	if (r >= 0)
		r = check_dns(spec, err);
	if (r < 0)
		return r;
	if (spec->network == NETWORK_CONTAINER)
		return check_shared(options, spec, err);
	if (spec->network == NETWORK_CNI)
		return take_cni(options, spec, err);
	if (spec->network != NETWORK_BRIDGE) {
		bool asked = options->address || options->address6 || options->mac || options->aliases ||
			     options->options;
		return asked ? err_set(err, ERR_INVALID,
				       "--ip, --ip6, --mac-address, --network-alias and --network-opt need a network: "
				       "not available with --network %s",
				       options->networks[0])
			     : 0;
	}
	take_first(options, spec);
	r = check_repeated(spec, err);
	for (size_t i = 0; r >= 0 && i < spec->n_endpoints; i++)
		r = network_endpoint_check(&spec->endpoints[i], err);
	return r;
}
