/* SPDX-License-Identifier: Apache-2.0 */
#include "network/cni-result.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

void cni_result_done(struct cni_result *result)
{
	free(result->mac);
	strv_free(result->dns);
	strv_free(result->dns_search);
	strv_free(result->dns_options);
	*result = (struct cni_result){ 0 };
}

/* What is known on the way. */
struct reading {
	const char *interface; /* the container's */
	struct json_node interfaces;
	struct cni_result *result;
};

/* --- interfaces --- */

/* An interface with a sandbox is on the container's side, any other one on the host's. */
static bool is_inside(const struct json_node *interface)
{
	const char *sandbox = "";
	return json_get_string(interface, "sandbox", &sandbox, NULL) > 0 && *sandbox;
}

static int read_interface(const struct json_node *interface, struct reading *reading, struct error *err)
{
	const char *name = "";
	int r = json_as_object(interface, err);
	if (r >= 0)
		r = json_need_string(interface, "name", &name, err);
	if (r < 0 || !is_inside(interface) || !streq(name, reading->interface) || reading->result->mac)
		return r;
	return json_get_text(interface, "mac", &reading->result->mac, err);
}

/* --- addresses --- */

/* An address without an interface is one that a plugin for addresses alone has said: the container's. */
static int is_of_container(const struct json_node *ip, const struct reading *reading, struct error *err)
{
	const struct json_node *interfaces = &reading->interfaces;
	uint64_t index = 0;
	int r = json_get_u64(ip, "interface", UINT32_MAX, &index, err);
	if (r <= 0)
		return r < 0 ? r : 1;
	if (!interfaces->value || index >= json_array_length(interfaces))
		return json_error(ip, err, "there is no interface %llu", (unsigned long long)index);
	struct json_node interface = json_array_at(interfaces, (size_t)index);
	return is_inside(&interface);
}

static int read_gateway(const struct json_node *node, const char *key, sa_family_t family, struct cni_result *result,
			struct error *err)
{
	struct cidr gateway, *place = family == AF_INET6 ? &result->gateway6 : &result->gateway;
	const char *text = "";
	int r = json_get_string(node, key, &text, err);
	if (r <= 0 || !*text)
		return r < 0 ? r : 0;
	if (cidr_parse_address(text, &gateway, NULL) < 0)
		return json_error(node, err, "\"%s\" is no address of a gateway", text);
	if (gateway.family == family && !place->family)
		*place = gateway;
	return 0;
}

static int read_ip(const struct json_node *ip, struct reading *reading, struct error *err)
{
	struct cidr cidr;
	const char *text = NULL;
	int r = json_as_object(ip, err);
	if (r >= 0)
		r = json_need_string(ip, "address", &text, err);
	if (r >= 0)
		r = is_of_container(ip, reading, err);
	if (r <= 0)
		return r;
	if (cidr_parse(text, &cidr, NULL) < 0)
		return json_error(ip, err, "\"%s\" is no address with the length of its prefix", text);
	struct cni_result *result = reading->result;
	struct cidr *place = cidr.family == AF_INET6 ? &result->address6 : &result->address;
	if (place->family)
		return 0;
	*place = cidr;
	return read_gateway(ip, "gateway", cidr.family, result, err);
}

/* One that leads everywhere names the gateway where its address does not. */
static int read_route(const struct json_node *route, struct reading *reading, struct error *err)
{
	struct cidr target;
	const char *text = NULL;
	int r = json_as_object(route, err);
	if (r >= 0)
		r = json_need_string(route, "dst", &text, err);
	if (r < 0)
		return r;
	if (cidr_parse(text, &target, NULL) < 0)
		return json_error(route, err, "\"%s\" is no network", text);
	return target.prefix == 0 ? read_gateway(route, "gw", target.family, reading->result, err) : 0;
}

/* --- names --- */

static int read_dns(const struct json_node *root, struct cni_result *result, struct error *err)
{
	struct json_node dns;
	struct cidr ignored;
	int r = json_get_object(root, "dns", &dns, err);
	if (r <= 0)
		return r;
	r = json_get_strv(&dns, "nameservers", &result->dns, err);
	for (char **server = result->dns; r >= 0 && server && *server; server++)
		if (cidr_parse_address(*server, &ignored, NULL) < 0)
			r = json_error(&dns, err, "\"%s\" is no address of a name server", *server);
	if (r >= 0)
		r = json_get_strv(&dns, "search", &result->dns_search, err);
	return r < 0 ? r : json_get_strv(&dns, "options", &result->dns_options, err);
}

/* --- all of it --- */

typedef int element_reader(const struct json_node *element, struct reading *reading, struct error *err);

static int read_each(const struct json_node *list, element_reader *read, struct reading *reading, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && list->value && i < json_array_length(list); i++) {
		struct json_node element = json_array_at(list, i);
		r = read(&element, reading, err);
	}
	return r;
}

static int read_result(const struct json_node *root, struct reading *reading, struct error *err)
{
	struct json_node ips = { 0 }, routes = { 0 };
	int r = json_as_object(root, err);
	if (r >= 0)
		r = json_get_array(root, "interfaces", &reading->interfaces, err);
	if (r >= 0)
		r = json_get_array(root, "ips", &ips, err);
	if (r >= 0)
		r = json_get_array(root, "routes", &routes, err);
	if (r >= 0)
		r = read_each(&reading->interfaces, read_interface, reading, err);
	if (r >= 0)
		r = read_each(&ips, read_ip, reading, err);
	if (r >= 0)
		r = read_each(&routes, read_route, reading, err);
	return r < 0 ? r : read_dns(root, reading->result, err);
}

int cni_result_parse(const struct json_node *root, const char *interface, struct cni_result *ret, struct error *err)
{
	_cleanup_cni_result_ struct cni_result result = { 0 };
	struct reading reading = { .interface = interface, .result = &result };
	int r = read_result(root, &reading, err);
	if (r < 0)
		return r;
	*ret = result;
	result = (struct cni_result){ 0 };
	return 0;
}

char *cni_error_text(const char *text, size_t len)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	const char *message = "", *details = "";
	int64_t code = 0;
	if (json_parse(text, len, "error", ERR_NET, &document, NULL) < 0)
		return NULL;
	struct json_node root = json_root(&document);
	if (json_as_object(&root, NULL) < 0 || json_get_string(&root, "msg", &message, NULL) <= 0 || !*message)
		return NULL;
	(void)json_get_string(&root, "details", &details, NULL);
	(void)json_get_i64(&root, "code", 0, INT32_MAX, &code, NULL);
	return mem_printf("%s%s%s (code %lld)", message, *details ? ": " : "", details, (long long)code);
}
