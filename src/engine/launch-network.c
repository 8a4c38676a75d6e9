/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/launch-network.h"

#include <stdlib.h>

#include "base/str.h"
#include "engine/network-cni-show.h"
#include "engine/network-dns.h"
#include "engine/network-user.h"
#include "engine/record.h"

void launch_network_done(struct launch_network *network)
{
	attachment_free(network->attachment);
	endpoint_list_done(&network->endpoints);
	container_row_done(&network->row);
	free(network->resolver);
	*network = (struct launch_network){ 0 };
}

/*
 * A setting of the kernel may be meant for an interface, or change what becomes of one that comes later: it is made while all
 * of them are there.
 */
static bool sets_up_interfaces(const struct container_spec *spec)
{
	for (char **setting = spec->sysctls; setting && *setting; setting++)
		if (str_starts_with(*setting, "net"))
			return true;
	return false;
}

/* Nobody can be asked before the network is there; what @names has is NULL then. */
static char *resolver_of(const struct container_spec *spec, char *names)
{
	return names ? names : network_user_resolver(spec);
}

int launch_network_begin(struct engine *engine, struct launch *launch, struct launch_network *ret, struct error *err)
{
	struct db *db;
	if (!launch->networked)
		return 0;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = container_row_load(db, launch->id, &ret->row, err);
	struct container_config *config = &ret->row.config;
	if (r >= 0)
		r = network_attach(engine, launch, config, &launch->netns, &ret->endpoints, &ret->attachment, err);
	if (r >= 0 && config_spec(config)->network == NETWORK_CNI)
		r = network_cni_names(engine, launch->id, config, err);
	if (r < 0)
		return r;
	ret->resolver = resolver_of(config_spec(config), network_names_server(engine, &ret->endpoints));
	r = launch_write_files(engine, config, &ret->endpoints, ret->resolver, launch->dir.fd, err);
	return r >= 0 && sets_up_interfaces(config_spec(config)) ? launch_network_finish(engine, launch, ret, err) : r;
}

int launch_network_finish(struct engine *engine, const struct launch *launch, struct launch_network *network,
			  struct error *err)
{
	const struct container_config *config = &network->row.config;
	if (!network->attachment)
		return 0;
	int r = network_plug_in(network->attachment, err);
	attachment_free(TAKE_PTR(network->attachment));
	if (r < 0)
		return r;
	char *names = NULL;
	network_names_add(engine, &network->endpoints, launch->netns, &names);
	_cleanup_free_ char *resolver = resolver_of(config_spec(config), names);
	/* There is no name server, after all. */
	if (!streq_null(resolver, network->resolver))
		r = launch_update_files(engine, config, &network->endpoints, resolver, launch->dir.fd, err);
	return r;
}
