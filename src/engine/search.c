/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for images at registries; the helper does the work (image/registry-search.h). */
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/transfer.h"
#include "image/reference.h"
#include "image/short-name.h"
#include "image/transfer-protocol.h"

#define DOCKER_HUB "docker.io"
#define OFFICIAL_PREFIX "library/"

struct hits {
	struct search_hit *hits;
	size_t count;
};

void search_hits_free(struct search_hit *hits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(hits[i].name);
		free(hits[i].description);
	}
	free(hits);
}

/* --- which registries? --- */

/* What becomes part of a URL is a registry's name by the grammar of image names. */
static int take_registry(const char *text, char ***ret, const char **ret_term, struct error *err)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	_cleanup_free_ char *registry = mem_strndup(text, strcspn(text, "/"));
	_cleanup_free_ char *name = mem_printf("%s/x", registry);
	int r = reference_parse(name, &reference, err);
	if (r < 0)
		return r;
	strv_append(ret, reference.registry);
	*ret_term = text + strlen(registry) + 1;
	return 0;
}

static int parse_term(const char *text, char ***ret, const char **ret_term, struct error *err)
{
	*ret_term = text;
	return reference_is_short(text) ? short_name_registries(ret, err) : take_registry(text, ret, ret_term, err);
}

/* --- asking one --- */

static int read_hit(const struct json_node *node, const char *registry, struct search_hit *hit, struct error *err)
{
	const char *name, *description = "";
	int r = json_as_object(node, err);
	if (r < 0 || (r = json_need_string(node, "name", &name, err)) < 0 ||
	    (r = json_get_string(node, "description", &description, err)) < 0 ||
	    (r = json_get_i64(node, "stars", 0, INT64_MAX, &hit->stars, err)) < 0 ||
	    (r = json_get_bool(node, "official", &hit->official, err)) < 0)
		return r;
	hit->name = streq(registry, DOCKER_HUB) ? mem_strdup(name) : mem_printf("%s/%s", registry, name);
	hit->description = mem_strdup(description);
	return 0;
}

static int read_hits(struct json_object *found, const char *registry, struct hits *hits, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	json_document_wrap(found, TRANSFER_PROGRAM, ERR_INTERNAL, &document);
	struct json_node root = json_root(&document);
	int r = 0;
	for (size_t i = 0; r >= 0 && i < json_array_length(&root); i++) {
		struct json_node node = json_array_at(&root, i);
		r = read_hit(&node, registry, ARRAY_APPEND(hits->hits, hits->count), err);
	}
	return r;
}

static int search_registry(struct engine *engine, const char *registry, const char *term, unsigned limit,
			   struct hits *hits, struct error *err)
{
	_cleanup_json_ struct json_object *request = json_object_new_object();
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	const char *own = streq(registry, DOCKER_HUB) ? str_after(term, OFFICIAL_PREFIX) : NULL;
	json_add_string(request, "command", "search");
	json_add_string(request, "registry", registry);
	json_add_string(request, "term", own ? own : term);
	json_add_i64(request, "limit", limit);
	int r = transfer_run(engine, request, -1, NULL, &result, err);
	return r < 0 || !result.found ? r : read_hits(TAKE_PTR(result.found), registry, hits, err);
}

/* Of several, those that answer will do. */
int engine_search(struct engine *engine, const char *term, unsigned limit, struct search_hit **ret, size_t *ret_count,
		  struct error *err)
{
	_cleanup_strv_ char **registries = NULL;
	struct hits hits = { 0 };
	const char *words;
	int r = parse_term(term, &registries, &words, err);
	size_t answered = 0;
	if (r >= 0 && strv_count(registries) == 0)
		r = err_set(err, ERR_INVALID,
			    "there is no registry to search: \"unqualified-search-registries\" is empty");
	for (char **registry = registries; r >= 0 && registry && *registry; registry++) {
		struct error why = { 0 };
		int asked = search_registry(engine, *registry, words, limit, &hits, &why);
		answered += asked >= 0;
		if (asked >= 0)
			continue;
		if (asked == -ERR_CANCELLED || (!answered && !registry[1])) {
			*err = why;
			r = asked;
		} else {
			log_failure(LOG_LEVEL_WARN, *registry, &why);
		}
	}
	if (r < 0) {
		search_hits_free(hits.hits, hits.count);
		return r;
	}
	*ret = hits.hits;
	*ret_count = hits.count;
	return 0;
}
