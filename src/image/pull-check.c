/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pull-check.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/pull-internal.h"
#include "image/registry-config.h"
#include "image/registry-manifest.h"
#include "image/registry.h"

enum { ANSWER_MAX = 64 * 1024 };

void pull_check_options_done(struct pull_check_options *options)
{
	reference_done(&options->reference);
	strv_free(options->known);
	*options = (struct pull_check_options){ 0 };
}

struct question {
	bool answered;
	char *digest;
	struct error err;
};

static void on_answer(void *context, struct http_answer *answer, const struct error *failure)
{
	struct question *question = context;
	question->answered = true;
	if (failure)
		question->err = *failure;
	else
		question->digest = TAKE_PTR(answer->content_digest);
}

static int ask(struct registry *registry, const struct transfer *transfer, const char *tag, struct question *question,
	       struct error *err)
{
	_cleanup_free_ char *path = mem_printf("manifests/%s", tag);
	registry_start(registry, &(struct registry_request){ .method = "HEAD",
							     .path = path,
							     .accept = REGISTRY_MANIFEST_TYPES,
							     .size = ANSWER_MAX,
							     .done = on_answer,
							     .context = question });
	while (!question->answered) {
		int r = registry_turn(registry, transfer, err);
		if (r < 0)
			return r;
	}
	if (question->err.code)
		*err = question->err;
	return -question->err.code;
}

static int ask_endpoint(const struct registry_endpoint *endpoint, const struct transfer *transfer,
			const struct pull_check_options *options, struct question *question, struct error *err)
{
	_cleanup_registry_ struct registry *registry = NULL;
	const struct image_reference place = { .registry = endpoint->registry, .repository = endpoint->repository };
	const struct registry_options registry_options = { .timeout_ms = options->timeout_ms,
							   .insecure = endpoint->insecure };
	int r = registry_new(&place, &registry_options, &registry, err);
	return r < 0 ? r : ask(registry, transfer, options->reference.tag, question, err);
}

int pull_check(const struct transfer *transfer, const struct pull_check_options *options, char **ret_digest,
	       struct error *err)
{
	_cleanup_registry_route_ struct registry_route route = { 0 };
	struct error why = { 0 };
	char *digest = NULL;
	int r = registry_route_find(&options->reference, &route, &why);
	for (size_t i = 0; r >= 0 && i < route.n; i++) {
		struct question question = { 0 };
		err_clear(&why);
		r = ask_endpoint(&route.endpoints[i], transfer, options, &question, &why);
		digest = question.digest;
		if (r >= 0 || !route.endpoints[i].mirror || r == -ERR_CANCELLED)
			break;
		r = 0;
	}
	_cleanup_free_ char *named = digest;
	if (r < 0) {
		*err = why;
		return pull_name_image(&options->reference, err);
	}
	*ret_digest = named && strv_contains(options->known, named) ? TAKE_PTR(named) : NULL;
	return 0;
}
