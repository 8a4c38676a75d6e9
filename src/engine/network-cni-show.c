/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-cni-show.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/network-cni-row.h"
#include "engine/network-cni.h"
#include "engine/network-user.h"

/* --- records --- */

/* The same each time: FNV-1a, and the name itself. */
static char *make_id(const char *name)
{
	_cleanup_str_ struct str id = { 0 };
	uint64_t hash = UINT64_C(14695981039346656037);
	for (const char *c = name; *c; c++)
		hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
	str_appendf(&id, "%016llx", (unsigned long long)hash);
	for (const char *c = name; *c; c++)
		str_appendf(&id, "%02x", (uint8_t)*c);
	return mem_printf("%.64s%0*d", str_text(&id), (int)(id.len < ID_HEX_LENGTH ? ID_HEX_LENGTH - id.len : 0), 0);
}

static struct network_record *make_record(const struct cni_network *network)
{
	struct network_record *record = NEW(struct network_record);
	_cleanup_strv_ char **types = NULL;
	for (size_t i = 0; i < network->n_plugins; i++)
		strv_append(&types, network->plugins[i].type);
	_cleanup_free_ char *plugins = strv_join(types, ",");
	record->id = make_id(network->name);
	record->name = mem_printf(CNI_NAME_PREFIX "%s", network->name);
	record->driver = mem_strdup(CNI_DRIVER);
	strv_take(&record->options, mem_printf("cniVersion=%s", cni_version_text(network->version)));
	strv_take(&record->options, mem_printf("plugins=%s", plugins));
	return record;
}

int network_cni_record(const char *name, struct network_record **ret, struct error *err)
{
	_cleanup_cni_network_ struct cni_network *network = NULL;
	int r = cni_network_find(network_cni_directory(), name, &network, err);
	if (r >= 0)
		*ret = make_record(network);
	return r;
}

void network_cni_list(struct network_record ***records, size_t *count)
{
	_cleanup_strv_ char **names = network_is_of_user() ? NULL : cni_network_names(network_cni_directory());
	for (char **name = names; name && *name; name++) {
		struct network_record *record;
		if (network_cni_record(*name, &record, NULL) >= 0)
			*ARRAY_APPEND(*records, *count) = record;
	}
}

/* --- its containers --- */

typedef void on_place(const struct cni_place *place, struct db *db, struct json_object *context);

static int each_place(struct db *db, const char *network, on_place *act, struct json_object *context, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	int r = cni_place_all(db, &ids, err);
	for (char **id = ids; r >= 0 && id && *id; id++) {
		_cleanup_cni_places_ struct cni_places places = { 0 };
		r = cni_places_load(db, *id, &places, err);
		for (size_t i = 0; i < places.count; i++)
			if (streq(places.items[i].network->name, network))
				act(&places.items[i], db, context);
	}
	return r < 0 ? r : 0;
}

static void show_container(const struct cni_place *place, struct db *db, struct json_object *containers)
{
	_cleanup_cni_result_ struct cni_result result = { 0 };
	_cleanup_free_ char *name = NULL;
	char text[CIDR_TEXT_MAX];
	if (!place->result || cni_place_result(place, &result, NULL) < 0 ||
	    db_get_text(db, "SELECT name FROM containers WHERE id = ?1", DB_VALUES(DB_TEXT(place->id)), &name, NULL) <=
		    0)
		return;
	struct json_object *container = json_add_object(containers, place->id);
	json_add_string(container, "Name", name);
	json_add_string(container, "EndpointID", place->id);
	json_add_string(container, "MacAddress", result.mac ? result.mac : "");
	json_add_string(container, "IPv4Address", cidr_text(&result.address, text));
	json_add_string(container, "IPv6Address", cidr_text(&result.address6, text));
}

/* --- its plugins --- */

static int find(const char *name, struct cni_network **ret, struct cni_call *call, struct error *err)
{
	*call = (struct cni_call){
		.path = network_cni_path(), .netns = -1, .keep = -1, .timeout_ms = network_cni_timeout_ms()
	};
	int r = cni_network_find(network_cni_directory(), name, ret, err);
	return r < 0 ? r : cni_find_plugins(*ret, call->path, err);
}

static char *status_of_plugins(const char *name)
{
	_cleanup_cni_network_ struct cni_network *network = NULL;
	struct error failure = { 0 };
	struct cni_call call;
	int r = find(name, &network, &call, &failure);
	if (r >= 0 && network->version < CNI_1_1_0)
		return NULL;
	if (r >= 0)
		r = cni_status(network, &call, &failure);
	return r < 0 ? mem_printf("%s%s%s", failure.message, *failure.cause ? ": " : "", failure.cause)
		     : mem_strdup("ready");
}

int network_cni_describe(struct engine *engine, const struct network_record *record, struct json_object *object,
			 struct error *err)
{
	const char *name = str_after(record->name, CNI_NAME_PREFIX);
	_cleanup_free_ char *status = status_of_plugins(name);
	struct db *db;
	if (status)
		json_add_string(json_object_object_get(object, "Options"), "status", status);
	int r = engine_db(engine, &db, err);
	return r < 0 ? r : each_place(db, name, show_container, json_object_object_get(object, "Containers"), err);
}

/* --- what has nobody --- */

static void add_attachment(const struct cni_place *place, struct db *db, struct json_object *attachments)
{
	struct json_object *attachment = json_object_new_object();
	(void)db;
	json_add_string(attachment, "containerID", place->id);
	json_add_string(attachment, "ifname", place->interface);
	json_object_array_add(attachments, attachment);
}

int engine_network_gc(struct engine *engine, const char *text, struct error *err)
{
	_cleanup_cni_network_ struct cni_network *network = NULL;
	_cleanup_json_ struct json_object *attachments = json_object_new_array();
	const char *name = str_after(text, CNI_NAME_PREFIX);
	struct cni_call call;
	struct db *db;
	if (!name)
		return err_set(err, ERR_NET,
			       "network %s has no plugins: there is nothing to collect but on networks cni:NAME", text);
	int r = find(name, &network, &call, err);
	if (r >= 0 && (network->version < CNI_1_1_0 || network->disable_gc))
		return err_set(err, ERR_UNSUPPORTED, "network %s: its plugins do not collect: %s", text,
			       network->disable_gc
				       ? "disableGC is set"
				       : "that is part of version 1.1.0 of the Container Network Interface");
	if (r >= 0)
		r = engine_db(engine, &db, err);
	if (r >= 0)
		r = each_place(db, name, add_attachment, attachments, err);
	return r < 0 ? r : cni_gc(network, &call, attachments, err);
}

/* --- one container's --- */

typedef void on_result(const struct cni_place *place, const struct cni_result *result, void *context);

/* Those of its places that plugins have made something of, by their interfaces. */
static int each_result(struct engine *engine, const char *id, on_result *act, void *context, struct error *err)
{
	_cleanup_cni_places_ struct cni_places places = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = cni_places_load(db, id, &places, err);
	for (size_t i = 0; r >= 0 && i < places.count; i++) {
		_cleanup_cni_result_ struct cni_result result = { 0 };
		if (!places.items[i].result)
			continue;
		r = cni_place_result(&places.items[i], &result, err);
		if (r >= 0)
			act(&places.items[i], &result, context);
	}
	return r;
}

static void set_strv(char ***place, char **value)
{
	if (!*place)
		*place = strv_copy(value);
}

/* What an earlier one of its networks says goes before. */
static void take_names(const struct cni_place *place, const struct cni_result *result, void *context)
{
	struct container_spec *spec = context;
	set_strv(&spec->dns, result->dns);
	set_strv(&spec->dns_search, result->dns_search);
	set_strv(&spec->dns_options, result->dns_options);
}

int network_cni_names(struct engine *engine, const char *id, struct container_config *config, struct error *err)
{
	return each_result(engine, id, take_names, &config->own, err);
}

static void add_addresses(const struct cni_place *place, const struct cni_result *result, void *context)
{
	char text[CIDR_TEXT_MAX];
	_cleanup_free_ char *name = mem_printf(CNI_NAME_PREFIX "%s", place->network->name);
	struct json_object *network;
	if (!json_object_object_get_ex(context, name, &network))
		return;
	json_add_string(network, "Gateway", cidr_address_text(&result->gateway, text));
	json_add_string(network, "GlobalIPv6Address", cidr_address_text(&result->address6, text));
	json_add_i64(network, "GlobalIPv6PrefixLen", result->address6.prefix);
	json_add_string(network, "IPAddress", cidr_address_text(&result->address, text));
	json_add_i64(network, "IPPrefixLen", result->address.prefix);
	json_add_string(network, "IPv6Gateway", cidr_address_text(&result->gateway6, text));
	json_add_string(network, "MacAddress", result->mac ? result->mac : "");
}

int network_cni_settings(struct engine *engine, const char *id, struct json_object *networks, struct error *err)
{
	return each_result(engine, id, add_addresses, networks, err);
}
