/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-tags.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/registry-config.h"
#include "image/registry-url.h"

enum {
	PAGE_MAX = 4 << 20,
	PAGE_TAGS = 1000,
};

struct listing {
	const struct registry_tags_options *options;
	struct registry *registry;
	char **tags;
	size_t count;
	bool ended;
	struct error err;
};

/* A tag becomes a part of URLs, and of names. */
static bool is_tag(const char *text)
{
	_cleanup_free_ char *name = mem_printf("localhost/x:%s", text);
	_cleanup_reference_ struct image_reference reference = { 0 };
	return reference_parse(name, &reference, NULL) == 0 && !reference.digest && streq(reference.tag, text);
}

static int take_page(struct listing *listing, const struct http_answer *answer, struct error *err)
{
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
	return r;
}

/* The URL of the next page, or NULL: <URL>; rel="next". */
static char *next_page(const struct http_answer *answer)
{
	const char *start = answer->link, *end = start && *start == '<' ? strchr(start, '>') : NULL;
	if (!end || !strstr(end, "next"))
		return NULL;
	_cleanup_free_ char *target = mem_strndup(start + 1, (size_t)(end - start - 1));
	return url_resolve(answer->url, target);
}

static void on_page(void *context, struct http_answer *answer, const struct error *failure);

static void ask(struct listing *listing, const char *url)
{
	_cleanup_free_ char *path = mem_printf("tags/list?n=%d", PAGE_TAGS);
	registry_start(listing->registry,
		       &(struct registry_request){
			       .path = path, .url = url, .size = PAGE_MAX, .done = on_page, .context = listing });
}

static void explain_missing(struct listing *listing)
{
	_cleanup_free_ char *name = reference_familiar_repository(&listing->options->reference);
	(void)err_set(&listing->err, ERR_IMG_TAG, "repository %s not found", name);
	(void)err_stage(&listing->err, STAGE_PULL);
}

static void on_page(void *context, struct http_answer *answer, const struct error *failure)
{
	struct listing *listing = context;
	size_t before = listing->count;
	if (failure && answer && answer->outcome == HTTP_ANSWERED && answer->status == 404)
		explain_missing(listing);
	else if (failure)
		listing->err = *failure;
	else
		(void)take_page(listing, answer, &listing->err);
	_cleanup_free_ char *next = listing->err.code ? NULL : next_page(answer);
	/* A page without tags that names another one could go on forever. */
	if (next && listing->count > before)
		ask(listing, next);
	else
		listing->ended = true;
}

static int list_all(struct listing *listing, const struct transfer *transfer, struct error *err)
{
	ask(listing, NULL);
	while (!listing->ended) {
		int r = registry_turn(listing->registry, transfer, err);
		if (r < 0)
			return r;
	}
	if (listing->err.code)
		*err = listing->err;
	return -listing->err.code;
}

int registry_tags(const struct transfer *transfer, const struct registry_tags_options *options, char ***ret,
		  struct error *err)
{
	_cleanup_registry_route_ struct registry_route route = { 0 };
	_cleanup_registry_ struct registry *registry = NULL;
	int r = registry_route_find(&options->reference, &route, err);
	if (r < 0)
		return r;
	const struct registry_endpoint *own = &route.endpoints[route.n - 1]; /* a mirror may have a part of them */
	const struct image_reference place = { .registry = own->registry, .repository = own->repository };
	const struct registry_options registry_options = { .timeout_ms = options->timeout_ms,
							   .insecure = own->insecure };
	r = registry_new(&place, &registry_options, &registry, err);
	if (r < 0)
		return r;
	struct listing listing = { .options = options, .registry = registry };
	r = list_all(&listing, transfer, err);
	_cleanup_strv_ char **tags = listing.tags;
	if (r >= 0)
		*ret = TAKE_PTR(tags);
	return r;
}
