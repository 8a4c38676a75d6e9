/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount-idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "runtime/id-map.h"
#include "runtime/procfs.h"

void mount_idmap_done(struct mount_idmap *map)
{
	free(map->uids);
	free(map->gids);
	*map = (struct mount_idmap){ 0 };
}

/* --- "idmap=..." --- */

static int malformed(const char *text, struct error *err)
{
	return err_set(err, ERR_SPEC, "\"%s\" is not of the form FIRST-SEEN-COUNT", text);
}

static int parse_triple(const char *text, struct spec_id_mapping *ret, struct error *err)
{
	_cleanup_strv_ char **parts = strv_split(text, '-');
	uint64_t numbers[3];
	if (strv_count(parts) != 3)
		return malformed(text, err);
	for (int i = 0; i < 3; i++)
		if (parse_u64(parts[i], UINT32_MAX, &numbers[i], NULL) < 0)
			return malformed(text, err);
	*ret = (struct spec_id_mapping){ (uint32_t)numbers[0], (uint32_t)numbers[1], (uint32_t)numbers[2] };
	return 0;
}

/* An id of the container as the host has it. */
static int to_host(struct spec_id_mapping *mapping, const struct spec_id_mapping *maps, size_t count, const char *text,
		   struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t offset = mapping->host_id - maps[i].container_id;
		if (mapping->host_id < maps[i].container_id || offset >= maps[i].size ||
		    mapping->size > maps[i].size - offset)
			continue;
		mapping->host_id = maps[i].host_id + offset;
		return 0;
	}
	return err_set(err, ERR_SPEC, "\"%s\" is not in one mapping of the container's user namespace", text);
}

static int parse_list(const char *text, const struct spec_id_mapping *maps, size_t n_maps, struct spec_id_mapping **list,
		      size_t *count, struct error *err)
{
	_cleanup_strv_ char **triples = strv_split(text, '#');
	if (strv_count(triples) == 0 || *count > 0)
		return malformed(text, err);
	for (char **triple = triples; *triple; triple++) {
		bool relative = **triple == '@';
		struct spec_id_mapping mapping;
		int r = parse_triple(*triple + relative, &mapping, err);
		if (r == 0 && relative)
			r = to_host(&mapping, maps, n_maps, *triple, err);
		if (r < 0)
			return r;
		*ARRAY_APPEND(*list, *count) = mapping;
	}
	return 0;
}

int mount_idmap_parse(const char *text, const struct spec *spec, struct mount_idmap *ret, struct error *err)
{
	_cleanup_(mount_idmap_done) struct mount_idmap map = { 0 };
	_cleanup_strv_ char **parts = strv_split(text, ';');
	for (char **part = parts; part && *part; part++) {
		const char *uids = str_after(*part, "uids="), *gids = str_after(*part, "gids=");
		int r = uids ? parse_list(uids, spec->uid_mappings, spec->n_uid_mappings, &map.uids, &map.n_uids, err) :
			gids ? parse_list(gids, spec->gid_mappings, spec->n_gid_mappings, &map.gids, &map.n_gids, err) :
			       err_set(err, ERR_SPEC, "\"%s\" is neither \"uids=...\" nor \"gids=...\"", *part);
		if (r < 0)
			return err_wrap(err, "mount option \"idmap\"");
	}
	if (map.n_uids + map.n_gids == 0)
		return err_set(err, ERR_SPEC, "mount option \"idmap=%s\" maps nothing", text);
	*ret = map;
	map = (struct mount_idmap){ 0 };
	return 0;
}

/* --- the user namespace --- */

bool mount_idmap_is_wanted(const struct spec_mount *mount, const struct mount_options *options)
{
	return options->map_ids || mount->n_uid_mappings > 0;
}

static int new_namespace(const struct id_maps *maps, struct error *err)
{
	_cleanup_close_ int proc = procfs_open(err);
	return proc < 0 ? proc : id_maps_namespace(proc, maps, err);
}

static int mapped_by_option(const char *text, const struct spec *spec, struct error *err)
{
	_cleanup_(mount_idmap_done) struct mount_idmap map = { 0 };
	int r = mount_idmap_parse(text, spec, &map, err);
	const struct id_maps maps = { map.uids, map.gids, map.n_uids, map.n_gids };
	return r < 0 ? r : new_namespace(&maps, err);
}

static int duplicate(int fd, struct error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return copy < 0 ? err_sys(err, errno, "duplicate a file descriptor") : copy;
}

static int open_namespace(const struct spec *spec, const struct spec_mount *mount, const struct mount_options *options,
			  int user_namespace, struct error *err)
{
	if (mount->n_uid_mappings > 0) {
		const struct id_maps maps = { mount->uid_mappings, mount->gid_mappings, mount->n_uid_mappings,
					      mount->n_gid_mappings };
		return new_namespace(&maps, err);
	}
	if (options->id_mapping)
		return mapped_by_option(options->id_mapping, spec, err);
	if (user_namespace >= 0)
		return duplicate(user_namespace, err);
	const struct id_maps maps = { spec->uid_mappings, spec->gid_mappings, spec->n_uid_mappings, spec->n_gid_mappings };
	if (maps.n_uids == 0)
		return err_set(err, ERR_SPEC, "mount option \"idmap\" needs mappings, or a container with a user namespace");
	return new_namespace(&maps, err);
}

int mount_idmap_apply(int fd, const struct spec *spec, const struct spec_mount *mount, const struct mount_options *options,
		      int user_namespace, struct error *err)
{
	_cleanup_close_ int namespace = open_namespace(spec, mount, options, user_namespace, err);
	return namespace < 0 ? namespace : mount_map_ids(fd, namespace, options->map_ids_recursive, err);
}
