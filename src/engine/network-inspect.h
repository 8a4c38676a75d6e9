/* SPDX-License-Identifier: Apache-2.0 */
/* A container's networks in its `inspect` document. */
#pragma once

#include "engine/container-row.h"
#include "engine/network.h"

/* engine_network_find(), with "host" and "none". */
int network_find_any(struct engine *engine, const char *name, struct network_record **ret, struct error *err);

/* What it is plugged into; or the one word for what it has instead. strv_free() it. */
char **network_names(const struct container_spec *spec);

/* HostConfig.NetworkMode: "bridge", "container:web", ... free() it. */
char *network_mode_text(const struct container_spec *spec);

/* What leads to a container that runs, and what of it is only exposed. free() *ret, which begins as NULL. */
void network_ports(struct engine *engine, const struct container_row *row, struct port_binding **ret,
		   size_t *ret_count);

/* "0.0.0.0:8080->80/tcp, 443/tcp". free() it. */
char *network_ports_text(const struct port_binding *bindings, size_t count);

/* network-wishes.c: what HostConfig says of the network: NetworkMode, PortBindings, Dns, ... */
void network_wishes_add(const struct container_spec *spec, struct json_object *host);

/* The members of NetworkSettings, of a container that @runs or does not. */
int network_settings_add(struct engine *engine, const char *id, const struct container_config *config, bool runs,
			 struct json_object *object, struct error *err);
