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
#include "base/util.h"
#include "engine/live.h"
#include "engine/network-driver.h"
#include "engine/network-names.h"
#include "engine/network-own.h"
#include "engine/network-user.h"
#include "engine/record.h"
#include "network/dns.h"
#include "network/files.h"

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

/* --- one name server --- */

static int serve_there(void *argument, struct error *err)
{
	return dns_serve(argument, err);
}

static int serve(struct engine *engine, const char *directory, const char *bridge, int netns, const struct names *names,
		 struct error *err)
{
	_cleanup_free_ char *upstream = NULL;
	bool on_host = bridge && !network_is_of_user(); /* what is on its loopback answers, too */
	int r = names->leads_out ? network_upstream_resolv_conf(names->dns, on_host, &upstream, err) : 0;
	if (r < 0)
		return r;
	struct dns dns = {
		.directory = directory,
		.bridge = bridge,
		.netns = netns,
		.hosts = str_text(&names->hosts),
		.dotted = str_text(&names->dotted),
		.upstream = upstream,
	};
	return network_own_work(engine, true, serve_there, &dns, err);
}

/* That of a network: the rows but those of @without, as they are while we hold the lock. */
static int publish_network(struct engine *engine, struct db *db, const char *name, const char *without,
			   struct error *err)
{
	_cleanup_network_ struct network_record *network = NULL;
	_cleanup_free_ char *directory = directory_of(engine, name);
	_cleanup_names_ struct names names = { 0 };
	int r = network_row_load(db, name, &network, err);
	if (r > 0)
		r = names_collect(db, network, without, &names, err);
	if (r < 0)
		return r;
	bool wanted = names.count > 0 && network_is_bridge(network);
	return wanted ? serve(engine, directory, network->bridge, -1, &names, err) : dns_stop(directory, err);
}

/* --- of a container on several networks --- */

/* No network is called so. */
static char *own_directory_of(const struct engine *engine, const char *id)
{
	return mem_printf("%s/networks/.%s", engine->runroot, id);
}

/* Its process's, or -1 while there is none. */
static int open_netns(struct engine *engine, const char *id)
{
	struct monitor_status status;
	bool runs = status_of(engine, id, &status, NULL) > 0 && status.state == MONITOR_STATE_RUNNING;
	return runs ? MAX(live_open_netns(&status), -1) : -1;
}

static int collect_all(struct db *db, const char *id, const char *without, struct names *names, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	int r = endpoint_row_list(db, id, NULL, &list, err);
	for (size_t i = 0; r >= 0 && i < list.count; i++) {
		_cleanup_network_ struct network_record *network = NULL;
		r = network_row_load(db, list.items[i].network, &network, err);
		if (r > 0 && has_names(network->name))
			r = names_collect(db, network, without, names, err);
		else if (r > 0)
			names->leads_out = true;
	}
	return r;
}

/* @netns: of the container, if it is about to start. */
static int publish_own(struct engine *engine, struct db *db, const char *id, const char *without, int netns,
		       struct error *err)
{
	_cleanup_free_ char *directory = own_directory_of(engine, id);
	_cleanup_close_ int opened = netns < 0 ? open_netns(engine, id) : -1;
	_cleanup_names_ struct names names = { 0 };
	int inside = netns < 0 ? opened : netns;
	if (inside < 0)
		return 0;
	int r = collect_all(db, id, without, &names, err);
	return r < 0 ? r : serve(engine, directory, NULL, inside, &names, err);
}

/* --- all that a change of a network is told to --- */

/* @self is about to start, and has @netns. */
static int publish(struct engine *engine, const char *network, const char *without, const char *self, int netns,
		   struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = publish_network(engine, db, network, without, err);
	if (r >= 0)
		r = endpoint_row_serving(db, network, NETWORK_DEFAULT_NAME, &ids, err);
	for (char **id = ids; r >= 0 && id && *id; id++)
		if (!streq_null(*id, without))
			r = publish_own(engine, db, *id, without, streq_null(*id, self) ? netns : -1, err);
	return r;
}

static int add_to(struct engine *engine, const struct endpoint *endpoint, int netns, struct error *err)
{
	_cleanup_close_ int held = lock(engine, err);
	return held < 0 ? held : publish(engine, endpoint->network, NULL, endpoint->container, netns, err);
}

/* Where the name server of a network is: on its bridge, or in each container. */
static char *server_of(struct engine *engine, const char *name)
{
	_cleanup_network_ struct network_record *network = NULL;
	char text[CIDR_TEXT_MAX];
	struct db *db;
	if (engine_db(engine, &db, NULL) < 0 || network_row_load(db, name, &network, NULL) <= 0)
		return NULL;
	return mem_strdup(network_is_bridge(network) ? cidr_address_text(&network->gateway, text) : DNS_ADDRESS);
}

char *network_names_server(struct engine *engine, const struct endpoint_list *endpoints)
{
	const char *only = NULL;
	for (size_t i = 0; i < endpoints->count; i++) {
		if (!has_names(endpoints->items[i].network))
			continue;
		if (only)
			return mem_strdup(DNS_ADDRESS);
		only = endpoints->items[i].network;
	}
	return only ? server_of(engine, only) : NULL;
}

void network_names_add(struct engine *engine, const struct endpoint_list *endpoints, int netns, char **ret)
{
	size_t count = 0;
	for (size_t i = 0; i < endpoints->count; i++) {
		const char *network = endpoints->items[i].network;
		struct error why = { 0 };
		if (!has_names(network))
			continue;
		if (add_to(engine, &endpoints->items[i], netns, &why) < 0) {
			_cleanup_free_ char *about = mem_printf("no names on the network \"%s\"", network);
			log_failure(LOG_LEVEL_WARN, about, &why);
		} else if (count++ == 0) {
			*ret = server_of(engine, network);
		}
	}
	if (count < 2)
		return;
	free(*ret);
	*ret = mem_strdup(DNS_ADDRESS);
}

static bool all_run(struct engine *engine, const char *network)
{
	_cleanup_free_ char *directory = directory_of(engine, network);
	_cleanup_free_ char *server = server_of(engine, network);
	_cleanup_strv_ char **ids = NULL;
	struct db *db;
	bool all = streq_null(server, DNS_ADDRESS) || dns_is_running(directory);
	if (engine_db(engine, &db, NULL) < 0 || endpoint_row_serving(db, network, NETWORK_DEFAULT_NAME, &ids, NULL) < 0)
		return all;
	for (char **id = ids; id && *id; id++) {
		_cleanup_free_ char *own = own_directory_of(engine, *id);
		all = all && dns_is_running(own);
	}
	return all;
}

void network_names_repair(struct engine *engine, const char *network)
{
	struct error why = { 0 };
	const struct endpoint nobody = { .network = (char *)network };
	if (has_names(network) && !all_run(engine, network) && add_to(engine, &nobody, -1, &why) < 0)
		log_failure(LOG_LEVEL_DEBUG, "start the name server again", &why);
}

/* The one of its own, if it has one. */
static void stop_own(struct engine *engine, const char *id)
{
	_cleanup_free_ char *directory = own_directory_of(engine, id);
	struct error why = { 0 };
	if (dns_stop(directory, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "end a container's name server", &why);
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
	if (has_names(network) && publish(engine, network, id, NULL, -1, &why) < 0)
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
	if (held >= 0)
		stop_own(engine, id);
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
	stop_own(engine, id); /* it is started again if it has still several */
	return endpoint_row_delete(db, id, network, err);
}

int network_names_stop(struct engine *engine, const struct network_record *record, struct error *err)
{
	_cleanup_free_ char *directory = directory_of(engine, record->name);
	_cleanup_close_ int held = lock(engine, err);
	return held < 0 ? held : dns_stop(directory, err);
}
