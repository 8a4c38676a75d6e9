/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network.h"

#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/defaults.h"
#include "engine/network-attach.h"
#include "engine/network-cni-show.h"
#include "engine/network-cni.h"
#include "engine/network-driver.h"
#include "engine/network-event.h"
#include "engine/network-foreign.h"
#include "engine/network-inspect.h"
#include "engine/network-parent.h"
#include "engine/network-row.h"
#include "engine/network-subnet.h"
#include "network/link.h"
#include "base/netlink.h"

enum { BRIDGE_ID_LENGTH = 10 };

/* --- what was asked for --- */

static bool is_reserved(const char *name)
{
	return streq(name, "none") || streq(name, "host") || streq(name, "container") || streq(name, "default");
}

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static int check_name(const char *name, struct error *err)
{
	if (is_reserved(name))
		return err_set(err, ERR_INVALID, "\"%s\" is a word of its own and no name for a network", name);
	if (strspn(name, ALPHANUMERIC) > 0 && strspn(name, ALPHANUMERIC "_.-") == strlen(name))
		return 0;
	return err_set(err, ERR_INVALID, "invalid network name \"%s\": it is [a-zA-Z0-9][a-zA-Z0-9_.-]*", name);
}

static int take_options(struct network_record *record, const struct network_request *request, struct error *err)
{
	int r = network_driver_take_options(record, request->options, err);
	if (r >= 0)
		record->options = strv_copy(request->options);
	return r;
}

static int too_many(const char *what, struct error *err)
{
	return err_set(err, ERR_INVALID, "several %s of one family are not supported", what);
}

static int take_subnets(struct network_record *record, const struct network_request *request, struct error *err)
{
	for (char *const *text = request->subnets; text && *text; text++) {
		struct cidr cidr, network;
		int r = cidr_parse(*text, &cidr, err);
		if (r < 0)
			return r;
		struct cidr *place = cidr.family == AF_INET6 ? &record->subnet6 : &record->subnet;
		if (place->family)
			return too_many("subnets", err);
		network = cidr_network(&cidr);
		if (!cidr_same_address(&network, &cidr))
			return err_set(err, ERR_INVALID, "invalid subnet %s: it should be %s", *text,
				       cidr_text(&network, (char[CIDR_TEXT_MAX]){ 0 }));
		if (cidr_bits(&cidr) - cidr.prefix < 2)
			return err_set(err, ERR_INVALID, "invalid subnet %s: it has no room for a container", *text);
		*place = cidr;
	}
	return 0;
}

/* The first address, unless one was given. */
static int take_gateway(struct cidr *gateway, const struct cidr *subnet, char *const *given, struct error *err)
{
	if (!subnet->family)
		return 0;
	*gateway = cidr_network(subnet);
	(void)cidr_advance(gateway, 1);
	for (; given && *given; given++) {
		struct cidr cidr;
		int r = cidr_parse_address(*given, &cidr, err);
		if (r < 0)
			return r;
		if (cidr.family != subnet->family)
			continue;
		if (!cidr_contains(subnet, &cidr))
			return err_set(err, ERR_INVALID, "no matching subnet for gateway %s", *given);
		*gateway = cidr;
		gateway->prefix = subnet->prefix;
	}
	return 0;
}

static int take_range(struct network_record *record, const char *text, struct error *err)
{
	struct cidr cidr;
	int r = cidr_parse(text, &cidr, err);
	if (r < 0)
		return r;
	bool v6 = cidr.family == AF_INET6;
	struct cidr *range = v6 ? &record->range6 : &record->range;
	const struct cidr *subnet = v6 ? &record->subnet6 : &record->subnet;
	if (range->family)
		return too_many("ranges", err);
	if (!cidr_contains(subnet, &cidr) || cidr.prefix < subnet->prefix)
		return err_set(err, ERR_INVALID, "no matching subnet for range %s", text);
	*range = cidr_network(&cidr);
	return 0;
}

/* "router=10.89.0.5": an address that nobody gets. */
static int take_auxiliary(struct network_record *record, const char *text, struct error *err)
{
	struct cidr cidr;
	const char *equals = strchr(text, '=');
	if (!equals || equals == text)
		return err_set(err, ERR_INVALID, "invalid auxiliary address \"%s\": it is NAME=ADDRESS", text);
	int r = cidr_parse_address(equals + 1, &cidr, err);
	if (r < 0)
		return r;
	if (!cidr_contains(cidr.family == AF_INET6 ? &record->subnet6 : &record->subnet, &cidr))
		return err_set(err, ERR_INVALID, "no matching subnet for aux-address %s", equals + 1);
	strv_append(&record->auxiliary, text);
	return 0;
}

/* All that has to be in the subnets. */
static int take_parts(struct network_record *record, const struct network_request *request, struct error *err)
{
	int r = take_gateway(&record->gateway, &record->subnet, request->gateways, err);
	if (r >= 0)
		r = take_gateway(&record->gateway6, &record->subnet6, request->gateways, err);
	for (char *const *text = request->ranges; r >= 0 && text && *text; text++)
		r = take_range(record, *text, err);
	for (char *const *text = request->auxiliary; r >= 0 && text && *text; text++)
		r = take_auxiliary(record, *text, err);
	return r;
}

/* The subnets that nobody named, then what depends on them. */
static int settle_subnets(struct db *db, struct network_record *record, const struct network_request *request,
			  struct error *err)
{
	bool routes = network_is_bridge(record); /* behind a parent is what the host is on, too */
	int r = record->subnet.family ? subnet_check(db, &record->subnet, routes, err)
				      : subnet_choose(db, &record->subnet, err);
	if (r >= 0 && record->subnet6.family)
		r = subnet_check(db, &record->subnet6, routes, err);
	else if (request->ipv6)
		record->subnet6 = subnet6_choose();
	return r < 0 ? r : take_parts(record, request, err);
}

/* Two roots on one host may have networks of one name: only the default root's default network has a fixed bridge. */
static char *bridge_name(const struct engine *engine, const struct network_record *record)
{
	if (streq(record->name, NETWORK_DEFAULT_NAME) && streq(engine->root, DEFAULT_ROOT))
		return mem_strdup("coffer0");
	return mem_printf("cf-%.*s", BRIDGE_ID_LENGTH, record->id);
}

static struct network_record *new_record(const struct network_request *request)
{
	struct network_record *record = NEW(struct network_record);
	char id[ID_HEX_LENGTH + 1];
	random_id(id);
	record->id = mem_strdup(id);
	record->name = mem_strdup(request->name);
	record->driver = mem_strdup(request->driver ? request->driver : "bridge");
	record->internal = request->internal;
	record->created_at = time_now_ns();
	for (char *const *label = request->labels; label && *label; label++)
		strv_append(&record->labels, *label);
	return record;
}

/* --- making it --- */

static int insert(struct engine *engine, const struct network_request *request, struct network_record *record,
		  struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	struct error why = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = settle_subnets(db, record, request, err);
	if (r >= 0 && !network_is_bridge(record))
		r = network_parent_check(db, record, err);
	if (r < 0)
		return r;
	r = network_row_insert(db, record, &why);
	if (r == -ERR_EXISTS)
		return err_set(err, ERR_EXISTS, "network with name %s already exists", record->name);
	if (r < 0 && err)
		*err = why;
	return r < 0 ? r : db_commit(&transaction, err);
}

int engine_network_create(struct engine *engine, const struct network_request *request, struct network_record **ret,
			  struct error *err)
{
	int r = check_name(request->name, err);
	if (r >= 0)
		r = request->driver ? network_driver_check(request->driver, err) : 0;
	if (r < 0)
		return r;
	_cleanup_network_ struct network_record *record = new_record(request);
	r = take_options(record, request, err);
	if (r >= 0)
		r = take_subnets(record, request, err);
	if (r < 0)
		return r;
	if (!record->bridge)
		record->bridge = bridge_name(engine, record);
	r = insert(engine, request, record, err);
	if (r < 0)
		return r;
	network_event(engine, record, "create", NULL);
	if (!streq(record->name, NETWORK_DEFAULT_NAME)) /* whose first container says so */
		foreign_warn(record);
	*ret = TAKE_PTR(record);
	return 0;
}

/* --- finding --- */

/* As coffer.conf(5) has it. */
static int create_default(struct engine *engine, struct network_record **ret, struct error *err)
{
	_cleanup_defaults_ struct defaults defaults = { 0 };
	_cleanup_strv_ char **options = NULL;
	int r = defaults_load(&defaults, err);
	if (r < 0)
		return r;
	if (defaults.bridge)
		strv_take(&options, mem_printf("com.docker.network.bridge.name=%s", defaults.bridge));
	const struct network_request request = {
		.name = NETWORK_DEFAULT_NAME,
		.subnets = defaults.subnets,
		.options = options,
	};
	r = engine_network_create(engine, &request, ret, err);
	if (r < 0 && r != -ERR_EXISTS && (defaults.bridge || defaults.subnets))
		return err_wrap(err, "make the default network as coffer.conf says");
	return r;
}

/* What the file says, where it says something else than @record is. */
static bool is_to_be_another(const struct network_record *record)
{
	_cleanup_defaults_ struct defaults defaults = { 0 };
	if (defaults_load(&defaults, NULL) < 0)
		return false;
	bool differs = defaults.bridge && !streq(defaults.bridge, record->bridge);
	for (char **text = defaults.subnets; text && *text; text++) {
		struct cidr subnet;
		if (cidr_parse(*text, &subnet, NULL) < 0)
			continue;
		const struct cidr *now = subnet.family == AF_INET6 ? &record->subnet6 : &record->subnet;
		differs |= !cidr_same_address(now, &subnet) || now->prefix != subnet.prefix;
	}
	return differs;
}

int network_ensure_default(struct engine *engine, struct error *err)
{
	_cleanup_network_ struct network_record *record = NULL;
	struct error why = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = network_row_load(db, NETWORK_DEFAULT_NAME, &record, err);
	if (r != 0)
		return r;
	r = create_default(engine, &record, &why);
	if (r == -ERR_EXISTS)
		return 0; /* somebody else was faster */
	if (r < 0 && err)
		*err = why;
	return r;
}

static int not_found(struct db *db, const char *name, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	struct network_record **records = NULL;
	size_t count = 0;
	err_set(err, ERR_NET, "network %s not found", name);
	if (network_row_list(db, &records, &count, NULL) < 0)
		return -ERR_NET;
	for (size_t i = 0; i < count; i++) {
		strv_append(&names, records[i]->name);
		network_record_free(records[i]);
	}
	free(records);
	strv_append(&names, "host");
	strv_append(&names, "none");
	_cleanup_free_ char *list = strv_join(names, ", ");
	return err_cause(err, "there are: %s", list);
}

int engine_network_find(struct engine *engine, const char *name, struct network_record **ret, struct error *err)
{
	_cleanup_free_ char *found = NULL;
	struct db *db;
	int r = streq(name, NETWORK_DEFAULT_NAME) ? network_ensure_default(engine, err) : 0;
	if (r >= 0)
		r = engine_db(engine, &db, err);
	if (r >= 0)
		r = network_row_find(db, name, &found, err);
	if (r > 0)
		r = network_row_load(db, found, ret, err);
	return r == 0 ? not_found(db, name, err) : r < 0 ? r : 0;
}

/* The two that are no rows. */
static const struct {
	const char *name, *driver, *id;
} WORDS[] = {
	{ "host", "host", "1000000000000000000000000000000000000000000000000000000000000000" },
	{ "none", "null", "2000000000000000000000000000000000000000000000000000000000000000" },
};

static struct network_record *word_record(size_t i)
{
	struct network_record *record = NEW(struct network_record);
	record->name = mem_strdup(WORDS[i].name);
	record->driver = mem_strdup(WORDS[i].driver);
	record->id = mem_strdup(WORDS[i].id);
	return record;
}

static int by_name(const void *a, const void *b)
{
	const struct network_record *const *first = a, *const *second = b;
	return strcmp((*first)->name, (*second)->name);
}

int engine_network_list(struct engine *engine, struct network_record ***ret, size_t *ret_count, struct error *err)
{
	struct network_record **records;
	size_t count;
	struct db *db;
	int r = network_ensure_default(engine, err);
	if (r >= 0)
		r = engine_db(engine, &db, err);
	if (r >= 0)
		r = network_row_list(db, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++)
		*ARRAY_APPEND(records, count) = word_record(i);
	network_cni_list(&records, &count);
	qsort(records, count, sizeof *records, by_name);
	*ret = records;
	*ret_count = count;
	return 0;
}

int network_find_any(struct engine *engine, const char *name, struct network_record **ret, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
		if (!streq(name, WORDS[i].name) && !streq(name, WORDS[i].id))
			continue;
		*ret = word_record(i);
		return 0;
	}
	const char *cni = str_after(name, CNI_NAME_PREFIX);
	if (cni)
		return network_cni_record(cni, ret, err);
	return engine_network_find(engine, name, ret, err);
}

bool network_is_builtin(const struct network_record *record)
{
	return is_reserved(record->name) || streq(record->name, NETWORK_DEFAULT_NAME) ||
	       streq(record->driver, CNI_DRIVER);
}

int engine_network_is_dangling(struct engine *engine, const struct network_record *record, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = endpoint_row_list(db, NULL, record->name, &list, err);
	return r < 0 ? r : list.count == 0;
}

/* --- removing --- */

static char *container_name_of(struct db *db, const char *id)
{
	char *name = NULL;
	if (db_get_text(db, "SELECT name FROM containers WHERE id = ?1", DB_VALUES(DB_TEXT(id)), &name, NULL) <= 0)
		return mem_strndup(id, 12);
	return name;
}

static int in_use(struct db *db, const struct network_record *record, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	_cleanup_strv_ char **names = NULL;
	int r = endpoint_row_list(db, NULL, record->name, &list, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.count; i++)
		strv_take(&names, container_name_of(db, list.items[i].container));
	_cleanup_free_ char *text = strv_join(names, ", ");
	err_set(err, ERR_BUSY, "network %s is in use", record->name);
	return err_cause(err, "running containers are on it: %s", text);
}

/* The row goes last: what a crash leaves belongs to a network that is there, and goes with it. */
static int remove_network(struct engine *engine, const struct network_record *record, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = endpoint_row_list(db, NULL, record->name, &list, err);
	if (r < 0)
		return r;
	if (list.count > 0)
		return in_use(db, record, err);
	r = network_take_down(engine, record, err);
	if (r >= 0)
		r = network_row_delete(db, record->name, err);
	if (r < 0)
		return r;
	network_event(engine, record, "destroy", NULL);
	return 0;
}

int engine_network_remove(struct engine *engine, const char *name, struct error *err)
{
	_cleanup_network_ struct network_record *record = NULL;
	int r = network_find_any(engine, name, &record, err);
	if (r < 0)
		return r;
	if (streq(record->driver, CNI_DRIVER)) {
		err_set(err, ERR_INVALID, "%s is the administrator's and cannot be removed", record->name);
		return err_cause(err, "it is a file in \"%s\"", network_cni_directory());
	}
	bool renewed = streq(record->name, NETWORK_DEFAULT_NAME) && is_to_be_another(record);
	if (network_is_builtin(record) && !renewed)
		return err_set(err, ERR_INVALID, "%s is a pre-defined network and cannot be removed", record->name);
	return remove_network(engine, record, err);
}
