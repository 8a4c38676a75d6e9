/* SPDX-License-Identifier: Apache-2.0 */
/* The files by which a container knows its own name, its addresses and whom to ask for others'. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/id-mapping.h"
#include "engine/network-row.h"
#include "engine/record.h"
#include "network/files.h"

static const char *const NAMES[] = { "hostname", "hosts", "resolv.conf" };

/* For everybody in the container, whatever our umask is. */
static int write_readable(int dir, const char *name, const char *text, struct error *err)
{
	enum { MODE = 0644 };
	return file_write_atomic(dir, name, text, strlen(text), MODE, FILE_EXACT_MODE, err);
}

/* Whoever shares a network with another container is known by its name there. */
static int copy_files(struct engine *engine, const char *container, int dir, struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	int r = engine_container_find(engine, container, &record, err);
	_cleanup_close_ int from = r < 0 ? -1 : run_dir_open(engine, record->id);
	if (from < 0)
		return r; /* it has none while it does not run, and the start will say so */
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(NAMES); i++) {
		_cleanup_free_ char *text = NULL;
		r = file_read(from, NAMES[i], NETWORK_FILE_MAX, &text, NULL, err);
		if (r >= 0)
			r = write_readable(dir, NAMES[i], text, err);
	}
	return r;
}

static char **addresses_of(const struct endpoint_list *endpoints)
{
	char **addresses = NULL, text[CIDR_TEXT_MAX];
	for (size_t i = 0; i < endpoints->count; i++) {
		if (endpoints->items[i].address.family)
			strv_append(&addresses, cidr_address_text(&endpoints->items[i].address, text));
		if (endpoints->items[i].address6.family)
			strv_append(&addresses, cidr_address_text(&endpoints->items[i].address6, text));
	}
	return addresses;
}

/* By which address it reaches this host, if it can and wants to know: the gateway of its first network. free() it. */
static char *host_gateway(struct engine *engine, const struct container_spec *spec)
{
	_cleanup_network_ struct network_record *network = NULL;
	char text[CIDR_TEXT_MAX];
	if (!spec->extra_hosts)
		return NULL;
	if (spec->network == NETWORK_HOST)
		return mem_strdup("127.0.0.1");
	if (spec->n_endpoints == 0 || engine_network_find(engine, spec->endpoints[0].network, &network, NULL) < 0)
		return NULL;
	return mem_strdup(cidr_address_text(&network->gateway, text));
}

static int make_files(struct engine *engine, const struct container_config *config,
		      const struct endpoint_list *endpoints, const char *resolver, struct network_files *ret,
		      struct error *err)
{
	const struct container_spec *spec = config_spec(config);
	_cleanup_free_ char *gateway = host_gateway(engine, spec);
	_cleanup_strv_ char **addresses = addresses_of(endpoints);
	const struct network_files_request request = {
		.hostname = config->hostname,
		.domainname = spec->domainname,
		.host_network = spec->network == NETWORK_HOST,
		.addresses = addresses,
		.extra_hosts = spec->extra_hosts,
		.host_gateway = gateway,
		.resolver = resolver,
		.dns = spec->dns,
		.dns_search = spec->dns_search,
		.dns_options = spec->dns_options,
	};
	return network_files_make(&request, ret, err);
}

int launch_check_files(struct engine *engine, const struct container_config *config, struct error *err)
{
	_cleanup_network_files_ struct network_files files = { 0 };
	if (config_spec(config)->network == NETWORK_CONTAINER)
		return 0;
	return make_files(engine, config, &(const struct endpoint_list){ 0 }, NULL, &files, err);
}

int launch_write_files(struct engine *engine, const struct container_config *config,
		       const struct endpoint_list *endpoints, const char *resolver, int dir, struct error *err)
{
	const struct container_spec *spec = config_spec(config);
	_cleanup_network_files_ struct network_files files = { 0 };
	if (spec->network == NETWORK_CONTAINER && endpoints->count == 0)
		return copy_files(engine, spec->network_target, dir, err);
	int r = make_files(engine, config, endpoints, resolver, &files, err);
	const char *const texts[] = { files.hostname, files.hosts, files.resolv_conf };
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(NAMES); i++)
		r = write_readable(dir, NAMES[i], texts[i], err);
	return r;
}

int launch_give_files(const struct launch *launch, struct error *err)
{
	_cleanup_id_mapping_ struct id_mapping mapping = { 0 };
	uint32_t uid, gid;
	int r = id_mapping_from_texts(launch->uid_map, launch->gid_map, &mapping, err);
	if (r < 0 || !id_list_to_host(&mapping.uids, 0, &uid) || !id_list_to_host(&mapping.gids, 0, &gid))
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (fchownat(launch->dir.fd, NAMES[i], uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return err_sys(err, errno, "give \"%s\" to the container", NAMES[i]);
	return 0;
}

/* --- of one that runs --- */

/* As it is, for the file itself is mounted in the container. */
static int write_in_place(int dir, const char *name, const char *text, struct error *err)
{
	_cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
	return r < 0 ? err_sys(err, -r, "write the container's \"%s\"", name) : 0;
}

/* What somebody has added in the container stays, unless it is too much to read: then it is @made. */
static int update_hosts(const struct container_config *config, const struct endpoint_list *endpoints, const char *made,
			int dir, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_strv_ char **addresses = addresses_of(endpoints);
	if (file_read(dir, "hosts", NETWORK_FILE_MAX, &text, NULL, NULL) < 0)
		text = mem_strdup(made);
	_cleanup_free_ char *names = network_own_names(config->hostname, config_spec(config)->domainname);
	_cleanup_free_ char *changed = network_change_hosts(text, names, addresses);
	return write_in_place(dir, "hosts", changed, err);
}

int launch_update_files(struct engine *engine, const struct container_config *config,
			const struct endpoint_list *endpoints, const char *resolver, int dir, struct error *err)
{
	_cleanup_network_files_ struct network_files files = { 0 };
	int r = make_files(engine, config, endpoints, resolver, &files, err);
	if (r >= 0)
		r = update_hosts(config, endpoints, files.hosts, dir, err);
	return r < 0 ? r : write_in_place(dir, "resolv.conf", files.resolv_conf, err);
}
