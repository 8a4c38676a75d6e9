/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-dns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "network/dns.h"
#include "network/files.h"

enum { SHORT_ID = 12 };

static char *directory_of(const struct engine *engine, const char *network)
{
	return mem_printf("%s/networks/%s", engine->runroot, network);
}

static bool has_names(const char *network)
{
	return !streq(network, NETWORK_DEFAULT_NAME);
}

/* Who holds it, is alone with all name servers below our run root. */
static int lock(const struct engine *engine, struct error *err)
{
	enum { MODE = 0700 };
	_cleanup_free_ char *path = mem_printf("%s/networks", engine->runroot);
	if (mkdir(path, MODE) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory '%s'", path);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_sys(err, errno, "lock directory '%s'", path);
	return TAKE_FD(fd);
}

/* --- what it is to say --- */

struct names {
	struct str hosts, dotted;
	char **dns; /* whom the containers want to be asked */
	size_t count;
};

static void names_done(struct names *names)
{
	str_done(&names->hosts);
	str_done(&names->dotted);
	strv_free(names->dns);
}
#define _cleanup_names_ _cleanup_(names_done)

/* Aliases are what somebody typed: one with a blank in it would be two. */
static bool is_name(const char *text)
{
	return *text &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == strlen(text);
}

static void put_address(struct names *names, const struct cidr *address, char *const *words)
{
	char text[CIDR_TEXT_MAX];
	_cleanup_free_ char *line = strv_join(words, " ");
	if (address->family)
		str_appendf(&names->hosts, "%s %s\n", cidr_address_text(address, text), line);
}

static void put_endpoint(struct names *names, const struct endpoint *endpoint, const char *name)
{
	_cleanup_strv_ char **words = NULL;
	strv_append(&words, name);
	strv_take(&words, mem_strndup(endpoint->container, SHORT_ID));
	for (char **alias = endpoint->aliases; alias && *alias; alias++)
		if (is_name(*alias))
			strv_append(&words, *alias);
	put_address(names, &endpoint->address, words);
	put_address(names, &endpoint->address6, words);
	for (char **word = words; *word; word++)
		if (strchr(*word, '.'))
			str_appendf(&names->dotted, "server=/%s/\n", *word);
	names->count++;
}

static int collect(struct db *db, const struct network_record *network, const char *without, struct names *names,
		   struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	int r = endpoint_row_list(db, NULL, network->name, &list, err);
	for (size_t i = 0; r >= 0 && i < list.count; i++) {
		_cleanup_container_row_ struct container_row row = { 0 };
		if (streq_null(list.items[i].container, without))
			continue;
		r = container_row_load(db, list.items[i].container, &row, err);
		if (r <= 0)
			continue;
		put_endpoint(names, &list.items[i], row.name);
		for (char **dns = config_spec(&row.config)->dns; dns && *dns; dns++)
			if (!strv_contains(names->dns, *dns))
				strv_append(&names->dns, *dns);
	}
	return r;
}

/* --- */

/* The rows but those of @without, as they are while we hold the lock. */
static int publish(struct engine *engine, const char *name, const char *without, struct error *err)
{
	_cleanup_network_ struct network_record *network = NULL;
	_cleanup_free_ char *directory = directory_of(engine, name);
	_cleanup_names_ struct names names = { 0 };
	_cleanup_free_ char *upstream = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = network_row_load(db, name, &network, err);
	if (r > 0)
		r = collect(db, network, without, &names, err);
	if (r < 0)
		return r;
	if (names.count == 0)
		return dns_stop(directory, err);
	if (!network->internal && (r = network_upstream_resolv_conf(names.dns, &upstream, err)) < 0)
		return r;
	const struct dns dns = {
		.directory = directory,
		.bridge = network->bridge,
		.hosts = str_text(&names.hosts),
		.dotted = str_text(&names.dotted),
		.upstream = upstream,
	};
	return dns_serve(&dns, err);
}

static int add_to(struct engine *engine, const char *network, struct error *err)
{
	_cleanup_close_ int held = lock(engine, err);
	return held < 0 ? held : publish(engine, network, NULL, err);
}

static char *gateway_of(struct engine *engine, const char *name)
{
	_cleanup_network_ struct network_record *network = NULL;
	char text[CIDR_TEXT_MAX];
	struct db *db;
	if (engine_db(engine, &db, NULL) < 0 || network_row_load(db, name, &network, NULL) <= 0)
		return NULL;
	return mem_strdup(cidr_address_text(&network->gateway, text));
}

void network_names_add(struct engine *engine, const struct endpoint_list *endpoints, char **ret)
{
	for (size_t i = 0; i < endpoints->count; i++) {
		const char *network = endpoints->items[i].network;
		struct error why = { 0 };
		if (!has_names(network))
			continue;
		if (add_to(engine, network, &why) < 0) {
			_cleanup_free_ char *about = mem_printf("no names on the network \"%s\"", network);
			log_failure(LOG_LEVEL_WARN, about, &why);
		} else if (!*ret) {
			*ret = gateway_of(engine, network);
		}
	}
}

void network_names_repair(struct engine *engine, const char *network)
{
	_cleanup_free_ char *directory = directory_of(engine, network);
	struct error why = { 0 };
	if (has_names(network) && !dns_is_running(directory) && add_to(engine, network, &why) < 0)
		log_failure(LOG_LEVEL_DEBUG, "start the name server again", &why);
}

static bool any_has_names(const struct endpoint_list *endpoints)
{
	bool any = false;
	for (size_t i = 0; i < endpoints->count; i++)
		any |= has_names(endpoints->items[i].network);
	return any;
}

static void remove_from(struct engine *engine, const char *id, const char *network)
{
	struct error why = { 0 };
	if (has_names(network) && publish(engine, network, id, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "take a container's names away", &why);
}

static void remove_from_all(struct engine *engine, const char *id, const struct endpoint_list *endpoints)
{
	for (size_t i = 0; i < endpoints->count; i++)
		remove_from(engine, id, endpoints->items[i].network);
}

int network_names_remove(struct engine *engine, const char *id, const struct endpoint_list *endpoints,
			 struct error *err)
{
	_cleanup_close_ int held = -1;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0 && any_has_names(endpoints))
		r = held = lock(engine, err);
	if (r < 0)
		return r;
	/* Before the rows, so that whoever is killed in between leaves rows, with which this is done again. */
	remove_from_all(engine, id, endpoints);
	return endpoint_rows_delete(db, id, err);
}

int network_names_leave(struct engine *engine, const char *id, const char *network, struct error *err)
{
	_cleanup_close_ int held = -1;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0 && has_names(network))
		r = held = lock(engine, err);
	if (r < 0)
		return r;
	remove_from(engine, id, network);
	return endpoint_row_delete(db, id, network, err);
}

int network_names_stop(struct engine *engine, const struct network_record *record, struct error *err)
{
	_cleanup_free_ char *directory = directory_of(engine, record->name);
	_cleanup_close_ int held = lock(engine, err);
	return held < 0 ? held : dns_stop(directory, err);
}
