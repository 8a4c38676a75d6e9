/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks of the Container Network Interface as people see them: by the name "cni:NAME", of the driver "cni". They are the
 * administrator's files; nothing here changes them.
 */
#pragma once

#include "engine/engine-internal.h"
#include "engine/network.h"

#define CNI_NAME_PREFIX "cni:"
#define CNI_DRIVER "cni"

/* The one called NAME. Errors: ERR_NET. */
int network_cni_record(const char *name, struct network_record **ret, struct error *err);

/* Append all that there are. */
void network_cni_list(struct network_record ***records, size_t *count);

/* Containers on it, and whether its plugins are ready, into its `inspect` document. */
int network_cni_describe(struct engine *engine, const struct network_record *record, struct json_object *object,
			 struct error *err);

/* Whom the container @id is to ask for names, as its network says, where @config does not. */
int network_cni_names(struct engine *engine, const char *id, struct container_config *config, struct error *err);

/* Its places, into the members of @networks, "Networks" in its `inspect` document, which are called as they are. */
int network_cni_settings(struct engine *engine, const char *id, struct json_object *networks, struct error *err);
