/* SPDX-License-Identifier: Apache-2.0 */
/* HostConfig of the `inspect` document: what was asked for of the network, whether the container runs or not. */
#include <stdlib.h>

#include "base/mem.h"
#include "engine/network-inspect.h"
#include "engine/port.h"

/* "80/tcp": [{"HostIp": "", "HostPort": "8080"}], as it was said: what the host chooses is "". */
static void add_binding(struct json_object *bindings, const struct port *port)
{
	_cleanup_free_ char *key = port_text(port);
	_cleanup_free_ char *number = port->first	? mem_printf("%u-%u", port->first, port->last)
				      : port->host_port ? mem_printf("%u", port->host_port)
							: mem_strdup("");
	char address[CIDR_TEXT_MAX];
	struct json_object *list;
	if (!json_object_object_get_ex(bindings, key, &list))
		list = json_add_array(bindings, key);
	struct json_object *binding = json_object_new_object();
	json_add_string(binding, "HostIp", port->host.family ? cidr_address_text(&port->host, address) : "");
	json_add_string(binding, "HostPort", number);
	json_object_array_add(list, binding);
}

static void add_bindings(char *const *texts, struct json_object *host)
{
	struct json_object *bindings = json_add_object(host, "PortBindings");
	_cleanup_port_list_ struct port_list list = { 0 };
	for (; texts && *texts; texts++)
		(void)port_parse(*texts, &list, NULL);
	for (size_t i = 0; i < list.count; i++)
		add_binding(bindings, &list.items[i]);
}

void network_wishes_add(const struct container_spec *spec, struct json_object *host)
{
	_cleanup_free_ char *mode = network_mode_text(spec);
	json_add_string(host, "NetworkMode", mode);
	add_bindings(spec->ports, host);
	json_add_bool(host, "PublishAllPorts", spec->publish_all);
	json_add_strv(host, "Dns", spec->dns);
	json_add_strv(host, "DnsOptions", spec->dns_options);
	json_add_strv(host, "DnsSearch", spec->dns_search);
	json_add_strv(host, "ExtraHosts", spec->extra_hosts);
}
