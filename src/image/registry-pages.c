/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "image/registry-url.h"

struct listing {
	struct registry *registry;
	struct registry_pages *pages;
	bool ended;
	struct error err;
};

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
	struct registry_request request = listing->pages->first;
	request.url = url;
	request.size = REGISTRY_PAGE_MAX;
	request.done = on_page;
	request.context = listing;
	registry_start(listing->registry, &request);
}

static void on_page(void *context, struct http_answer *answer, const struct error *failure)
{
	struct listing *listing = context;
	struct registry_pages *pages = listing->pages;
	int taken = -1;
	if (failure) {
		listing->err = *failure;
		pages->status = answer && answer->outcome == HTTP_ANSWERED ? answer->status : 0;
	} else {
		taken = pages->take(pages->context, answer, &listing->err);
	}
	bool enough = taken <= 0 || (pages->enough && pages->enough(pages->context));
	_cleanup_free_ char *next = enough ? NULL : next_page(answer);
	if (next)
		ask(listing, next);
	else
		listing->ended = true;
}

int registry_pages_get(struct registry *registry, const struct transfer *transfer, struct registry_pages *pages,
		       struct error *err)
{
	struct listing listing = { .registry = registry, .pages = pages };
	ask(&listing, NULL);
	while (!listing.ended) {
		int r = registry_turn(registry, transfer, err);
		if (r < 0)
			return r;
	}
	if (listing.err.code)
		*err = listing.err;
	return -listing.err.code;
}

int registry_new_own(const struct registry_route *route, unsigned timeout_ms, struct registry **ret, struct error *err)
{
	const struct registry_endpoint *own = &route->endpoints[route->n - 1];
	const struct image_reference place = { .registry = own->registry, .repository = own->repository };
	const struct registry_options options = { .timeout_ms = timeout_ms, .insecure = own->insecure };
	return registry_new(&place, &options, ret, err);
}
