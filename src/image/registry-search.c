/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-search.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/registry-config.h"
#include "image/registry-pages.h"
#include "image/registry-url.h"

#define DOCKER_HUB "docker.io"
#define DOCKER_HUB_INDEX "index.docker.io" /* the one of its servers that is searched */
#define PAGE_REPOSITORIES 1000

struct search {
	const struct transfer *transfer;
	const struct registry_search_options *options;
	struct registry *registry;
	size_t found;
};

void registry_search_options_done(struct registry_search_options *options)
{
	free(options->registry);
	free(options->term);
	*options = (struct registry_search_options){ 0 };
}

static bool is_enough(const void *context)
{
	const struct search *search = context;
	return search->found >= search->options->limit;
}

static int tell(struct search *search, const char *name, const char *description, uint64_t stars, bool official,
		struct error *err)
{
	struct json_object *event = json_object_new_object();
	json_add_string(event, "event", "found");
	json_add_string(event, "name", name);
	json_add_string(event, "description", description);
	json_add_u64(event, "stars", stars);
	json_add_bool(event, "official", official);
	search->found++;
	return transfer_send(search->transfer, event, err);
}

/* --- a search --- */

static int take_result(struct search *search, const struct json_node *node, struct error *err)
{
	const char *name, *description = "";
	uint64_t stars = 0;
	bool official = false;
	int r = json_as_object(node, err);
	if (r < 0 || (r = json_need_string(node, "name", &name, err)) < 0 ||
	    (r = json_get_string(node, "description", &description, err)) < 0 ||
	    (r = json_get_u64(node, "star_count", INT64_MAX, &stars, err)) < 0 ||
	    (r = json_get_bool(node, "is_official", &official, err)) < 0)
		return r;
	return tell(search, name, description, stars, official, err);
}

static int take_results(void *context, const struct http_answer *answer, struct error *err)
{
	struct search *search = context;
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node results;
	int r = json_parse(str_text(&answer->body), answer->body.len, "search", ERR_REG_ANSWER, &document, err);
	struct json_node root = json_root(&document);
	if (r >= 0)
		r = json_as_object(&root, err);
	if (r >= 0)
		r = json_need_array(&root, "results", &results, err);
	for (size_t i = 0; r >= 0 && i < json_array_length(&results) && !is_enough(search); i++) {
		struct json_node result = json_array_at(&results, i);
		r = take_result(search, &result, err);
	}
	return r < 0 ? r : 0;
}

/* The status of an answer that is none is in *ret_status; 200 for one that makes no sense. */
static int search_index(struct search *search, long *ret_status, struct error *err)
{
	_cleanup_str_ struct str path = { 0 }, query = { 0 };
	form_add(&query, "q", search->options->term);
	str_appendf(&path, "v1/search?%s&n=%u", str_text(&query), search->options->limit);
	struct registry_pages pages = { .first = { .root_path = str_text(&path), .accept = "application/json" },
					.take = take_results,
					.context = search };
	int r = registry_pages_get(search->registry, search->transfer, &pages, err);
	*ret_status = r == -ERR_REG_ANSWER && !pages.status ? 200 : pages.status;
	return r;
}

/* --- the list of all repositories --- */

static int take_repositories(void *context, const struct http_answer *answer, struct error *err)
{
	struct search *search = context;
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_strv_ char **names = NULL;
	int r = json_parse(str_text(&answer->body), answer->body.len, "catalog", ERR_REG_ANSWER, &document, err);
	struct json_node root = json_root(&document);
	if (r >= 0)
		r = json_as_object(&root, err);
	if (r >= 0)
		r = json_get_strv(&root, "repositories", &names, err);
	for (char **name = names; r >= 0 && name && *name && !is_enough(search); name++)
		if (strstr(*name, search->options->term))
			r = tell(search, *name, "", 0, false, err);
	return r < 0 ? r : (int)strv_count(names);
}

static int list_repositories(struct search *search, long *ret_status, struct error *err)
{
	struct registry_pages pages = { .first = { .api_path = "_catalog?n=" STRINGIFY(PAGE_REPOSITORIES) },
					.take = take_repositories,
					.enough = is_enough,
					.context = search };
	int r = registry_pages_get(search->registry, search->transfer, &pages, err);
	*ret_status = pages.status;
	return r;
}

/* --- both --- */

static int explain_neither(const struct search *search, long index_status, long catalog_status, struct error *err)
{
	struct error why = *err;
	err_clear(err);
	(void)err_set(err, ERR_UNSUPPORTED, "registry %s cannot be searched", search->options->registry);
	(void)err_cause(
		err, "it answered with HTTP status %ld to a search, and with %ld to the question for its repositories",
		index_status, catalog_status);
	return *why.hint ? err_hint(err, "%s", why.hint) : -err->code;
}

static int search_all(struct search *search, bool is_hub, struct error *err)
{
	long index_status = 0, catalog_status = 0;
	struct error why = { 0 };
	int r = search_index(search, &index_status, &why);
	if (r < 0 && (is_hub || !index_status || search->found > 0)) {
		*err = why;
		return r;
	}
	if (r >= 0)
		return r;
	err_clear(&why);
	r = list_repositories(search, &catalog_status, &why);
	if (r >= 0)
		return r;
	*err = why;
	return catalog_status ? explain_neither(search, index_status, catalog_status, err) : r;
}

/* Where a registry is said to be somewhere else, that place is searched. */
int registry_search(const struct transfer *transfer, const struct registry_search_options *options, struct error *err)
{
	_cleanup_registry_route_ struct registry_route route = { 0 };
	_cleanup_registry_ struct registry *registry = NULL;
	const struct image_reference reference = { .registry = options->registry, .repository = (char *)"search" };
	int r = registry_route_find(&reference, &route, err);
	if (r < 0)
		return r;
	const struct registry_endpoint *own = &route.endpoints[route.n - 1];
	bool is_hub = streq(own->registry, DOCKER_HUB);
	const struct image_reference place = { .registry = is_hub ? (char *)DOCKER_HUB_INDEX : own->registry,
					       .repository = own->repository };
	const struct registry_options registry_options = { .purpose = REGISTRY_SEARCH,
							   .timeout_ms = options->timeout_ms,
							   .insecure = own->insecure };
	r = registry_new(&place, &registry_options, &registry, err);
	if (r < 0)
		return r;
	struct search search = { .transfer = transfer, .options = options, .registry = registry };
	return search_all(&search, is_hub, err);
}
