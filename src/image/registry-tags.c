/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-tags.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/registry-config.h"
#include "image/registry-pages.h"

#define PAGE_TAGS 1000

struct listing {
	char **tags;
	size_t count;
};

/* A tag becomes a part of URLs, and of names. */
static bool is_tag(const char *text)
{
	_cleanup_free_ char *name = mem_printf("localhost/x:%s", text);
	_cleanup_reference_ struct image_reference reference = { 0 };
	return reference_parse(name, &reference, NULL) == 0 && !reference.digest && streq(reference.tag, text);
}

static int take_page(void *context, const struct http_answer *answer, struct error *err)
{
	struct listing *listing = context;
	size_t before = listing->count;
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_strv_ char **tags = NULL;
	int r = json_parse(str_text(&answer->body), answer->body.len, "tags", ERR_REG_ANSWER, &document, err);
	struct json_node root = json_root(&document);
	if (r >= 0)
		r = json_as_object(&root, err);
	if (r >= 0)
		r = json_get_strv(&root, "tags", &tags, err);
	for (char **tag = tags; r >= 0 && tag && *tag; tag++) {
		if (!is_tag(*tag))
			return json_error(&root, err, "\"%.200s\" is no tag", *tag);
		if (++listing->count > REGISTRY_TAGS_MAX)
			return json_error(&root, err, "there are more than %d tags", REGISTRY_TAGS_MAX);
		strv_append(&listing->tags, *tag);
	}
	return r < 0 ? r : (int)(listing->count - before);
}

static int explain_missing(const struct registry_tags_options *options, struct error *err)
{
	_cleanup_free_ char *name = reference_familiar_repository(&options->reference);
	err_clear(err);
	(void)err_set(err, ERR_IMG_TAG, "repository %s not found", name);
	return err_stage(err, STAGE_PULL);
}

int registry_tags(const struct transfer *transfer, const struct registry_tags_options *options, char ***ret,
		  struct error *err)
{
	_cleanup_registry_route_ struct registry_route route = { 0 };
	_cleanup_registry_ struct registry *registry = NULL;
	int r = registry_route_find(&options->reference, &route, err);
	if (r < 0)
		return r;
	r = registry_new_own(&route, options->timeout_ms, &registry, err);
	if (r < 0)
		return r;
	struct listing listing = { 0 };
	struct registry_pages pages = { .first = { .path = "tags/list?n=" STRINGIFY(PAGE_TAGS) },
					.take = take_page,
					.context = &listing };
	r = registry_pages_get(registry, transfer, &pages, err);
	_cleanup_strv_ char **tags = listing.tags;
	if (r >= 0)
		*ret = TAKE_PTR(tags);
	return r < 0 && pages.status == 404 ? explain_missing(options, err) : r;
}
