/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-user.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/network-reserve.h"
#include "engine/network-way.h"
#include "network/netns.h"
#include "runtime/user-namespace.h"

/* --- whose network it is --- */

static int open_own(const char *type)
{
	_cleanup_free_ char *path = mem_printf("/proc/self/ns/%s", type);
	return open(path, O_RDONLY | O_CLOEXEC);
}

bool network_is_of_user(void)
{
	struct stat owner, ours;
	if (!user_namespace_is_own())
		return false;
	_cleanup_close_ int network = open_own("net");
	_cleanup_close_ int fd = network < 0 ? -1 : ioctl(network, NS_GET_USERNS);
	/* That of an ancestor is not shown to us. */
	return fd < 0 || fstat(fd, &owner) < 0 || stat("/proc/self/ns/user", &ours) < 0 || owner.st_ino != ours.st_ino;
}

/* --- what is published --- */

/* Their address in the container is that of its loopback interface, for it has none that is known before. */
static int reserve(struct db *db, const char *id, const struct container_config *config, struct published_list *ret,
		   struct error *err)
{
	struct endpoint endpoint = { 0 };
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	int r = cidr_parse_address("127.0.0.1", &endpoint.address, err);
	if (r >= 0)
		r = cidr_parse_address("::1", &endpoint.address6, err);
	if (r >= 0)
		r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = reserve_ports(db, NULL, id, config, NULL, &endpoint, ret, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

/* --- attaching --- */

bool network_user_suffices(const struct container_spec *spec)
{
	bool suffices = spec->n_endpoints > 0 && network_is_of_user();
	for (size_t i = 0; i < spec->n_endpoints; i++)
		suffices = suffices && streq(spec->endpoints[i].network, NETWORK_DEFAULT_NAME);
	return suffices;
}

/* --- which way --- */

/* The one that was asked for, or NULL. */
static const char *way_of(const struct container_spec *spec)
{
	const char *way = NULL;
	for (size_t i = 0; !way && i < spec->n_endpoints; i++)
		way = env_value(spec->endpoints[i].options, ENDPOINT_WAY_OPTION);
	return way;
}

int network_user_check(const struct container_spec *spec, struct error *err)
{
	const char *way = way_of(spec);
	if (way && !network_is_of_user())
		return err_set(err, ERR_UNSUPPORTED, "network %.*s is for users who are not root",
			       (int)strcspn(way, ":"), way);
	return way ? way_out_check(way, err) : 0;
}

char *network_user_resolver(const struct container_spec *spec)
{
	return network_user_suffices(spec) && !spec->dns ? mem_strdup(way_out_resolver(way_of(spec))) : NULL;
}

static char *directory_of(const struct engine *engine, const char *id)
{
	return mem_printf("%s/containers/%s", engine->runroot, id);
}

static int connect_namespace(struct engine *engine, const struct launch *launch, const struct published_list *ports,
			     const char *way, int *ret_netns, struct error *err)
{
	_cleanup_free_ char *directory = directory_of(engine, launch->id);
	_cleanup_netns_ struct netns netns = NETNS_NONE;
	int r = netns_make_apart(launch->userns, true, &netns, err);
	if (r < 0)
		return r;
	r = way_out_start(directory, netns.fd, way, ports, err);
	if (r >= 0)
		*ret_netns = TAKE_FD(netns.fd);
	return r;
}

int network_user_attach(struct engine *engine, const struct launch *launch, const struct container_config *config,
			int *ret_netns, struct error *err)
{
	_cleanup_published_list_ struct published_list ports = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = reserve(db, launch->id, config, &ports, err);
	if (r < 0)
		return r;
	r = connect_namespace(engine, launch, &ports, way_of(config_spec(config)), ret_netns, err);
	if (r < 0)
		(void)network_user_detach(engine, launch->id, NULL);
	return r;
}

int network_user_detach(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_free_ char *directory = directory_of(engine, id);
	struct db *db;
	int r = engine_db(engine, &db, err);
	way_out_stop(directory);
	return r < 0 ? r : published_rows_delete(db, id, err);
}
