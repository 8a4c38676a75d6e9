/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-config.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/registry-files.h"

/* --- which entry? --- */

/* How much of @name ("host/path") @prefix covers; 0 if it does not. "*.example.com" stands for every host below that. */
static size_t covers(const char *prefix, const char *name)
{
	const char *wild = str_after(prefix, "*"), *rest;
	if (!wild) {
		rest = str_after(name, prefix);
		return rest && (!*rest || *rest == '/') ? strlen(prefix) : 0;
	}
	size_t host = strcspn(name, "/"), domain = strcspn(wild, "/");
	if (*wild != '.' || host <= domain || strncmp(name + host - domain, wild, domain) != 0)
		return 0;
	rest = str_after(name + host, wild + domain);
	return rest && (!*rest || *rest == '/') ? (size_t)(rest - name) : 0;
}

/* The strings of an entry of [[registry]] or [[registry.mirror]]. */
struct entry {
	const char *prefix, *location, *use;
	bool insecure, blocked, digest_only;
};

static int read_entry(const struct json_node *node, struct entry *entry, struct error *err)
{
	int r = json_as_object(node, err);
	if (r < 0 || (r = json_get_string(node, "prefix", &entry->prefix, err)) < 0 ||
	    (r = json_get_string(node, "location", &entry->location, err)) < 0 ||
	    (r = json_get_string(node, "pull-from-mirror", &entry->use, err)) < 0 ||
	    (r = json_get_bool(node, "insecure", &entry->insecure, err)) < 0 ||
	    (r = json_get_bool(node, "mirror-by-digest-only", &entry->digest_only, err)) < 0 ||
	    (r = json_get_bool(node, "blocked", &entry->blocked, err)) < 0)
		return r;
	if (str_is_empty(entry->prefix))
		entry->prefix = entry->location;
	if (str_is_empty(entry->prefix))
		return json_error(node, err, "neither \"location\" nor \"prefix\" is given");
	return 0;
}

struct match {
	struct json_node root, registries; /* what @node is in, for the path in errors */
	struct json_node node;		   /* of the entry */
	struct entry entry;
	size_t covered;
	bool found;
};

/* Nodes point to those that they are in, which have to last as long as @best does. */
static void keep_match(struct match *best, const struct match *match, const struct json_node *root,
		       const struct json_node *registries)
{
	*best = *match;
	best->root = *root;
	best->registries = *registries;
	best->registries.parent = &best->root;
	best->node.parent = &best->registries;
}

/* The entry that covers most of @name; of two with the same prefix the later one. */
static int find_entry(const struct registry_files *files, const char *name, struct match *best, struct error *err)
{
	for (size_t i = 0; i < files->n; i++) {
		struct json_node root = json_root(&files->files[i]), registries;
		int r = json_get_array(&root, "registry", &registries, err);
		for (size_t j = 0; r > 0 && j < json_array_length(&registries); j++) {
			struct match match = { .node = json_array_at(&registries, j) };
			r = read_entry(&match.node, &match.entry, err);
			if (r < 0)
				break;
			match.covered = covers(match.entry.prefix, name);
			match.found = true;
			if (match.covered > 0 && match.covered >= best->covered)
				keep_match(best, &match, &root, &registries);
			r = 1;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- the way --- */

void registry_route_done(struct registry_route *route)
{
	for (size_t i = 0; i < route->n; i++) {
		free(route->endpoints[i].registry);
		free(route->endpoints[i].repository);
	}
	free(route->endpoints);
	*route = (struct registry_route){ 0 };
}

/* @location ("host/path") in place of the first @covered bytes of @name: a registry and a repository by their grammar. */
static int add_endpoint(struct registry_route *route, const struct json_node *node, const char *location,
			const char *name, size_t covered, bool insecure, bool mirror, struct error *err)
{
	_cleanup_free_ char *place = str_is_empty(location) ? mem_strdup(name)
							    : mem_printf("%s%s", location, name + covered);
	_cleanup_reference_ struct image_reference reference = { 0 };
	size_t host = strcspn(place, "/");
	if (reference_parse(place, &reference, NULL) < 0 || reference.digest ||
	    strncmp(reference.registry, place, host) != 0 || reference.registry[host])
		return json_error(node, err, "\"%.200s\" is no place for a repository", place);
	*ARRAY_APPEND(route->endpoints, route->n) =
		(struct registry_endpoint){ .registry = TAKE_PTR(reference.registry),
					    .repository = TAKE_PTR(reference.repository),
					    .insecure = insecure,
					    .mirror = mirror };
	return 0;
}

static bool is_for(const struct entry *mirror, const struct entry *entry, const struct image_reference *reference)
{
	bool pinned = reference->digest != NULL;
	const char *use = mirror->use ? mirror->use : entry->digest_only ? "digest-only" : "all";
	return streq(use, "all") || streq(use, pinned ? "digest-only" : "tag-only");
}

static int add_mirrors(struct registry_route *route, const struct match *match, const char *name,
		       const struct image_reference *reference, struct error *err)
{
	struct json_node mirrors;
	int r = json_get_array(&match->node, "mirror", &mirrors, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&mirrors); i++) {
		struct json_node node = json_array_at(&mirrors, i);
		struct entry mirror = { 0 };
		r = read_entry(&node, &mirror, err);
		if (r >= 0 && str_is_empty(mirror.location))
			r = json_error(&node, err, "a mirror needs a \"location\"");
		if (r >= 0 && is_for(&mirror, &match->entry, reference))
			r = add_endpoint(route, &node, mirror.location, name, match->covered, mirror.insecure, true,
					 err);
		r = r < 0 ? r : 1;
	}
	return r;
}

static int make_route(const struct match *match, const char *name, const struct image_reference *reference,
		      struct registry_route *route, struct error *err)
{
	const struct entry *entry = &match->entry;
	if (!match->found) {
		*ARRAY_APPEND(route->endpoints, route->n) =
			(struct registry_endpoint){ .registry = mem_strdup(reference->registry),
						    .repository = mem_strdup(reference->repository) };
		return 0;
	}
	if (entry->blocked) {
		(void)err_set(err, ERR_PERMISSION, "registry %s is blocked", reference->registry);
		return err_cause(err, "\"%s\" is blocked in %s", entry->prefix, match->node.document->name);
	}
	int r = add_mirrors(route, match, name, reference, err);
	if (r >= 0)
		r = add_endpoint(route, &match->node, entry->location, name, match->covered, entry->insecure, false,
				 err);
	return r;
}

int registry_route_find(const struct image_reference *reference, struct registry_route *ret, struct error *err)
{
	_cleanup_registry_files_ struct registry_files files = { 0 };
	_cleanup_registry_route_ struct registry_route route = { 0 };
	_cleanup_free_ char *name = mem_printf("%s/%s", reference->registry, reference->repository);
	struct match match = { 0 };
	int r = registry_files_load(&files, err);
	if (r >= 0)
		r = find_entry(&files, name, &match, err);
	if (r >= 0)
		r = make_route(&match, name, reference, &route, err);
	if (r < 0)
		return r;
	*ret = route;
	route = (struct registry_route){ 0 };
	return 0;
}
