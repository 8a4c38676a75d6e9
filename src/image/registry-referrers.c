/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-referrers.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/registry-config.h"
#include "image/registry-manifest.h"
#include "image/registry-pages.h"
#include "image/registry-url.h"

enum { ANSWER_MAX = 64 * 1024 };

void registry_referrers_options_done(struct registry_referrers_options *options)
{
	reference_done(&options->reference);
	free(options->artifact_type);
	*options = (struct registry_referrers_options){ 0 };
}

struct query {
	const struct transfer *transfer;
	const struct registry_referrers_options *options;
	struct registry *registry;
	const char *repository;
	bool answered; /* with a list */
};

static int fetch(struct registry *registry, const struct transfer *transfer, const struct image_reference *reference,
		 struct registry_manifest_fetch *fetch, struct error *err)
{
	registry_manifest_fetch(registry, reference, fetch);
	while (!fetch->ended) {
		int r = registry_turn(registry, transfer, err);
		if (r < 0)
			return r;
	}
	if (fetch->err.code)
		*err = fetch->err;
	return -fetch->err.code;
}

/* --- a list's entries --- */

static int tell(const struct query *query, const struct json_node *node, struct error *err)
{
	struct json_node annotations;
	const char *media_type, *digest, *type = "";
	uint64_t size;
	int r = json_as_object(node, err);
	if (r < 0 || (r = json_need_string(node, "mediaType", &media_type, err)) < 0 ||
	    (r = json_need_string(node, "digest", &digest, err)) < 0 ||
	    (r = json_need_u64(node, "size", INT64_MAX, &size, err)) < 0 ||
	    (r = json_get_string(node, "artifactType", &type, err)) < 0 ||
	    (r = json_get_object(node, "annotations", &annotations, err)) < 0)
		return r;
	bool annotated = r > 0;
	if (!digest_is_valid(digest))
		return json_error(node, err, "\"%.100s\" is not a digest", digest);
	if (query->options->artifact_type && !streq(query->options->artifact_type, type))
		return 0;
	struct json_object *event = json_object_new_object();
	json_add_string(event, "event", "found");
	json_add_string(event, "digest", digest);
	json_add_string(event, "media_type", media_type);
	json_add_string(event, "artifact_type", type);
	json_add_u64(event, "size", size);
	if (annotated)
		json_object_object_add(event, "annotations", json_object_get(annotations.value));
	return transfer_send(query->transfer, event, err);
}

/* Returns how many there were, whoever asked for them. */
static int tell_all(struct query *query, const char *text, size_t len, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node root, manifests;
	int r = referrers_parse(text, len, &document, &root, &manifests, err);
	if (r < 0)
		return r;
	query->answered = true;
	for (size_t i = 0; r >= 0 && i < json_array_length(&manifests); i++) {
		struct json_node entry = json_array_at(&manifests, i);
		r = tell(query, &entry, err);
	}
	return r < 0 ? r : (int)json_array_length(&manifests);
}

/* --- asking --- */

static int take_page(void *context, const struct http_answer *answer, struct error *err)
{
	return tell_all(context, str_text(&answer->body), answer->body.len, err);
}

/* 1 if the registry has such lists, 0 if it does not know of them. */
static int ask_api(struct query *query, const char *digest, struct error *err)
{
	/* What those say that do not know the path, or have a web page for everything. */
	static const long unknown[] = { 400, 404, 405, 406, 501 };
	_cleanup_str_ struct str path = { 0 }, filter = { 0 };
	form_add(&filter, "artifactType", query->options->artifact_type);
	str_appendf(&path, "referrers/%s%s%s", digest, filter.len ? "?" : "", str_text(&filter));
	struct registry_pages pages = { .first = { .path = str_text(&path), .accept = MEDIA_OCI_INDEX },
					.take = take_page,
					.context = query };
	struct error why = { 0 };
	int r = registry_pages_get(query->registry, query->transfer, &pages, &why);
	if (r >= 0)
		return 1;
	bool is_unknown = r == -ERR_REG_ANSWER && !pages.status && !query->answered;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		is_unknown |= pages.status == unknown[i];
	if (is_unknown)
		return 0;
	*err = why;
	return r;
}

/* What is there under the tag and no list, counts as none. */
static int ask_tag(struct query *query, const char *digest, struct error *err)
{
	_cleanup_registry_manifest_fetch_ struct registry_manifest_fetch list = { 0 };
	char tag[REFERRERS_TAG_MAX + 1];
	struct error why = { 0 };
	const struct image_reference reference = { .registry = (char *)registry_name(query->registry),
						   .repository = (char *)query->repository,
						   .tag = (char *)referrers_tag(digest, tag) };
	int r = fetch(query->registry, query->transfer, &reference, &list, &why);
	if (r == -ERR_IMG_TAG)
		return 0;
	if (r >= 0)
		r = tell_all(query, list.manifest.text, list.manifest.len, &why);
	if (r >= 0 || (r == -ERR_REG_ANSWER && !query->answered && list.manifest.text))
		return 0;
	*err = why;
	return r;
}

static int ask(struct query *query, struct error *err)
{
	_cleanup_registry_manifest_fetch_ struct registry_manifest_fetch subject = { 0 };
	const struct image_reference *asked = &query->options->reference;
	const struct image_reference reference = { .registry = asked->registry,
						   .repository = asked->repository,
						   .tag = asked->tag };
	const char *digest = asked->digest;
	int r = digest ? 0 : fetch(query->registry, query->transfer, &reference, &subject, err);
	if (r < 0)
		return r;
	digest = digest ? digest : subject.manifest.digest;
	r = ask_api(query, digest, err);
	return r == 0 ? ask_tag(query, digest, err) : r;
}

int registry_referrers(const struct transfer *transfer, const struct registry_referrers_options *options,
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
	struct query query = {
		.transfer = transfer, .options = options, .registry = registry, .repository = route.endpoints[route.n - 1].repository
	};
	return ask(&query, err);
}

/* --- keeping the index --- */

struct put {
	bool ended;
	struct error err;
};

static void on_put(void *context, struct http_answer *answer, const struct error *failure)
{
	struct put *put = context;
	put->ended = true;
	if (failure)
		put->err = *failure;
}

static int put_list(struct registry *registry, const struct transfer *transfer, const char *tag, const char *text,
		    struct error *err)
{
	struct put put = { 0 };
	_cleanup_free_ char *path = mem_printf("manifests/%s", tag);
	registry_start(registry, &(struct registry_request){ .method = "PUT",
							     .path = path,
							     .content_type = MEDIA_OCI_INDEX,
							     .body = { .data = text, .len = strlen(text) },
							     .size = ANSWER_MAX,
							     .done = on_put,
							     .context = &put });
	while (!put.ended) {
		int r = registry_turn(registry, transfer, err);
		if (r < 0)
			return r;
	}
	if (put.err.code)
		*err = put.err;
	return -put.err.code;
}

int registry_referrers_update(struct registry *registry, const struct transfer *transfer, const char *repository,
			      const struct referrer *referrer, struct error *err)
{
	_cleanup_registry_manifest_fetch_ struct registry_manifest_fetch old = { 0 };
	_cleanup_free_ char *text = NULL;
	char tag[REFERRERS_TAG_MAX + 1];
	struct error why = { 0 };
	const struct image_reference reference = { .registry = (char *)registry_name(registry),
						   .repository = (char *)repository,
						   .tag = (char *)referrers_tag(referrer->subject, tag) };
	int r = fetch(registry, transfer, &reference, &old, &why);
	if (r >= 0 || r == -ERR_IMG_TAG) {
		err_clear(&why);
		r = referrers_add(old.manifest.text, old.manifest.len, referrer, &text, &why);
	}
	if (r > 0)
		r = put_list(registry, transfer, tag, text, &why);
	if (r >= 0)
		return 0;
	*err = why;
	return err_wrap(err, "the list of referrers, tag \"%s\"", tag);
}
